import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { catalog } from '@/lib/catalog'
import { type Credential, noteUsed } from '@/lib/credentials'
import { once } from '@/lib/db/once'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'
import { exchange } from '@/lib/http/guarded-fetch'
import {
  buildOrderQuery,
  clockSkewMs,
  type MarketplaceOrder,
  mockOrderIds,
  type OrderQueryError,
  parseOrderAnswer,
} from '@/lib/marketplace'

/** An order as the marketplace told it, and when; without `fetchedAt` it was told just now. */
export type KnownOrder = MarketplaceOrder & { fetchedAt?: Date }

export type OrderQuery = {
  orderId: string
  orderLineId?: string | null
  /** milliseconds for everything: all keys, hosts and repeats */
  timeoutMs: number
  signal?: AbortSignal
}

type Key = Pick<Credential, 'id' | 'accessKeyId' | 'secret'>
type Failure = { ok: false; error: OrderQueryError }

/** Repeats of a question that the marketplace could not answer just now. */
const REPEATS = 2
const PAUSE_MS = 200
const FAILURES_TO_SWITCH = 5
const SWITCHED_MS = 30_000
/** Share of the time left that one host may take while another one could still be asked. */
const FIRST_HOST_SHARE = 0.6

/**
 * Asks the marketplace what was bought. Every active AK/SK is tried until one may see the order; the fallback host is
 * asked when the first one cannot be reached; a busy marketplace is asked again, with growing pauses. Never throws for
 * what others do: a failure comes back as one of the wire's families, with status 0 when nobody answered.
 */
export async function fetchOrder(query: OrderQuery): Promise<Result<KnownOrder, OrderQueryError>> {
  const keys = (await catalog()).active('ak-sk')
  const { marketplaceUrl, marketplaceFallbackUrl } = env()
  const hosts = [...new Set([marketplaceUrl, marketplaceFallbackUrl])]
  return askMarketplace(query, { keys, hosts })
}

/** `fetchOrder` with given keys and hosts (base URLs, the preferred one first). */
export async function askMarketplace(
  query: OrderQuery,
  { keys, hosts }: { keys: Key[]; hosts: string[] },
): Promise<Result<KnownOrder, OrderQueryError>> {
  const deadline = Date.now() + query.timeoutMs
  let failure = failed('auth', 'no active AK/SK is set up')
  for (const key of keys) {
    const result = await askPatiently(query, key, hosts, deadline)
    if (result.ok) {
      noteUsed(key.id)
      return checkSubject(result.value, query.orderId)
    }
    // "Not yours" says more than "not you"; it also means that this key is good.
    if (failure.error.family !== 'not-found-or-not-yours') failure = result
    if (result.error.family !== 'auth' && result.error.family !== 'not-found-or-not-yours') return result
  }
  return failure
}

async function askPatiently(query: OrderQuery, key: Key, hosts: string[], deadline: number) {
  for (let repeat = 0; ; repeat++) {
    const result = await askHosts(query, key, hosts, deadline)
    if (result.ok || !['rate-limited', 'marketplace', 'gateway'].includes(result.error.family)) return result
    const pause = PAUSE_MS * 2 ** repeat * (0.5 + Math.random())
    if (repeat === REPEATS || Date.now() + pause >= deadline || query.signal?.aborted) return result
    await sleep(pause)
  }
}

async function askHosts(query: OrderQuery, key: Key, hosts: string[], deadline: number) {
  let result: Result<MarketplaceOrder, OrderQueryError> = failed('gateway', 'no time was left to ask the marketplace')
  const ordered = inOrder(hosts)
  for (const [index, host] of ordered.entries()) {
    const left = deadline - Date.now()
    if (left < 1) return result
    const timeoutMs = index < ordered.length - 1 ? left * FIRST_HOST_SHARE : left
    result = await ask(query, key, host, Math.ceil(timeoutMs))
    const reached = result.ok || (result.error.family !== 'gateway' && result.error.family !== 'unreadable')
    noteReached(host, reached)
    if (reached || query.signal?.aborted) return result
  }
  return result
}

async function ask(query: OrderQuery, key: Key, host: string, timeoutMs: number) {
  const { orderId, orderLineId, signal } = query
  const access = { accessKeyId: key.accessKeyId ?? '', secret: key.secret }
  const { url, headers } = buildOrderQuery({ ...access, baseUrl: host, orderId, orderLineId, now: new Date() })
  const target = new URL(url)
  const agent = target.protocol === 'https:' ? agents().https : agents().http
  const sent = await exchange(target, { method: 'GET', headers, timeoutMs, signal }, { agent })
  if (!sent.ok) return failed('gateway', sent.error.message)
  noteClock(clockSkewMs(sent.value.headers, Date.now()))
  return parseOrderAnswer(sent.value.status, sent.value.headers, sent.value.body, Date.now())
}

// The answer to a mock order may carry an id of its own; any other answer must be about what was asked.
function checkSubject(order: MarketplaceOrder, orderId: string): Result<KnownOrder, OrderQueryError> {
  const isMock = (mockOrderIds as readonly string[]).includes(orderId)
  if (order.orderId !== orderId && !isMock) return failed('unreadable', 'the answer is about another order')
  return { ok: true, value: { ...order, orderId, fetchedAt: new Date() } }
}

function failed(family: OrderQueryError['family'], message: string): Failure {
  return { ok: false, error: { family, status: 0, code: null, message } }
}

// The documents forbid skipping the certificate's check (zh-cn_topic_0070649350), whatever the process was told.
const agents = () =>
  once('orders:agents', () => ({
    http: new http.Agent({ keepAlive: true, maxSockets: 16 }),
    https: new https.Agent({ keepAlive: true, maxSockets: 16, rejectUnauthorized: true }),
  }))

const clock = () => once('orders:clock', () => ({ skewMs: null as number | null }))

function noteClock(skewMs: number | null): void {
  if (skewMs !== null) clock().skewMs = skewMs
}

/** This machine's clock minus the marketplace's, from the newest answer; null before the first one. */
export function marketplaceSkewMs(): number | null {
  return clock().skewMs
}

/** Per host: failures since it last answered, and until when others go first because of them. */
const troubles = () => once('orders:troubles', () => new Map<string, { failures: number; until: number }>())

function inOrder(hosts: string[]): string[] {
  const now = Date.now()
  const avoided = (host: string) => (troubles().get(host)?.until ?? 0) > now
  return [...hosts.filter((host) => !avoided(host)), ...hosts.filter(avoided)]
}

/** For tests: every host counts as well again. */
export function forgetTroubles(): void {
  troubles().clear()
}

function noteReached(host: string, reached: boolean): void {
  if (reached) {
    troubles().delete(host)
    return
  }
  const failures = (troubles().get(host)?.failures ?? 0) + 1
  troubles().set(host, { failures, until: failures >= FAILURES_TO_SWITCH ? Date.now() + SWITCHED_MS : 0 })
}
