import { expect } from '@playwright/test'
import { orderIdAt, randomBuyer, unseeded } from '@/sandbox/believable'
import { type Activity, type AppInfo, type CallSpec, type Fields, type Fired, fire } from '@/sandbox/caller'
import { buildOrder, lineOf, periodLater } from '@/sandbox/orders'
import { SHOP, shopProducts } from '@/sandbox/shop'
import type { SellerMode } from '@/sandbox/webhook-seller'
import { deskUrl, marketplaceUrl, sellerUrl } from './world'

const random = unseeded()
const target = `${deskUrl}/api/produce`

/** Different at every run, so that a test finds what it made itself. */
export const unique = (prefix: string) => `${prefix}${random.text(8, '0123456789ABCDEFGHJKLMNPQRSTUVWXYZ')}`

/** One signed call of the marketplace, and what it was answered. */
export function call(activity: Activity, fields: Fields, more: Partial<CallSpec> = {}): Promise<Fired> {
  const { baseKey: key, encryptType } = SHOP
  return fire({ target, version: 'v2', key, encryptType, activity, fields, ...more })
}

export type Goods = { name: string; productId: string; skuCode: string }

/** The shop's product that is delivered this way; calls about it speak V2. */
export function goods(delivery: 'template' | 'pool' | 'webhook' | 'manual'): Goods {
  const product = shopProducts(sellerUrl).find((one) => one.delivery.type === delivery)
  const [spec] = product?.specs ?? []
  const [price] = spec?.prices ?? []
  if (!product || !spec || !price) throw new Error(`the shop sells nothing by ${delivery}`)
  return { name: product.name, productId: price.productId, skuCode: spec.skuCode }
}

/** Somebody buys it for a year: the marketplace knows the order, then calls. */
export async function buy({ name, productId, skuCode }: Goods, fields: Fields = {}) {
  const at = new Date()
  const period = { type: 'year', number: 1 } as const
  const order = buildOrder({
    orderId: orderIdAt(at, random),
    orderType: 'NEW',
    at,
    chargingMode: 'PERIOD',
    period,
    expiresAt: periodLater(at, period),
    product: { productId, skuCode, productName: `${name},标准版`, quantity: 10 },
    buyer: randomBuyer(random),
    amount: '2980.00',
  })
  await post(`${marketplaceUrl}/sandbox/control`, { orders: [order] })
  const { orderId, buyerInfo } = order
  const purchase = { orderId, orderLineId: lineOf(orderId), businessId: random.uuid(), ...fields }
  const again = () => call('newInstance', purchase)
  const answer = await again()
  return { orderId, buyer: buyerInfo, answer, instanceId: answer.instanceId ?? '', again }
}

/** Somebody orders it by use: an instance that usage can be recorded for, from `openedAt` on. */
export async function buyByUse({ name, productId, skuCode }: Goods) {
  const at = new Date()
  const order = buildOrder({
    orderId: orderIdAt(at, random),
    orderType: 'NEW',
    at,
    chargingMode: 'ON_DEMAND',
    product: { productId, skuCode, productName: `${name},按需`, quantity: 1 },
    buyer: randomBuyer(random),
    amount: '0.00',
  })
  await post(`${marketplaceUrl}/sandbox/control`, { orders: [order] })
  const purchase = { orderId: order.orderId, orderLineId: lineOf(order.orderId), businessId: random.uuid() }
  const instanceId = (await call('newInstance', purchase)).instanceId ?? ''
  const { deliveredAt } = await ask<{ deliveredAt: string }>('GET', `/instances/${instanceId}`)
  return { instanceId, openedAt: new Date(deliveredAt) }
}

/** Makes the marketplace treat pushes of usage badly. */
export const troubleUsage = (usageFaults: object[]) => post(`${marketplaceUrl}/sandbox/control`, { usageFaults })

