import { ProductsPage } from '@/components/settings/products'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.products') }
}

export default async function Page() {
  await requireUser('/settings/products')
  return <ProductsPage />
}
