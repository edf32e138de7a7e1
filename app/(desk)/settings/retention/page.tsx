import { RetentionPage } from '@/components/settings/retention'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.retention') }
}

export default async function Page() {
  await requireUser('/settings/retention')
  return <RetentionPage />
}
