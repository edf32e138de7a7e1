import type { InstanceItem } from '@/lib/instances'
import { type MarketplaceOrder, type MarketplaceOrderLine, parseWireTime, type WireZone } from '@/lib/marketplace'

export const comparedFields = [
  'productId',
  'skuCode',
  'quantity',
  'customerId',
  'customerName',
  'chargingMode',
  'periodType',
  'periodNumber',
  'expiresAt',
  'trial',
] as const
export type ComparedField = (typeof comparedFields)[number]

/**
 * `moved-on`: a renewal or an upgrade came after this order, so that the instance rightly differs.
 * `untold`: the order does not say.
 */
export const verdicts = ['same', 'differs', 'moved-on', 'untold'] as const

/** One field of an instance beside its order, both as texts (times ISO 8601 UTC). */
export type ComparedValue = {
  field: ComparedField
  order: string | null
  instance: string | null
  verdict: (typeof verdicts)[number]
}

/** What changed an instance last: the order or line of the newest applied renewal and upgrade. */
export type Since = { renewal: string | null; upgrade: string | null }

const ofRenewal: ComparedField[] = ['expiresAt', 'periodType', 'periodNumber', 'productId', 'trial']
const ofUpgrade: ComparedField[] = ['skuCode', 'quantity', 'productId', 'chargingMode']
const renewals = ['RENEW', 'TRIAL_TO_FORMAL']

/** Field by field, an instance beside a line of an order that is about it. Pure. */
export function compareWithOrder(
  instance: InstanceItem,
  order: MarketplaceOrder,
  { zone, since }: { zone: WireZone; since: Since },
): ComparedValue[] {
  const line = lineOf(order, instance.orderLineId)
  if (!line) return []
  const lineIds = [line.orderLineId, order.orderId]
  const bought = line.products.find(({ productId }) => productId === instance.productId) ?? line.products[0]
  const expires = line.expireTime ? parseWireTime(line.expireTime, zone) : null
  const told: Record<ComparedField, string | null> = {
    productId: bought?.productId ?? null,
    skuCode: bought?.skuCode ?? null,
    quantity: written(bought?.linearValue),
    customerId: order.buyer?.customerId ?? null,
    customerName: order.buyer?.customerName ?? null,
    chargingMode: line.chargingMode,
    periodType: line.periodType,
    periodNumber: written(line.periodNumber),
    expiresAt: expires?.ok ? expires.value.toISOString() : null,
    trial: order.orderType === 'TRIAL' ? 'true' : 'false',
  }
  const own: Record<ComparedField, string | null> = {
    productId: instance.productId,
    skuCode: instance.skuCode,
    quantity: written(instance.quantity?.amount),
    customerId: instance.customerId,
    customerName: instance.customerName,
    chargingMode: instance.chargingMode,
    periodType: instance.periodType,
    periodNumber: written(instance.periodNumber),
    expiresAt: instance.expiresAt,
    trial: instance.trial ? 'true' : 'false',
  }
  const movedOn = (field: ComparedField) =>
    (ofRenewal.includes(field) && since.renewal !== null && !lineIds.includes(since.renewal)) ||
    (ofUpgrade.includes(field) && since.upgrade !== null && !lineIds.includes(since.upgrade))
  return fieldsAbout(order.orderType).map((field) => {
    const [theirs, ours] = [told[field], own[field]]
    const verdict =
      theirs === null ? 'untold' : theirs === ours ? 'same' : movedOn(field) ? 'moved-on' : ('differs' as const)
    return { field, order: theirs, instance: ours, verdict }
  })
}

/** A renewal says nothing of what was bought beyond its term, an upgrade nothing of the term. */
function fieldsAbout(orderType: string): readonly ComparedField[] {
  if (renewals.includes(orderType)) return ['expiresAt', 'periodType', 'periodNumber', 'customerId', 'trial']
  if (orderType === 'CHANGE') return ['productId', 'skuCode', 'quantity', 'customerId']
  if (orderType === 'UNSUBSCRIBE') return ['customerId']
  return comparedFields
}

/** The line of an instance; V1 sends no line, and most orders have but one. */
export function lineOf(order: MarketplaceOrder, orderLineId: string | null): MarketplaceOrderLine | null {
  return order.lines.find((line) => line.orderLineId === orderLineId) ?? order.lines[0] ?? null
}

function written(number: number | null | undefined): string | null {
  return number === null || number === undefined ? null : String(number)
}
