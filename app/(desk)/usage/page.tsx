import { UsagePage } from '@/components/usage/usage-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('usage.title') }
}

export default async function Page({ searchParams }: { searchParams: Search }) {
  await requireUser(await pathOf('/usage', searchParams))
  return <UsagePage />
}
