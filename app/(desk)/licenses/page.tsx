import { LicensesPage } from '@/components/licenses/licenses-page'
import { serverTranslations } from '@/lib/i18n/server'
import { pathOf, requireUser, type Search } from '../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('licenses.title') }
}

export default async function Page({ searchParams }: { searchParams: Search }) {
  await requireUser(await pathOf('/licenses', searchParams))
  return <LicensesPage />
}
