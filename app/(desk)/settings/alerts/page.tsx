import { AlertsPage } from '@/components/settings/alerts'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.alerts') }
}

export default async function Page() {
  await requireUser('/settings/alerts')
  return <AlertsPage />
}
