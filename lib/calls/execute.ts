import { createHash } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { type Catalog, catalogAt, catalogNow } from '@/lib/catalog'
import { Prisma } from '@/lib/db/client'
import { directly, type RawTx } from '@/lib/db/direct'
import { GroupCommit } from '@/lib/db/group-commit'
import { once } from '@/lib/db/once'
import { isCollision, isDisproved } from '@/lib/db/trouble'
import { knownEvents, loadInstances, saveChanges } from '@/lib/instances'
import { enqueueMany, type JobRequest } from '@/lib/jobs'
import {
  type Answer,
  type Command,
  ResultCode,
  resultMessage,
  UnwritableAnswer,
  type WireError,
} from '@/lib/marketplace'
import { observeGroup } from '@/lib/metrics'
import { findOrders, type KnownOrder } from '@/lib/orders'
import { activityOf, type Decision, InstanceBook, type Scene } from './activities'
import { type CallRow, recordCalls, recordFirstCalls } from './messages'
import { sealPayload } from './payload'
import { retryUntil } from './retry-windows'
import type { CallOutcome, CallSource, Protocol, SignatureCheck, StoredAnswer, StoredRequest } from './types'

/** A verified call on its way to its effect. */
export type Work = {
  callId: string
  receivedAt: Date
  /** the marketplace's own time of the call */
  sentAt: Date
  /** performance.now() at receipt */
  startedAt: number
  protocol: Protocol
  activity: string
  source: CallSource
  /** what to do, or why nothing can be done */
  asked: { ok: true; value: Command } | { ok: false; error: WireError }
  /** ids in a call that could not be read, so that staff still find it */
  hints: Hints
  request: StoredRequest
  signature: SignatureCheck | null
  nonce: string | null
  /** the key that signed the call, and signs its answer */
  key: string
  replayOf: string | null
  actor: string | null
  /** the message to book this on, when it is not the command's own */
  messageKey: string | null
  /** writes down, in the transaction of the call, who asked for it */
  audit?: (tx: RawTx, decision: Decision) => Promise<void>
  /** turns a decision into the bytes that are signed and sent */
  write(answer: Answer, config: Catalog, productRef: string | null): StoredAnswer
}

export type Hints = {
  orderId: string | null
  orderLineId: string | null
  businessId: string | null
  instanceId: string | null
  customerId: string | null
  test: boolean
}

export type Done = {
  callId: string
  messageId: string | null
  answer: StoredAnswer
  decision: Decision
  outcome: CallOutcome
  /** the nonce was seen before: nothing was done or recorded */
  nonceSeen: boolean
}

/** Executes a call together with those that arrive at the same time; resolves after the commit. */
export function execute(work: Work): Promise<Done> {
  const alone = work.protocol === 'kit-v1' || work.protocol === 'kit-v2'
  return (alone ? bulkyCalls() : groups()).submit(work)
}

// A kit call writes up to thousands of rows: it holds nobody up, and two of one enterprise cannot lock each other out.
const bulkyCalls = () =>
  once('calls:bulky', () => new GroupCommit(runGroup, { maxSize: 1, maxRunning: 2, maxWaiting: 500, worthwhile: 1 }))

const groups = () =>
  once(
    'calls:groups',
    () => new GroupCommit(runGroup, { maxSize: 96, maxRunning: 2, maxWaiting: 5000, worthwhile: 16 }),
  )

/** After a purchase that was not new after all, the next may be as old: marketplaces repeat what failed. */
const CAREFUL_MS = 1_000
const trust = () => once('calls:trust', () => ({ from: 0 }))

async function runGroup(works: Work[]): Promise<Done[]> {
  observeGroup(works.length)
  const config = catalogNow()
  if (config && performance.now() >= trust().from && areNewPurchases(works)) {
    try {
      return await directly((tx) => executeGroup(tx, works, config), { timeoutMs: 3000 })
    } catch (error) {
      if (!isDisproved(error) && !isCollision(error)) throw error
      trust().from = performance.now() + CAREFUL_MS
    }
  }
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await directly((tx) => executeGroup(tx, works), { timeoutMs: 3000 })
    } catch (error) {
      // Two writers met (the same purchase at two replicas): the one that lost finds the other's work when it looks again.
      if (works.length > 1 || attempt >= 4 || !isCollision(error)) throw error
    }
  }
}

