import { createHash } from 'node:crypto'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'
import { type FetchAnswer, guardedFetch } from '@/lib/http/guarded-fetch'
import { webhookHeaders } from '@/lib/http/webhook-headers'
import { isResultCode, limitMessage, ResultCode } from '@/lib/marketplace'
import { type KnownOrder, viewOrder } from '@/lib/orders'
import type { Product } from '@/lib/products'
import { readAppInfo } from './app-info'
import type { DeliveryFacts, DeliveryResult } from './types'

/** What happened to an instance, for the seller's software. */
export type InstanceNews = 'renewed' | 'upgraded' | 'frozen' | 'unfrozen' | 'released'
export type InstanceState = 'pending' | 'active' | 'frozen' | 'released'

export type WebhookEvent = {
  type: 'instance.requested' | `instance.${InstanceNews}`
  instance: DeliveryFacts & {
    state?: InstanceState
    createdAt?: Date
    appInfo?: { frontEndUrl: string; adminUrl?: string | null; userName?: string | null; memo?: string | null } | null
  }
  order: KnownOrder | null
  /** Tells two events of the same type and instance apart, such as two renewals. */
  eventId?: string
}

type Target = Pick<Product, 'name' | 'delivery' | 'timeZone'>
type Limits = { timeoutMs: number; signal?: AbortSignal }

/**
 * Asks the seller's software to open an instance. One request, ended after `timeoutMs` or the product's own limit,
 * whichever is shorter. Repeats carry the same webhook-id, so that the software can tell them.
 */
export async function callDeliveryWebhook(
  product: Target,
  event: WebhookEvent & { type: 'instance.requested' },
  limits: Limits,
): Promise<DeliveryResult> {
  const sent = await send(product, event, limits)
  return sent.ok ? readAnswer(sent.value) : { type: 'failed', error: sent.error }
}

/** Tells the seller's software what happened to an instance; any 2xx means that it knows. The error is for staff. */
export async function announceToWebhook(
  product: Target,
  event: WebhookEvent & { type: `instance.${InstanceNews}` },
  limits: Limits,
): Promise<Result<null, string>> {
  const sent = await send(product, event, limits)
  if (!sent.ok) return sent
  const { status } = sent.value
  if (status >= 200 && status < 300) return { ok: true, value: null }
  return { ok: false, error: `The webhook answered ${status}.` }
}

function send(product: Target, event: WebhookEvent, limits: Limits): Promise<Result<FetchAnswer, string>> {
  const { type, instance, eventId } = event
  const about = [type, instance.instanceId, eventId ?? '']
  return postSigned(product, { about, body: writeBody(event, product) }, limits)
}

/** Posts a signed event to a product's webhook; what `about` says the same of is the same event. */
export async function postSigned(
  product: Pick<Product, 'name' | 'delivery'>,
  { about, body }: { about: string[]; body: string },
  limits: Limits,
): Promise<Result<FetchAnswer, string>> {
  const { delivery } = product
  if (delivery.type !== 'webhook') return { ok: false, error: `${product.name} has no webhook any more.` }
  const result = await guardedFetch({
    url: delivery.url,
    method: 'POST',
    headers: webhookHeaders(delivery.secret, webhookId(about), body, new Date()),
    body,
    timeoutMs: Math.min(limits.timeoutMs, delivery.timeoutSeconds * 1000),
    signal: limits.signal,
    allowPrivate: env().deskAllowPrivateWebhooks,
  })
  return result.ok ? result : { ok: false, error: `The webhook could not be called: ${result.error.message}` }
}

const stateAfter: Record<WebhookEvent['type'], InstanceState> = {
  'instance.requested': 'pending',
  'instance.renewed': 'active',
  'instance.upgraded': 'active',
  'instance.frozen': 'frozen',
  'instance.unfrozen': 'active',
  'instance.released': 'released',
}

function writeBody({ type, instance, order }: WebhookEvent, { timeZone }: Target): string {
  const { expiresAt, createdAt, appInfo, state, ...facts } = instance
  return JSON.stringify({
    type,
    timestamp: new Date().toISOString(),
    data: {
      instance: {
        ...facts,
        state: state ?? stateAfter[type],
        expiresAt: expiresAt?.toISOString() ?? null,
        createdAt: createdAt?.toISOString() ?? null,
        appInfo: appInfo ? shownAppInfo(appInfo) : null,
      },
      // The seller's software opens accounts with the buyer's phone and mail: nothing is masked for it.
      order: order && viewOrder(order, { timeZone, masked: false }),
    },
  })
}

function shownAppInfo({ frontEndUrl, adminUrl, userName, memo }: NonNullable<WebhookEvent['instance']['appInfo']>) {
  return { frontEndUrl, adminUrl: adminUrl ?? null, userName: userName ?? null, memo: memo ?? null }
}

function webhookId(about: string[]): string {
  return `msg_${createHash('sha256').update(about.join('\n')).digest('hex').slice(0, 32)}`
}

function readAnswer({ status, body }: FetchAnswer): DeliveryResult {
  if (status === 202) return { type: 'waiting', reason: 'The webhook will finish it later.' }
  const answer = readObject(body)
  const code = answer?.resultCode
  if (code === ResultCode.processing) return { type: 'waiting', reason: 'The webhook answered that it is at work.' }
  if (isResultCode(code) && code !== ResultCode.success) {
    const message = typeof answer?.resultMsg === 'string' ? limitMessage(answer.resultMsg) : undefined
    return { type: 'refused', code, ...(message && { message }) }
  }
  if (status !== 200) return { type: 'failed', error: `The webhook answered ${status}.` }
  if (!answer) return { type: 'failed', error: 'The webhook answered 200 with something that is not a JSON object.' }
  if (answer.appInfo === undefined) return { type: 'failed', error: 'The webhook answered 200 without appInfo.' }
  const read = readAppInfo(answer.appInfo)
  if (read.ok) return { type: 'delivered', appInfo: read.value }
  return {
    type: 'failed',
    error: `The webhook answered 200 with an appInfo that cannot be used: ${read.error.message}`,
  }
}

export function readObject(body: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as never) : null
  } catch {
    return null
  }
}
