import { AuditPage } from '@/components/settings/audit'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.audit') }
}

export default async function Page() {
  await requireUser('/settings/audit')
  return <AuditPage />
}
