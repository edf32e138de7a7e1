import type { ExtendParam, ResultCode } from '@/lib/marketplace'
import type { AppInfo } from './app-info'

/** What is known of a purchase when it is delivered. */
export type DeliveryFacts = {
  instanceId: string
  businessId: string | null
  orderId: string
  orderLineId: string | null
  productId: string | null
  skuCode: string | null
  customerId: string | null
  customerName: string | null
  userId: string | null
  userName: string | null
  /** of the buyer, plain; only for the seller's own software */
  mobilePhone?: string | null
  email?: string | null
  test: boolean
  trial: boolean
  expiresAt: Date | null
  /** size of the linear attribute, such as seats */
  quantity: number | null
  /** what the buyer filled in with the order */
  extendParams: ExtendParam[]
}

export type DeliveryResult =
  | { type: 'delivered'; appInfo: AppInfo }
  /** somebody finishes it later */
  | { type: 'waiting'; reason: string }
  /** the marketplace is to be told this */
  | { type: 'refused'; code: ResultCode; message?: string }
  /** worth trying again; the error is for staff and holds no secret */
  | { type: 'failed'; error: string }