/**
 * Executes calls in order inside `tx`: effects, events, jobs, messages and answers together. With `trusted`, the catalogue
 * as this process knows it, all of them are taken for new purchases and written without a question; where the database
 * knows better it throws what `isDisproved` or `isCollision` tells.
 */
export async function executeGroup(tx: RawTx, works: Work[], trusted?: Catalog): Promise<Done[]> {
  const { config, fresh, book, orders, proven } = trusted ? newStage(tx, works, trusted) : await setStage(tx, works)
  const played = works.filter((work) => !work.nonce || fresh.has(work))
  const jobs: JobRequest[] = []
  const canQueryOrders = config.active('ak-sk').length > 0
  const decided = new Map<Work, { decision: Decision; answer: StoredAnswer; row: CallRow }>()
  for (const work of played) {
    const { callId, actor, protocol, receivedAt, sentAt, key } = work
    const scene: Scene = {
      tx,
      origin: { callId, actor },
      protocol,
      receivedAt,
      sentAt,
      key,
      book,
      catalog: config,
      canQueryOrders,
      orders,
      jobs,
    }
    const decision = await decide(work, scene)
    const answer = writeAnswer(work, decision, config)
    decided.set(work, { decision, answer, row: rowOf(work, decision, answer) })
  }
  const rows = [...decided.values()].map(({ row }) => row)
  const at = played[0]?.receivedAt ?? new Date()
  const saved = saveChanges(tx, book.changes(), at)
  const added = addJobs(tx, jobs)
  const recorded = trusted ? recordFirstCalls(tx, rows) : recordCalls(tx, rows)
  recorded.catch(() => {}) // heard below, unless the others fail first
  const audits = [...decided].flatMap(([work, { decision }]) => work.audit?.(tx, decision) ?? [])
  await Promise.all([proven, saved, added, ...audits])
  tx.commitBehind?.()
  const ids = await recorded
  return works.map((work) => {
    const end = decided.get(work)
    if (!end) return seenBefore(work, config)
    const messageId = ids.get(end.row.messageKey) ?? null
    return {
      callId: work.callId,
      messageId,
      answer: end.answer,
      decision: end.decision,
      outcome: end.row.outcome,
      nonceSeen: false,
    }
  })
}

async function decide(work: Work, scene: Scene): Promise<Decision> {
  if (!work.asked.ok) return { answer: { code: work.asked.error.code, message: work.asked.error.message } }
  return activityOf(work.asked.value).decide(work.asked.value, scene)
}

// App info that was fit when it was stored may not fit the protocol that asks now: that is our trouble, said plainly.
function writeAnswer(work: Work, decision: Decision, config: Catalog): StoredAnswer {
  try {
    return work.write(decision.answer, config, decision.productRef ?? null)
  } catch (error) {
    if (!(error instanceof UnwritableAnswer)) throw error
    decision.answer = { code: ResultCode.internalError, message: `access data: ${error.message}` }
    return work.write(decision.answer, config, null)
  }
}

/** Uses up the nonces of a group; `fresh` are the calls whose nonce nobody used before. */
async function spendNonces(tx: RawTx, works: Work[]): Promise<{ version: bigint; fresh: Set<Work> }> {
  const first = new Map<string, Work>()
  for (const work of works) if (work.nonce && !first.has(work.nonce)) first.set(work.nonce, work)
  const nonces = [...first.keys()].sort()
  const [row] = await tx.$queryRaw<{ version: bigint; fresh: string[] }[]>`
    WITH used AS (
      INSERT INTO nonces (nonce) SELECT unnest(${nonces}::text[]) ON CONFLICT DO NOTHING RETURNING nonce
    )
    SELECT (SELECT version FROM config_version WHERE id = 1) AS version,
      (SELECT coalesce(array_agg(nonce), '{}') FROM used) AS fresh`
  const fresh = new Set((row?.fresh ?? []).map((nonce) => first.get(nonce) as Work))
  return { version: row?.version ?? 0n, fresh }
}

/** What a group of calls is decided upon. */
type Stage = {
  config: Catalog
  /** the calls whose nonce nobody used before */
  fresh: Set<Work>
  book: InstanceBook
  orders: Map<string, KnownOrder>
  /** rejects when what was taken for granted is not so */
  proven?: Promise<unknown>
}

async function setStage(tx: RawTx, works: Work[]): Promise<Stage> {
  const [{ version, fresh }, found] = await Promise.all([spendNonces(tx, works), load(tx, works)])
  return { config: await catalogAt(version), fresh, ...found }
}

