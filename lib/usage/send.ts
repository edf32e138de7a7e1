import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { catalog } from '@/lib/catalog'
import { noteUsed } from '@/lib/credentials'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { env } from '@/lib/env'
import { exchange } from '@/lib/http/guarded-fetch'
import { enqueueMany } from '@/lib/jobs'
import { buildOldUsagePush, buildUsagePush, parseUsageAnswer, type UsageOutcome } from '@/lib/marketplace'
import {
  type Batch,
  claimBatch,
  type Gathered,
  gatherSome,
  type Push,
  refuseAged,
  retakeBatch,
  settleBatch,
  ungathered,
} from './batches'
import { giveBack, lockPush } from './pushes'
import { dueBefore } from './timing'

const REQUEST_MS = 30_000
/** A thousand rejected records with their descriptions. */
const ANSWER_BYTES = 2 * 1024 * 1024
const TOGETHER = 2
/** With so many requests unanswered no new ones are begun: the marketplace has a bad hour. */
const UNANSWERED = 3
/** How long a run waits for a put-off request before it leaves it to the next round. */
const PATIENCE_MS = 15_000

type Options = { signal?: AbortSignal; clock?: () => Date; answerMs?: number }

/**
 * The job of a push: queues its records, sends them a thousand at a time, writes down each answer. It can die anywhere
 * and run several times at once: what was about to be sent stands in the database before it is sent, and is asked for
 * again under the same numbers.
 */
export async function runUsagePush(id: string, options: Options = {}): Promise<void> {
  const { signal, clock = () => new Date(), answerMs = REQUEST_MS } = options
  const row = await prisma().usagePush.findUnique({ where: { id } })
  if (!row || (row.state !== 'planned' && row.state !== 'running')) return
  await prisma().usagePush.updateMany({ where: { id, state: 'planned' }, data: { state: 'running' } })
  const { due } = row.filter as { due?: string }
  const push: Push = { id, origin: row.origin, productRef: row.productRef, dueBefore: due ? new Date(due) : null }
  if (push.origin === 'staff' && !row.gathered) await gather(push, row.filter as object, signal)
  const aged = await refuseAged(push, clock())
  if (aged > 0) await prisma().usagePush.update({ where: { id }, data: { rejected: { increment: aged } } })
  const failure = { stopped: null as string | null }
  const lane = async () => {
    for (;;) {
      if (signal?.aborted) throw new Error('stopped; another process goes on with this push')
      const batch = failure.stopped ? null : await nextBatch(push, clock)
      if (!batch) return
      const outcome = await sendBatch(batch, { signal, clock, answerMs })
      const verdict = await settleBatch(batch, outcome, clock())
      if (verdict === 'stopped') failure.stopped = sentenceOf(outcome)
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: TOGETHER }, lane))
  for (const end of lanes) if (end.status === 'rejected') throw end.reason
  await finish(push, failure.stopped, clock())
}

async function gather({ id }: Push, filter: object, signal?: AbortSignal): Promise<void> {
  for (let at: Gathered | null = ungathered; at && !(await isCancelled(id)); at = await gatherSome(id, filter, at)) {
    if (signal?.aborted) throw new Error('stopped; another process goes on with this push')
  }
  await prisma().usagePush.update({ where: { id }, data: { gathered: true } })
}

async function isCancelled(id: string): Promise<boolean> {
  const row = await prisma().usagePush.findUnique({ where: { id }, select: { cancelRequested: true } })
  return row?.cancelRequested ?? true
}

async function nextBatch(push: Push, clock: () => Date): Promise<Batch | null> {
  const until = clock().getTime() + PATIENCE_MS
  for (;;) {
    const again = await retakeBatch(push.id, clock())
    if (again) return again
    const open = await prisma().$queryRaw<{ leaseUntil: Date; unanswered: boolean }[]>`
      SELECT lease_until AS "leaseUntil", code IS NOT NULL OR message IS NOT NULL AS unanswered FROM usage_batches
      WHERE state = 'sending' AND push_id = ${push.id}::uuid ORDER BY lease_until`
    const unanswered = open.filter((batch) => batch.unanswered)
    const fresh =
      unanswered.length < UNANSWERED && !(await isCancelled(push.id)) ? await claimBatch(push, clock()) : null
    if (fresh) return fresh
    const first = unanswered[0]?.leaseUntil.getTime()
    if (first === undefined || first > until) return null
    await sleep(Math.max(10, Math.min(first - clock().getTime(), 1000)))
  }
}

