import { randomBytes } from 'node:crypto'
import type { RawAnswer, RawCall } from '@/lib/http/door'
import { authToken, formatWireTimeMs, type KitName, kitAuthToken, signKitV2, signV2 } from '@/lib/marketplace'
import { receive } from './receive'

export const testKeys = { base: 'test-access-key-0001', spare: 'test-access-key-0002', kit: 'test-kit-key-0001' }

export type Answered = RawAnswer & {
  json: Record<string, unknown> & { resultCode: string; resultMsg: string; instanceId?: string }
}

/** A V2 call as the marketplace makes it. */
export function v2Call(
  body: object | string,
  given: Partial<{ key: string; nonce: string; at: number; signature: string }> = {},
): RawCall {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const at = given.at ?? Date.now()
  const nonce = given.nonce ?? randomBytes(16).toString('hex')
  const signature = given.signature ?? signV2({ body: text, timestamp: String(at), nonce }, given.key ?? testKeys.base)
  const query = new URLSearchParams({ signature, timestamp: String(at), nonce }).toString()
  return rawCall({ method: 'POST', query, body: Buffer.from(text) })
}

/** A V1 call as the marketplace makes it. */
export function v1Call(params: Record<string, string>, given: { key?: string; at?: number } = {}): RawCall {
  const timeStamp = params.timeStamp ?? formatWireTimeMs(new Date(given.at ?? Date.now()), 'UTC')
  const all = { ...params, timeStamp }
  const token = authToken({ key: given.key ?? testKeys.base, params: all })
  return rawCall({ method: 'GET', query: new URLSearchParams({ ...all, authToken: token }).toString() })
}

/** A kit call as the marketplace makes it; `timeStamp` is added unless the body has one. */
export function kitCall(
  name: KitName,
  body: object,
  given: Partial<{ version: 'v1' | 'v2'; key: string; at: number }> = {},
): RawCall {
  const { version = 'v2', key = testKeys.kit, at = Date.now() } = given
  const text = JSON.stringify({ timeStamp: formatWireTimeMs(new Date(at), 'Asia/Shanghai'), ...body })
  const timestamp = String(Date.now())
  const nonce = randomBytes(16).toString('hex')
  const headers: Record<string, string> =
    version === 'v1'
      ? { authtoken: kitAuthToken({ key, body: text }) }
      : { 'x-sign': signKitV2({ body: text, timestamp, nonce }, key), 'x-timestamp': timestamp, 'x-nonce': nonce }
  const path = version === 'v1' ? `/api/produce/${name}` : `/api/produce/produceAPI/v2/${name}`
  return rawCall({ path, headers: { 'content-type': 'application/json', ...headers }, body: Buffer.from(text) })
}

export function rawCall(given: Partial<RawCall>): RawCall {
  return {
    method: 'POST',
    path: '/api/produce',
    query: '',
    headers: { 'content-type': 'application/json' },
    body: Buffer.alloc(0),
    receivedAt: Date.now(),
    ...given,
  }
}

export async function send(call: RawCall): Promise<Answered> {
  const answer = await receive(call)
  return { ...answer, json: JSON.parse(answer.body) }
}

let orders = 0
export function newOrder(): { orderId: string; orderLineId: string } {
  orders += 1
  const orderId = `CS${Date.now()}${String(orders).padStart(5, '0')}`
  return { orderId, orderLineId: `${orderId}-000001` }
}

export function purchase(order = newOrder(), more: object = {}) {
  return { activity: 'newInstance', ...order, businessId: randomBytes(8).toString('hex'), ...more }
}
