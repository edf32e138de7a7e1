import { LoginAppsPage } from '@/components/tenants/login-apps'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.logins') }
}

export default async function Page() {
  await requireUser('/settings/logins')
  return <LoginAppsPage />
}
