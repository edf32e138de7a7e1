import { StaffPage } from '@/components/settings/staff'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.staff') }
}

export default async function Page() {
  await requireUser('/settings/staff')
  return <StaffPage />
}
