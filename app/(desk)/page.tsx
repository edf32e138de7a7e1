import { OverviewPage } from '@/components/overview/overview-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from './session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('overview.title') }
}

export default async function Page() {
  await requireUser('/')
  return <OverviewPage />
}
