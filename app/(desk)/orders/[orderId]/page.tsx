import { OrderPage } from '@/components/orders/order-page'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser, type Search } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('orders.order') }
}

type Props = { params: Promise<{ orderId: string }>; searchParams: Search }

export default async function Page({ params, searchParams }: Props) {
  const { orderId } = await params
  const { line } = await searchParams
  await requireUser(`/orders/${orderId}`)
  return <OrderPage orderId={decodeURIComponent(orderId)} line={typeof line === 'string' ? line : null} />
}
