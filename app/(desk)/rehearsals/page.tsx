import { RehearsalsPage } from '@/components/rehearsals/rehearsals-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('rehearsals.title') }
}

export default async function Page({ searchParams }: { searchParams: Search }) {
  await requireUser(await pathOf('/rehearsals', searchParams))
  return <RehearsalsPage />
}
