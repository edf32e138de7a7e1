import { postSigned, readObject } from '@/lib/delivery'
import type { Result } from '@/lib/errors'
import { isResultCode, limitMessage, ResultCode } from '@/lib/marketplace'
import type { Product } from '@/lib/products'
import type { License, LicenseContent } from './store'

/** Longest licence text that is taken. */
export const TEXT_LIMIT = 65_536

export type Asked =
  | { type: 'issued'; content: LicenseContent }
  | { type: 'waiting' }
  | { type: 'refused'; code: ResultCode; message: string | null }
  /** worth trying again; for staff, holds no secret */
  | { type: 'failed'; error: string }

/** Asks the seller's software for a licence. Repeats are the same event to it. */
export async function askWebhook(product: Product, license: License, timeoutMs: number): Promise<Asked> {
  const { asked } = license
  const data = {
    license: shown(license),
    ...(asked.identificationCode ? { identificationCode: asked.identificationCode } : {}),
    ...(asked.deviceFingerprint ? { deviceFingerprint: asked.deviceFingerprint } : {}),
  }
  const event = { about: ['license.requested', license.id], body: bodyOf('license.requested', data) }
  const sent = await postSigned(product, event, { timeoutMs })
  if (!sent.ok) return { type: 'failed', error: sent.error }
  const { status, body } = sent.value
  if (status === 202) return { type: 'waiting' }
  const answer = readObject(body)
  const code = answer?.resultCode
  if (code === ResultCode.processing) return { type: 'waiting' }
  if (isResultCode(code) && code !== ResultCode.success) {
    const said = answer?.resultMsg
    return { type: 'refused', code, message: typeof said === 'string' ? limitMessage(said) : null }
  }
  if (status !== 200) return { type: 'failed', error: `The webhook answered ${status}.` }
  const text = answer?.license
  if (typeof text !== 'string' || text.trim() === '')
    return { type: 'failed', error: 'The webhook answered 200 without a license.' }
  if (text.length > TEXT_LIMIT)
    return { type: 'failed', error: `The webhook answered a license of more than ${TEXT_LIMIT} characters.` }
  return { type: 'issued', content: { type: 'text', text } }
}

/** Tells the seller's software what became of a licence; an activation code is how it knows which. */
export async function announceToLicenseWebhook(
  product: Product,
  license: License,
  { type, eventId }: { type: string; eventId: string },
): Promise<Result<null, string>> {
  const { delivery } = product
  if (delivery.type !== 'webhook') return { ok: true, value: null }
  const code = license.kind === 'license-code' && license.content?.type === 'text' ? { code: license.content.text } : {}
  const body = bodyOf(type, { license: { ...shown(license), ...code } })
  const sent = await postSigned(
    product,
    { about: [type, license.id, eventId], body },
    { timeoutMs: delivery.timeoutSeconds * 1000 },
  )
  if (!sent.ok) return sent
  const { status } = sent.value
  if (status >= 200 && status < 300) return { ok: true, value: null }
  return { ok: false, error: `The webhook answered ${status}.` }
}

function bodyOf(type: string, data: object): string {
  return JSON.stringify({ type, timestamp: new Date().toISOString(), data })
}

function shown(license: License) {
  const { id, kind, state, orderId, orderLineId, productId, skuCode, instanceId, eventId, test, amount } = license
  const { customerId, customerName, effectiveAt, expiresAt, asked } = license
  const { userId = null, userName = null, extendParams = [] } = asked
  return {
    ...{ id, kind, state, orderId, orderLineId, productId, skuCode, instanceId, eventId, test, amount },
    ...{ customerId, customerName, userId, userName, extendParams },
    effectiveAt: effectiveAt?.toISOString() ?? null,
    expiresAt: expiresAt?.toISOString() ?? null,
  }
}
