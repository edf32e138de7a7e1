import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { sealPayload } from './payload'
import type { CallPayload } from './types'

const payload: CallPayload = {
  request: { method: 'POST', path: '/api/produce', query: '', headers: {}, body: '{}' },
  answer: { status: 200, headers: {}, body: '{"resultCode":"000000"}' },
  signature: null,
}

type Stored = {
  at?: Date
  activity?: string
  outcome?: string
  resultCode?: string
  source?: string
  test?: boolean
  orderId?: string | null
  orderLineId?: string | null
  instanceId?: string | null
  customerId?: string | null
  businessId?: string | null
  messageId?: string | null
  protocol?: string
  payload?: Partial<CallPayload>
}

/** Puts a call into the database as `receive` would have left it. Answers its id. */
export async function storeCall(given: Stored = {}): Promise<string> {
  const { at = new Date(), payload: parts, ...facts } = given
  const id = newId(at.getTime())
  await prisma().call.create({
    data: {
      id,
      receivedAt: at,
      protocol: 'saas-v2',
      activity: 'newInstance',
      source: 'marketplace',
      outcome: 'failed',
      resultCode: '000005',
      resultMsg: 'internal error',
      durationMs: 12,
      ...facts,
      payload: sealPayload({ ...payload, ...parts }),
    },
  })
  return id
}

/** A message with one call. Answers both ids. */
export async function storeMessage(
  given: Stored & { state?: string; productRef?: string | null } = {},
): Promise<{ id: string; callId: string }> {
  const { at = new Date(), payload: _, state = 'open', source: __, businessId: ___, messageId: ____, ...facts } = given
  const id = newId(at.getTime())
  const { productRef: _____, state: ______, ...call } = given
  const callId = await storeCall({ ...call, messageId: id })
  await prisma().message.create({
    data: {
      id,
      key: `test:${id}`,
      protocol: 'saas-v2',
      activity: 'newInstance',
      outcome: 'failed',
      resultCode: '000005',
      resultMsg: 'internal error',
      firstAt: at,
      lastAt: at,
      lastCallId: callId,
      ...facts,
      state,
    },
  })
  return { id, callId }
}
