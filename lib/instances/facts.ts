import type { Catalog } from '@/lib/catalog'
import type { DeliveryFacts } from '@/lib/delivery'
import { type MarketplaceOrder, type MarketplaceOrderLine, parseWireTime } from '@/lib/marketplace'
import type { InstanceState, PurchaseDetails } from './state'

/** What a delivery may use of an instance and its order. */
export function factsOf(
  state: InstanceState,
  order: MarketplaceOrder | null,
  details: PurchaseDetails | null = null,
): DeliveryFacts & { createdAt: Date } {
  const line = order ? lineOf(order, state) : null
  return {
    instanceId: state.instanceId,
    businessId: state.businessId,
    orderId: state.orderId,
    orderLineId: state.orderLineId,
    productId: state.productId,
    skuCode: state.skuCode,
    customerId: state.customerId,
    customerName: state.customerName,
    userId: order?.buyer?.userId ?? details?.userId ?? null,
    userName: order?.buyer?.userName ?? details?.userName ?? null,
    mobilePhone: order?.buyer?.mobilePhone ?? details?.mobilePhone ?? null,
    email: order?.buyer?.email ?? details?.email ?? null,
    test: state.test,
    trial: state.trial,
    createdAt: state.createdAt,
    expiresAt: state.expiresAt,
    quantity: state.quantity?.amount ?? null,
    extendParams: [...(order?.extendParams ?? []), ...(line?.extendParams ?? []), ...(details?.extendParams ?? [])],
  }
}

/** What the order says of an instance, for the members the call left open. */
export function factsOfOrder(state: InstanceState, order: MarketplaceOrder, catalog: Catalog): Partial<InstanceState> {
  const line = lineOf(order, state)
  const bought = line?.products.find((entry) => entry.productId === state.productId) ?? line?.products[0]
  const productId = state.productId ?? bought?.productId ?? null
  const skuCode = state.skuCode ?? bought?.skuCode ?? null
  const product = catalog.find(productId, skuCode) ?? catalog.defaultProduct
  const expires = line?.expireTime
    ? parseWireTime(line.expireTime, catalog.orderTimeZone ?? product?.timeZone ?? 'UTC')
    : null
  return {
    productId,
    skuCode,
    productRef: product?.id ?? null,
    deliveryType: product?.delivery.type ?? null,
    customerId: order.buyer?.customerId ?? state.customerId,
    customerName: order.buyer?.customerName ?? state.customerName,
    trial: order.orderType === 'TRIAL',
    chargingMode: line?.chargingMode ?? state.chargingMode,
    periodType: line?.periodType ?? state.periodType,
    periodNumber: line?.periodNumber ?? state.periodNumber,
    ...(bought?.linearValue ? { quantity: { amount: bought.linearValue } } : {}),
    // A renewal that came meanwhile knows better than the purchase order.
    ...(expires?.ok && !state.expiryAsOf ? { expiresAt: expires.value } : {}),
  }
}

function lineOf(order: MarketplaceOrder, state: InstanceState): MarketplaceOrderLine | null {
  return order.lines.find((line) => line.orderLineId === state.orderLineId) ?? order.lines[0] ?? null
}
