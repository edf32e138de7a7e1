import { z } from 'zod'
import { type MarketplaceBuyer, type MarketplaceOrderLine, parseWireTime, type WireZone } from '@/lib/marketplace'
import type { KnownOrder } from './client'

const text = z.string().nullable()
const params = z.array(z.object({ name: z.string(), value: z.string() }))

/** An order as the desk shows it. Amounts are exact decimal texts; times are read in the zone of the product. */
export const orderViewSchema = z.object({
  orderId: z.string(),
  /** NEW, TRIAL, TRIAL_TO_FORMAL, UNSUBSCRIBE, RENEW or CHANGE */
  orderType: z.string(),
  createdAt: z.iso.datetime().nullable(),
  lines: z.array(
    z.object({
      orderLineId: z.string(),
      chargingMode: text,
      periodType: text,
      periodNumber: z.number().nullable(),
      expiresAt: z.iso.datetime().nullable(),
      products: z.array(
        z.object({ productId: text, skuCode: text, productName: text, linearValue: z.number().nullable() }),
      ),
      extendParams: params,
      /** before and after discount */
      amount: text,
      amountAfterDiscount: text,
    }),
  ),
  buyer: z
    .object({
      customerId: text,
      customerName: text,
      customerRealName: text,
      customerType: z.number().nullable(),
      userId: text,
      userName: text,
      mobilePhone: text,
      email: text,
    })
    .nullable(),
  extendParams: params,
  fetchedAt: z.iso.datetime(),
})
export type OrderView = z.infer<typeof orderViewSchema>

/** `masked` hides the middle of the buyer's phone and mail. `timeZone`: how the marketplace's 14-digit times are read. */
export function viewOrder(order: KnownOrder, how: { timeZone: WireZone; masked: boolean }): OrderView {
  return {
    orderId: order.orderId,
    orderType: order.orderType,
    createdAt: readTime(order.createTime, how.timeZone),
    lines: order.lines.map((line) => viewLine(line, how.timeZone)),
    buyer: order.buyer && (how.masked ? maskBuyer(order.buyer) : order.buyer),
    extendParams: order.extendParams,
    fetchedAt: (order.fetchedAt ?? new Date()).toISOString(),
  }
}

function viewLine(line: MarketplaceOrderLine, timeZone: WireZone): OrderView['lines'][number] {
  const { expireTime, currency, currencyAfterDiscount, ...same } = line
  return {
    ...same,
    expiresAt: readTime(expireTime, timeZone),
    amount: currency,
    amountAfterDiscount: currencyAfterDiscount,
  }
}

function readTime(digits: string | null, zone: WireZone): string | null {
  const read = digits === null ? null : parseWireTime(digits, zone)
  return read?.ok ? read.value.toISOString() : null
}

function maskBuyer(buyer: MarketplaceBuyer): MarketplaceBuyer {
  return { ...buyer, mobilePhone: maskPhone(buyer.mobilePhone), email: maskMail(buyer.email) }
}

/** 138****5678; of a short number only the last two digits stay. */
function maskPhone(phone: string | null): string | null {
  if (phone === null) return null
  if (phone.length < 9) return `••••${phone.length > 4 ? phone.slice(-2) : ''}`
  return `${phone.slice(0, 3)}••••${phone.slice(-4)}`
}

function maskMail(mail: string | null): string | null {
  if (mail === null) return null
  const at = mail.lastIndexOf('@')
  return at < 1 ? '••••' : `${mail.slice(0, 1)}••••${mail.slice(at)}`
}
