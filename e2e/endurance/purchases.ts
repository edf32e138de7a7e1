import { randomBytes, randomUUID } from 'node:crypto'
import { type SignedCall, signCall } from '@/sandbox/caller'
import { buildOrder, lineOf, type WireOrder } from '@/sandbox/orders'

/** The shop of these tests: one product whose access data names the customer, so that every purchase needs its order. */
export const shop = {
  baseKey: 'endurance-base-key-0001',
  account: { accessKeyId: 'ENDURANCEACCESS0001', secret: 'endurance-secret-0001' },
  productId: 'OFFI000000000000000001',
  skuCode: '5c0ffee5-0000-4000-8000-000000000001',
}

export function shopDocument(delivery: Record<string, unknown> = template) {
  return {
    credentials: [
      { name: 'base', kind: 'base', secret: shop.baseKey },
      { name: 'open-api', kind: 'ak-sk', ...shop.account },
    ],
    products: [{ name: 'Team chat', productIds: [shop.productId], skuCodes: [shop.skuCode], kind: 'saas', delivery }],
    defaultProduct: 'Team chat',
  }
}

const template = {
  type: 'template',
  frontEndUrl: 'https://chat.example.com/t/{instanceId}',
  adminUrl: 'https://chat.example.com/admin',
  userName: 'admin-{customerId}',
  password: 'generate',
}

let series = 0

/** Order ids that no run has used before. */
export function orderIds(count: number): string[] {
  series += 1
  const prefix = `CS${Date.now().toString(36)}${process.pid.toString(36)}${series.toString(36)}`.toUpperCase()
  return Array.from({ length: count }, (_, at) => `${prefix}${at.toString(36).toUpperCase().padStart(5, '0')}`)
}

/** What the order query tells about an order of this shop. */
export function orderOf(orderId: string): WireOrder {
  const [line] = pattern.orderLine
  return {
    ...pattern,
    orderId,
    orderLine: [{ ...(line as WireOrder['orderLine'][number]), orderLineId: lineOf(orderId) }],
  }
}

const boughtAt = new Date()
const pattern = buildOrder({
  orderId: '',
  orderType: 'NEW',
  at: boughtAt,
  chargingMode: 'PERIOD',
  period: { type: 'year', number: 1 },
  expiresAt: new Date(boughtAt.getTime() + 365 * 86_400_000),
  product: { productId: shop.productId, skuCode: shop.skuCode, productName: 'Team chat', quantity: 50 },
  buyer: {
    customerId: '688055390f3049f283fe9f1aa90f7ff3',
    customerName: 'buyer_example',
    customerRealName: '示例公司',
    customerType: 1,
    userId: null,
    userName: null,
    mobilePhone: '18600000000',
    email: 'buyer@example.com',
  },
  amount: '1999.00',
})

/** A purchase as the marketplace signs it now. */
export function signedPurchase(url: string, orderId: string): SignedCall {
  const fields = { orderId, businessId: randomUUID(), testFlag: 0 }
  const nonce = randomBytes(32).toString('hex').toUpperCase()
  return signCall({
    target: `${url}/api/produce`,
    version: 'v2',
    activity: 'newInstance',
    key: shop.baseKey,
    nonce,
    fields,
  })
}

/** The bytes of a call on a keep-alive connection. */
export function toBytes({ method, url, headers, body }: SignedCall): Buffer {
  const { host, pathname, search } = new URL(url)
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${text}\r\n`)
  if (body) lines.push(`Content-Length: ${Buffer.byteLength(body)}\r\n`)
  return Buffer.from(`${method} ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n${body}`)
}