/** An order the marketplace has from now on, as `buy` makes one; nobody calls about it. */
export async function register(
  { name, productId, skuCode }: Goods,
  more: { orderId?: string; quantity?: number; amount?: string } = {},
): Promise<string> {
  const at = new Date()
  const period = { type: 'year', number: 1 } as const
  const order = buildOrder({
    orderId: more.orderId ?? orderIdAt(at, random),
    orderType: 'NEW',
    at,
    chargingMode: 'PERIOD',
    period,
    expiresAt: periodLater(at, period),
    product: { productId, skuCode, productName: `${name},标准版`, quantity: more.quantity ?? 10 },
    buyer: randomBuyer(random),
    amount: more.amount ?? '2980.00',
  })
  await post(`${marketplaceUrl}/sandbox/control`, { orders: [order] })
  return order.orderId
}

/** Makes the marketplace answer badly, or well again. */
export const troubleMarketplace = (faults: object[]) =>
  post(`${marketplaceUrl}/sandbox/control`, { clear: ['faults'], faults })

/** What the marketplace shows the buyer: a V2 purchase's access data come with the next query. */
export async function accessOf(instanceId: string): Promise<AppInfo | null> {
  return (await call('queryInstance', { instanceId })).appInfo
}

/** The background tries a purchase, too: waits until that has happened, so that nothing moves by itself any more. */
export async function tried(instanceId: string, times: number): Promise<void> {
  const attempts = () => ask<{ deliveryAttempts: number }>('GET', `/instances/${instanceId}`)
  await expect.poll(async () => (await attempts()).deliveryAttempts).toBeGreaterThanOrEqual(times)
}

/** A V1 purchase, which brings the buyer's phone number and mail along. */
export async function buyV1() {
  const product = shopProducts(sellerUrl).find((one) => one.version === 'v1')
  const [spec] = product?.specs ?? []
  const buyer = randomBuyer(random)
  const { customerId, customerName, mobilePhone, email } = buyer
  const orderId = orderIdAt(new Date(), random)
  const bought = { productId: spec?.prices[0]?.productId, skuCode: spec?.skuCode }
  const fields = { ...bought, orderId, customerId, customerName, mobilePhone, email }
  return { orderId, buyer, answer: await call('newInstance', fields, { version: 'v1' }) }
}

/** Renewals and the like of instances nobody has: each a message that fails with 000003. */
export async function failOften(prefix: string, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, at) => `${prefix}-${String(at + 1).padStart(3, '0')}`)
  const work = async () => {
    for (let instanceId = ids.shift(); instanceId; instanceId = ids.shift()) {
      await call('releaseInstance', { instanceId })
    }
  }
  await Promise.all([work(), work(), work(), work()])
}

export const setSeller = (mode: SellerMode) => post(`${sellerUrl}/mode`, { mode })

/** What the seller's own software would ask the desk, as an administrator; a text is sent as CSV. */
export async function ask<T = Record<string, unknown>>(method: string, path: string, body?: object | string) {
  const csv = typeof body === 'string'
  const response = await fetch(`${deskUrl}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${SHOP.apiToken}`, 'Content-Type': csv ? 'text/csv' : 'application/json' },
    ...(body !== undefined && { body: csv ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}

/** A product of a test's own. */
export async function addProduct(delivery: object): Promise<Goods & { id: string }> {
  const product = { name: unique('商品 '), productId: unique('OFFI'), skuCode: unique('SKU') }
  const { name, productId } = product
  const { id } = await ask<{ id: string }>('POST', '/products', {
    name,
    kind: 'saas',
    productIds: [productId],
    delivery,
  })
  return { ...product, id }
}

/** The newest message about an order. */
export async function messageOf(orderId: string): Promise<string> {
  const { items } = await ask<{ items: { id: string }[] }>('GET', `/messages?q=${encodeURIComponent(orderId)}`)
  if (!items[0]) throw new Error(`no message about ${orderId}`)
  return items[0].id
}

async function post(url: string, json: object): Promise<void> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(json) })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}