/** Sends one request. Every active key is tried until one is known; a repeat goes to the other host. */
async function sendBatch(
  batch: Batch,
  { signal, clock, answerMs }: Pick<Options, 'signal'> & Required<Omit<Options, 'signal'>>,
): Promise<UsageOutcome> {
  const { marketplaceUrl, marketplaceFallbackUrl } = env()
  const hosts = [...new Set([marketplaceUrl, marketplaceFallbackUrl])]
  const baseUrl = hosts[(batch.attempts - 1) % hosts.length] ?? marketplaceUrl
  const kind = batch.api === 'new' ? 'base' : 'ak-sk'
  let outcome: UsageOutcome = {
    kind: 'refused',
    because: 'caller',
    code: 'no-key',
    message: batch.api === 'new' ? 'no active key of the base interface is set up' : 'no active AK/SK is set up',
  }
  if (batch.entries.length === 0) return { kind: 'accepted' }
  for (const key of (await catalog()).active(kind)) {
    const now = clock()
    const { entries } = batch
    const request =
      batch.api === 'new'
        ? buildUsagePush({ baseUrl, key: key.secret, entries, nonce: randomUUID(), nowMs: now.getTime() })
        : buildOldUsagePush({ baseUrl, accessKeyId: key.accessKeyId ?? '', secret: key.secret, entries, now })
    const { url, ...more } = request
    const sent = await exchange(
      new URL(url),
      { method: 'POST', ...more, timeoutMs: answerMs, maxAnswerBytes: ANSWER_BYTES, signal },
      { agent: false },
    )
    outcome = sent.ok
      ? parseUsageAnswer(sent.value.status, sent.value.body)
      : { kind: 'unknown', code: null, message: sent.error.message }
    if (outcome.kind !== 'refused' || outcome.because !== 'caller') {
      noteUsed(key.id)
      return outcome
    }
  }
  return outcome
}

function sentenceOf(outcome: UsageOutcome): string {
  return outcome.kind === 'refused' ? `${outcome.code}: ${outcome.message}` : 'stopped'
}

/** Ends a push that has nothing left to send; one with unanswered requests stays for the next round. */
async function finish(push: Push, stopped: string | null, now: Date): Promise<void> {
  await prisma().$transaction(async (tx) => {
    await lockPush(tx, push.id)
    const { cancelRequested } = await tx.usagePush.findUniqueOrThrow({ where: { id: push.id } })
    if (stopped || cancelRequested) await giveBack(tx, push.id)
    const sending = await tx.usageBatch.count({ where: { pushId: push.id, state: 'sending' } })
    const queued = await tx.usageRecord.count({ where: { pushId: push.id, state: 'queued' } })
    if (sending > 0 || (queued > 0 && !stopped)) return
    await tx.$executeRaw`
      UPDATE usage_pushes SET state = ${stopped ? 'stopped' : cancelRequested ? 'cancelled' : 'done'}, error = ${stopped},
        total = CASE WHEN origin = 'schedule' THEN accepted + rejected ELSE total END, finished_at = ${now}
      WHERE id = ${push.id}::uuid AND state = 'running'`
  })
}

/**
 * What happens every half minute: products that push by themselves get a push of what is due, once for each due time and
 * whoever asks; pushes with something left to do get a run.
 */
export async function usageRounds(now: Date = new Date()): Promise<string[]> {
  const settings = await prisma().usageSetting.findMany({ where: { rhythm: { not: 'monthly' } } })
  for (const { productRef, rhythm } of settings) {
    const due = dueBefore(rhythm as 'hourly' | 'daily', now)
    const [waiting] = await prisma().$queryRaw<{ found: number }[]>`
      SELECT 1 AS found FROM usage_records
      WHERE state = 'queued' AND push_id IS NULL AND product_ref = ${productRef}::uuid AND end_at <= ${due} LIMIT 1`
    if (!waiting) continue
    const id = newId(now.getTime())
    // One that was stopped is tried again: keys are exchanged, accounts are opened.
    await prisma().$executeRaw`
      INSERT INTO usage_pushes AS p (id, state, origin, slot, product_ref, filter, total, gathered, created_by, created_at)
      VALUES (${id}::uuid, 'planned', 'schedule', ${`${productRef} ${due.toISOString()}`}, ${productRef}::uuid,
        ${JSON.stringify({ due })}::jsonb, 0, true, 'system', ${now})
      ON CONFLICT (slot) DO UPDATE SET state = 'running', error = NULL, finished_at = NULL
      WHERE p.state = 'done' OR (p.state = 'stopped' AND p.finished_at < ${new Date(now.getTime() - 5 * 60_000)})`
  }
  const open = await prisma().$queryRaw<{ id: string }[]>`
    SELECT id FROM usage_pushes p WHERE state IN ('planned', 'running') AND (
      NOT EXISTS (SELECT FROM usage_batches b WHERE b.push_id = p.id AND b.state = 'sending')
      OR EXISTS (SELECT FROM usage_batches b WHERE b.push_id = p.id AND b.state = 'sending' AND b.lease_until <= ${now}))`
  await prisma().$transaction((tx) =>
    enqueueMany(
      tx,
      open.map(({ id }) => ({ name: 'push-usage', data: { id }, key: id })),
    ),
  )
  return open.map(({ id }) => id)
}
