import { CallsPage } from '@/components/calls/calls-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('calls.title') }
}

export default async function Page({ searchParams }: { searchParams: Search }) {
  await requireUser(await pathOf('/calls', searchParams))
  return <CallsPage />
}
