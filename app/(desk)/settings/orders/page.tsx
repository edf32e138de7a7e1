import { OrderSettingsPage } from '@/components/settings/orders'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.orders') }
}

export default async function Page() {
  await requireUser('/settings/orders')
  return <OrderSettingsPage />
}