/** Purchases that look as if nobody had seen them before; only the database knows. */
function areNewPurchases(works: Work[]): boolean {
  const nonces = works.flatMap(({ nonce }) => nonce ?? [])
  return works.every(isPurchase) && new Set(nonces).size === nonces.length
}

function isPurchase({ asked, sentAt, source, audit }: Work): boolean {
  if (!asked.ok || source !== 'marketplace' || audit) return false
  const { purchaseKey, instanceIds } = activityOf(asked.value).touches(asked.value, sentAt)
  return purchaseKey !== undefined && !instanceIds?.length
}

// Asks nothing before it writes: a nonce used before ends in a unique violation, a newer configuration or a known order in
// a division by zero, a known purchase in a unique violation when it is saved.
function newStage(tx: RawTx, works: Work[], config: Catalog): Stage {
  const nonces = works.flatMap(({ nonce }) => nonce ?? []).sort()
  const orderIds = works.flatMap(({ asked, sentAt }) =>
    asked.ok ? (activityOf(asked.value).touches(asked.value, sentAt).orderIds ?? []) : [],
  )
  const proven = tx.$executeRaw`
    WITH used AS (INSERT INTO nonces (nonce) SELECT unnest(${nonces}::text[]))
    SELECT 1 / count(*) FROM config_version
    WHERE id = 1 AND version = ${config.version}
      AND NOT EXISTS (SELECT FROM orders WHERE order_id = ANY(${orderIds}::text[]))`
  return { config, fresh: new Set(works), book: new InstanceBook([], new Set()), orders: new Map(), proven }
}

async function load(tx: RawTx, works: Work[]): Promise<Pick<Stage, 'book' | 'orders'>> {
  const write = new Set<string>()
  const read = new Set<string>()
  const purchaseKeys = new Set<string>()
  const orderIds = new Set<string>()
  const pairs: { instanceId: string; dedupeKey: string }[] = []
  for (const { asked, sentAt } of works) {
    if (!asked.ok) continue
    const touches = activityOf(asked.value).touches(asked.value, sentAt)
    for (const instanceId of touches.instanceIds ?? []) {
      ;(touches.readOnly ? read : write).add(instanceId)
      for (const dedupeKey of touches.dedupeKeys ?? []) pairs.push({ instanceId, dedupeKey })
    }
    if (touches.purchaseKey) purchaseKeys.add(touches.purchaseKey)
    for (const orderId of touches.orderIds ?? []) orderIds.add(orderId)
  }
  const [locked, seen, orders, events] = await Promise.all([
    loadInstances(tx, { instanceIds: [...write], purchaseKeys: [...purchaseKeys], lock: true }),
    loadInstances(tx, { instanceIds: [...read], lock: false }),
    findOrders(tx, [...orderIds]),
    knownEvents(tx, pairs),
  ])
  // What is locked comes last: it counts where an instance is both read and changed.
  return { book: new InstanceBook([...seen, ...locked], events), orders }
}

function rowOf(work: Work, decision: Decision, answer: StoredAnswer): CallRow {
  const { code } = decision.answer
  const command = work.asked.ok ? work.asked.value : null
  const ids = command ? idsOf(command) : work.hints
  const { callId, receivedAt, protocol, activity, source, replayOf, actor } = work
  return {
    id: callId,
    messageKey: work.messageKey ?? messageKeyOf(work),
    receivedAt,
    protocol,
    activity,
    source,
    outcome: outcomeOf(code),
    resultCode: code,
    resultMsg: decision.answer.message ?? resultMessage(code),
    ...ids,
    instanceId: decision.instanceId ?? ids.instanceId,
    customerId: decision.customerId ?? ids.customerId,
    productRef: decision.productRef ?? null,
    durationMs: Math.max(0, Math.round(performance.now() - work.startedAt)),
    credentialId: work.signature?.credentialId ?? null,
    replayOf,
    actor,
    payload: sealPayload({ request: work.request, answer, signature: work.signature }),
  }
}

/** An index takes no more than some 2,700 bytes of a key; a question about 100 instances has more. */
const KEY_LIMIT = 300

