import { ImportPage } from '@/components/orders/import-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('orders.importTitle') }
}

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  await requireUser(`/orders/imports/${id}`)
  return <ImportPage id={decodeURIComponent(id)} />
}
