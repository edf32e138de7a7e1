import { performance } from 'node:perf_hooks'
import { prisma } from '@/lib/db/client'
import { GroupCommit } from '@/lib/db/group-commit'
import { newId } from '@/lib/db/ids'
import { once } from '@/lib/db/once'
import { log } from '@/lib/log'
import type { WireError } from '@/lib/marketplace'
import type { Hints } from './execute'
import { sealPayload } from './payload'
import type { Protocol, SignatureCheck, StoredAnswer, StoredRequest } from './types'

/** A call that was turned away: who sent it is not known. */
export type Refusal = {
  receivedAt: Date
  startedAt: number
  protocol: Protocol
  activity: string
  error: WireError
  /** one word for counting */
  reason: string
  hints: Hints
  request: StoredRequest
  answer: StoredAnswer
  signature: SignatureCheck | null
}

/** Refusals kept to look at; older ones make room. */
export const REFUSALS_KEPT = 5000
const BURST = 100
const PER_SECOND = 10
const TEXT_LIMIT = 16_384

type State = { tokens: number; refilledAt: number; counts: Map<string, number> }
const state = () => once<State>('calls:refusals', () => ({ tokens: BURST, refilledAt: 0, counts: new Map() }))
const writer = () =>
  once(
    'calls:refusals-writer',
    () => new GroupCommit(write, { maxSize: 100, maxRunning: 1, maxWaiting: 500, worthwhile: 1 }),
  )

/**
 * Counts a refusal and keeps a sample: a stranger must not be able to fill the disk. Never throws; what the database does
 * not take is lost, and nothing was promised about it.
 */
export async function keepRefusal(refusal: Refusal): Promise<void> {
  const { counts } = state()
  counts.set(refusal.reason, (counts.get(refusal.reason) ?? 0) + 1)
  if (!takeToken()) return
  await writer()
    .submit(refusal)
    .catch((error) => log.warn({ err: error }, 'a refused call could not be kept'))
}

function takeToken(): boolean {
  const bucket = state()
  const now = performance.now()
  bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.refilledAt) / 1000) * PER_SECOND)
  bucket.refilledAt = now
  if (bucket.tokens < 1) return false
  bucket.tokens -= 1
  return true
}

async function write(refusals: Refusal[]): Promise<null[]> {
  await prisma().call.createMany({
    data: refusals.map(({ receivedAt, startedAt, protocol, activity, error, hints, request, answer, signature }) => ({
      id: newId(receivedAt.getTime()),
      receivedAt,
      protocol,
      activity,
      source: 'marketplace',
      outcome: 'rejected',
      resultCode: error.code,
      resultMsg: error.message.slice(0, 255),
      ...hints,
      durationMs: Math.max(0, Math.round(performance.now() - startedAt)),
      credentialId: null,
      payload: sealPayload({ request: shortened(request), answer, signature: shortenedCheck(signature) }),
    })),
  })
  return refusals.map(() => null)
}

function shortened(request: StoredRequest): StoredRequest {
  return {
    ...request,
    query: request.query.slice(0, TEXT_LIMIT),
    body: request.body.slice(0, TEXT_LIMIT),
    headers: Object.fromEntries(
      Object.entries(request.headers)
        .slice(0, 60)
        .map(([name, text]) => [name, text.slice(0, 1024)]),
    ),
  }
}

function shortenedCheck(signature: SignatureCheck | null): SignatureCheck | null {
  if (!signature) return null
  return {
    ...signature,
    received: signature.received?.slice(0, 512) ?? null,
    signedText: signature.signedText?.slice(0, TEXT_LIMIT) ?? null,
  }
}

/** Writes the counts collected since the last time, and drops refusals beyond the bound. For housekeeping. */
export async function flushRefusals(now = new Date()): Promise<void> {
  const { counts } = state()
  const collected = [...counts]
  counts.clear()
  const minute = new Date(Math.floor(now.getTime() / 60_000) * 60_000)
  for (const [reason, count] of collected) {
    await prisma().$executeRaw`
      INSERT INTO refusal_counts (minute, reason, count) VALUES (${minute}, ${reason}, ${count})
      ON CONFLICT (minute, reason) DO UPDATE SET count = refusal_counts.count + excluded.count`
  }
  await prisma().$executeRaw`
    DELETE FROM calls WHERE outcome = 'rejected' AND id <= (
      SELECT id FROM calls WHERE outcome = 'rejected' ORDER BY id DESC OFFSET ${REFUSALS_KEPT} LIMIT 1
    )`
  await prisma().$executeRaw`DELETE FROM refusal_counts WHERE minute < ${new Date(now.getTime() - 90 * 86_400_000)}`
}