function messageKeyOf({ asked, protocol, activity, hints }: Work): string {
  if (asked.ok) {
    const { value } = asked
    const key = `${value.test ? 'test:' : ''}${value.activity}:${activityOf(value).businessKey(value)}`
    return key.length > KEY_LIMIT ? `${key.slice(0, KEY_LIMIT)}:${createHash('sha256').update(key).digest('hex')}` : key
  }
  const about = hints.orderLineId ?? hints.orderId ?? hints.instanceId ?? hints.businessId ?? 'unknown'
  return `${hints.test ? 'test:' : ''}unreadable:${protocol}:${activity}:${about}`.slice(0, 300)
}

function idsOf(command: Command): Hints {
  const id = (name: string): string | null => {
    const value = (command as Record<string, unknown>)[name]
    return typeof value === 'string' ? value : null
  }
  return {
    orderId: id('orderId'),
    orderLineId: id('orderLineId'),
    businessId: id('businessId'),
    instanceId: id('instanceId'),
    customerId: command.activity === 'newInstance' ? (command.v1?.customerId ?? null) : id('tenantId'),
    test: command.test,
  }
}

export function outcomeOf(code: ResultCode): CallOutcome {
  if (code === ResultCode.success) return 'succeeded'
  return code === ResultCode.processing ? 'processing' : 'failed'
}

function seenBefore(work: Work, config: Catalog): Done {
  const message = 'nonce: this nonce was used before; every call needs its own'
  const decision: Decision = { answer: { code: ResultCode.authenticationFailed, message } }
  const answer = work.write(decision.answer, config, null)
  return { callId: work.callId, messageId: null, answer, decision, outcome: 'rejected', nonceSeen: true }
}

/** Purchases of one group share a delivery job, so that its row costs them one insert together. */
async function addJobs(tx: RawTx, jobs: JobRequest[]): Promise<void> {
  const deliveries = jobs.filter((job) => job.name === 'deliver-instances')
  const others = jobs.filter((job) => job.name !== 'deliver-instances')
  const instanceIds = deliveries.flatMap((job) => job.data.instanceIds)
  const startAfter = new Date(Math.max(0, ...deliveries.map((job) => job.startAfter?.getTime() ?? 0)))
  const together: JobRequest[] =
    instanceIds.length > 0 ? [{ name: 'deliver-instances', data: { instanceIds }, startAfter }] : []
  await enqueueMany(tx, [...together, ...others])
}

/** A call whose effect could not be had: answered "internal error", and kept for a replay. */
export function troubleOf(work: Work, config: Catalog, message: string): { done: Done; row: CallRow } {
  const decision: Decision = { answer: { code: ResultCode.internalError, message } }
  const answer = work.write(decision.answer, config, null)
  const done: Done = { callId: work.callId, messageId: null, answer, decision, outcome: 'failed', nonceSeen: false }
  return { done, row: rowOf(work, decision, answer) }
}

/**
 * Writes down what a call was answered in the end: the final answer of one that waited for its delivery, inside the
 * transaction that ended it, or what was sent instead of an answer that came too late. The message follows while this call is
 * its newest and nobody resolved it.
 */
export async function finishCall(
  tx: RawTx,
  work: Work,
  done: Done,
  answer: Answer,
  stored: StoredAnswer,
): Promise<void> {
  const payload = sealPayload({ request: work.request, answer: stored, signature: work.signature })
  const facts = {
    outcome: outcomeOf(answer.code),
    resultCode: answer.code,
    resultMsg: answer.message ?? resultMessage(answer.code),
  }
  const durationMs = Math.max(0, Math.round(performance.now() - work.startedAt))
  await tx.$executeRaw`
    UPDATE calls SET outcome = ${facts.outcome}, result_code = ${facts.resultCode}, result_msg = ${facts.resultMsg},
      duration_ms = ${durationMs}, payload = ${payload}
    WHERE id = ${work.callId}::uuid`
  if (!done.messageId) return
  const closed = answer.code === ResultCode.success
  const { protocol, activity, receivedAt, source } = work
  const window = closed || source !== 'marketplace' ? null : retryUntil(protocol, activity, receivedAt)
  await tx.$executeRaw(Prisma.sql`
    UPDATE messages SET state = ${closed ? 'succeeded' : 'open'}, outcome = ${facts.outcome}, result_code = ${facts.resultCode},
      result_msg = ${facts.resultMsg}, closed_at = ${closed ? new Date() : null}::timestamptz,
      retry_until = CASE WHEN ${closed} THEN NULL ELSE coalesce(retry_until, ${window}::timestamptz) END
    WHERE id = ${done.messageId}::uuid AND last_call_id = ${work.replayOf ?? work.callId}::uuid AND state <> 'resolved'`)
}
