import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Catalog, catalog, catalogNow, refreshCatalog } from '@/lib/catalog'
import { type CredentialKind, noteUsed } from '@/lib/credentials'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { once } from '@/lib/db/once'
import { isUnavailable } from '@/lib/db/trouble'
import type { RawAnswer, RawCall } from '@/lib/http/door'
import { deliverInstance } from '@/lib/instances'
import { log } from '@/lib/log'
import {
  type Answer,
  BODY_SIGN_HEADER,
  bodySign,
  type Command,
  kitNames,
  parseKit,
  parseLicenseV1,
  parseLicenseV2,
  parseV1,
  parseV2,
  ResultCode,
  type WireError,
  writeV1,
  writeV2,
} from '@/lib/marketplace'
import { callTook, countRefusal } from '@/lib/metrics'
import { type Done, execute, finishCall, type Hints, troubleOf, type Work } from './execute'
import { finishLicense } from './license-delivery'
import { type CallRow, recordCalls, settleMessages } from './messages'
import { keepMissed } from './missed'
import { type Recognised, recognise } from './recognise'
import { keepRefusal, type Refusal } from './refusals'
import { readRehearsalMark } from './rehearsal-mark'
import type { StoredAnswer } from './types'
import { type Verified, verify } from './verify'

/** An answer must leave well before the marketplace's 5 s (V2; zh-cn_topic_0070649285) are over. */
const ANSWER_BY_MS = 3_500
/** How long a refusal waits to be kept. */
const KEEP_WITHIN_MS = 1_000
/** V1 waits 20 s (zh-cn_topic_0082027567): a purchase may wait that much longer for its delivery. */
const DELIVERY_BY_MS = { v1: 15_000, v2: 3_500 }
/** With more calls than this at once a V2 purchase is answered "processing" and left to the jobs. */
const CALM = 12
const V1_WAITERS = 200
const DATABASE_AWAY = 'our database is not available; please send this again'

const traffic = () => once('calls:traffic', () => ({ inFlight: 0, waiting: 0 }))

/** Resolves when few calls are being answered, or after `ms`: background work that can wait lets them go first. */
export async function afterCalls(ms: number): Promise<void> {
  const giveUpAt = performance.now() + ms
  while (traffic().inFlight > CALM && performance.now() < giveUpAt) await sleep(50)
}

/**
 * Answers one call of the marketplace: recognise, verify, record and apply in one transaction, answer. Never throws and
 * always gives HTTP 200; `raw.receivedAt` stands for now.
 */
export async function receive(raw: RawCall): Promise<RawAnswer> {
  const startedAt = performance.now()
  const count = traffic()
  count.inFlight += 1
  try {
    return await handle(raw, startedAt)
  } catch (error) {
    log.error({ err: error }, 'a call could not be answered')
    return plain({ code: ResultCode.internalError }, null)
  } finally {
    count.inFlight -= 1
  }
}

async function handle(raw: RawCall, startedAt: number): Promise<RawAnswer> {
  const receivedAt = new Date(raw.receivedAt)
  const recognised = recognise(raw)
  const config = await catalog().catch(() => catalogNow())
  if (!recognised.ok) {
    const { error, request, v1, keyKinds } = recognised
    const answer = refusalAnswer(error, v1 ? await newestKey(config, keyKinds) : null)
    const protocol = v1 ? 'saas-v1' : 'saas-v2'
    await keep({
      ...unknownCall,
      receivedAt,
      startedAt,
      protocol,
      error,
      reason: error.field ?? 'malformed',
      request,
      answer,
      signature: null,
    })
    countRefusal(error.field ?? 'malformed')
    return answer
  }
  const call = recognised.value
  if (!config) return plain({ code: ResultCode.internalError }, null)
  let verified = verify(call, config, receivedAt)
  // The key may have been added a moment ago.
  if (!verified.ok && verified.error.code === ResultCode.authenticationFailed)
    verified = verify(call, await refreshCatalog().catch(() => config), receivedAt)
  if (!verified.ok) return refuse(call, verified, receivedAt, startedAt)
  noteUsed(verified.credential.id)
  return serve(workOf(call, verified, receivedAt, startedAt), call, config)
}

const unknownCall = {
  activity: 'unknown',
  hints: {
    orderId: null,
    orderLineId: null,
    businessId: null,
    instanceId: null,
    customerId: null,
    test: false,
  } as Hints,
}

async function refuse(
  call: Recognised,
  { error, signature }: Verified & { ok: false },
  receivedAt: Date,
  startedAt: number,
): Promise<RawAnswer> {
  const answer = refusalAnswer(error, call.v1 ? await newestKey(catalogNow(), call.keyKinds) : null)
  const { protocol, activity, hints, request } = call
  const reason = signature.reason ?? 'signature'
  await keep({ receivedAt, startedAt, protocol, activity, error, reason, hints, request, answer, signature })
  countRefusal(reason)
  return answer
}

function workOf(call: Recognised, verified: Verified & { ok: true }, receivedAt: Date, startedAt: number): Work {
  const { credential, signature, sentAt, nonce } = verified
  const rehearsal = readRehearsalMark(call.request.headers, receivedAt.getTime())
  return {
    callId: rehearsal ?? newId(receivedAt.getTime()),
    receivedAt,
    sentAt,
    startedAt,
    protocol: call.protocol,
    activity: call.activity,
    source: rehearsal ? 'rehearsal' : 'marketplace',
    asked: parse(call),
    hints: call.hints,
    request: call.request,
    signature,
    nonce,
    key: credential.secret,
    replayOf: null,
    actor: null,
    messageKey: null,
    write: writerOf(call, credential.secret),
  }
}

/** The command in a call; activities this desk does not serve are the sender's mistake, named as such. */
export function parse(call: Recognised): { ok: true; value: Command } | { ok: false; error: WireError } {
  if (call.protocol === 'saas-v1') return parseV1(call.query)
  if (call.protocol === 'saas-v2') return parseV2(call.value)
  const kitName = kitNames.find((name) => name === call.activity)
  if (kitName && call.protocol !== 'license') return parseKit(kitName, call.value)
  if (call.protocol === 'license') return call.v1 ? parseLicenseV1(call.query) : parseLicenseV2(call.value)
  const message = `activity: "${call.activity}" is not served by this desk yet`
  return { ok: false, error: { code: ResultCode.invalidParameter, field: 'activity', message } }
}

/** How an answer to this call is written: V1 encrypts and signs with the key that verified the call. */
export function writerOf(call: Recognised, key: string): Work['write'] {
  return (answer, config, productRef) => {
    if (!call.v1) return plain(answer, null)
    const product = config.products.find((candidate) => candidate.id === productRef)
    return signed(writeV1(answer, { key, encryptType: product?.encryptType ?? '1' }), key)
  }
}

async function serve(work: Work, call: Recognised, config: Catalog): Promise<RawAnswer> {
  const running = perform(work, config)
  const done = await within(running, ANSWER_BY_MS - (performance.now() - work.startedAt))
  if (!done) {
    log.error({ callId: work.callId, activity: work.activity }, 'the database did not answer in time')
    const said: Answer = { code: ResultCode.internalError, message: DATABASE_AWAY }
    const answer = work.write(said, config, null)
    void running.then((late) => tellWhatWasSent(work, late, said, answer))
    observe(work, 'failed', ResultCode.internalError)
    return answer
  }
  const answer = done.decision.awaits ? await awaitDelivery(work, call, done, config) : done.answer
  if (done.nonceSeen) await keepSeenNonce(work, done)
  observe(work, done.outcome, done.decision.answer.code)
  return answer
}

/** A call that came to its end after we gave up on it did what it asked for; its record must say what was sent. */
async function tellWhatWasSent(work: Work, late: Done, said: Answer, answer: StoredAnswer): Promise<void> {
  if (!late.messageId || late.decision.answer.code === said.code) return
  await prisma()
    .$transaction((tx) => finishCall(tx, work, late, said, answer))
    .catch((error) => log.warn({ err: error, callId: work.callId }, 'the record of a late call says another answer'))
}

/** Executes a call; what goes wrong on our side is answered 000005, and recorded now or once the database is back. */
export async function perform(work: Work, config: Catalog): Promise<Done> {
  try {
    return await execute(work)
  } catch (error) {
    const unavailable = isUnavailable(error)
    log.error({ err: error, callId: work.callId, activity: work.activity }, 'a call could not be carried out')
    const { done, row } = troubleOf(work, config, unavailable ? DATABASE_AWAY : 'internal error')
    const recorded = unavailable ? null : await recordTrouble(work, done, row).catch(() => null)
    if (recorded) done.messageId = recorded
    else if (work.source === 'marketplace') await keepMissed(row)
    return done
  }
}

async function recordTrouble(work: Work, { decision }: Done, row: CallRow): Promise<string | null> {
  const ids = await prisma().$transaction(
    async (tx) => {
      await work.audit?.(tx, decision)
      return recordCalls(tx, [row])
    },
    { maxWait: 1000, timeout: 2000 },
  )
  return ids.get(row.messageKey) ?? null
}

/**
 * A purchase whose delivery needs the world outside (order query, webhook) waits for it as long as the protocol allows;
 * after that "processing" stands, and the job goes on.
 */
async function awaitDelivery(work: Work, call: Recognised, done: Done, config: Catalog): Promise<StoredAnswer> {
  const instanceId = done.decision.awaits as string
  const count = traffic()
  if (call.v1 ? count.waiting >= V1_WAITERS : count.inFlight > CALM) return done.answer
  const deadline = Date.now() + DELIVERY_BY_MS[call.v1 ? 'v1' : 'v2'] - (performance.now() - work.startedAt)
  if (deadline - Date.now() < 300) return done.answer
  count.waiting += 1
  try {
    const delivered = finishDelivery(work, done, config, instanceId, deadline).catch((error) => {
      log.warn({ err: error, instanceId }, 'a delivery did not finish with its call')
      return null
    })
    return (await within(delivered, deadline - Date.now())) ?? done.answer
  } finally {
    count.waiting -= 1
  }
}

/** Delivers and, inside the transaction that ends the delivery, gives the call its final answer. */
export async function finishDelivery(
  work: Work,
  done: Done,
  config: Catalog,
  instanceId: string,
  deadline: number,
): Promise<StoredAnswer | null> {
  if (work.protocol === 'license') return finishLicense(work, done, config, deadline)
  let final: StoredAnswer | null = null
  await deliverInstance(instanceId, {
    deadline,
    actor: work.actor,
    async alongside(tx, ends) {
      await settleMessages(tx, ends)
      const [end] = ends
      const answer = end ? finalAnswer(end, instanceId) : null
      // Past the deadline "processing" was sent already, and that is what the record must say.
      if (!end || !answer || Date.now() > deadline - 20) return
      const stored = work.write(answer, config, end.state.productRef)
      await finishCall(tx, work, done, answer, stored)
      done.decision.answer = answer
      done.outcome = answer.code === ResultCode.success ? 'succeeded' : 'failed'
      final = stored
    },
  })
  return final
}

type End = NonNullable<Awaited<ReturnType<typeof deliverInstance>>>

function finalAnswer(end: End & { appInfo?: Answer['appInfo'] }, instanceId: string): Answer | null {
  if (end.outcome === 'delivered')
    return { code: ResultCode.success, instanceId, ...(end.appInfo ? { appInfo: end.appInfo } : {}) }
  if (end.outcome !== 'refused') return null
  return { code: (end.code as ResultCode | undefined) ?? ResultCode.serviceError, message: end.error, instanceId }
}

/** The value, or null when it takes longer than `ms`. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms))
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** A refusal is sent in time, whether or not the database took it. */
async function keep(refusal: Refusal): Promise<void> {
  const left = ANSWER_BY_MS - (performance.now() - refusal.startedAt)
  await within(keepRefusal(refusal), Math.min(left, KEEP_WITHIN_MS))
}

async function keepSeenNonce(work: Work, done: Done): Promise<void> {
  const { receivedAt, startedAt, protocol, activity, hints, request } = work
  const error = { code: done.decision.answer.code, message: done.decision.answer.message ?? '' }
  const signature = work.signature && { ...work.signature, ok: false, reason: 'nonce-seen' }
  await keep({
    receivedAt,
    startedAt,
    protocol,
    activity,
    error,
    reason: 'nonce-seen',
    hints,
    request,
    answer: done.answer,
    signature,
  })
}

function refusalAnswer(error: WireError, key: string | null): StoredAnswer {
  return plain({ code: error.code, message: error.message }, key)
}

/** The newest active key of the interface's class: what an answer is signed with when no key verified the call. */
async function newestKey(known: Catalog | null, keyKinds: CredentialKind[]): Promise<string | null> {
  const find = (config: Catalog | null) => keyKinds.map((kind) => config?.active(kind)[0]).find(Boolean)?.secret ?? null
  return find(known) ?? find(await refreshCatalog().catch(() => null))
}

const contentType = { 'Content-Type': 'application/json;charset=UTF-8' }

function plain(answer: Answer, key: string | null): StoredAnswer {
  const body = writeV2(answer)
  return key ? signed(body, key) : { status: 200, headers: contentType, body }
}

function signed(body: string, key: string): StoredAnswer {
  return { status: 200, headers: { ...contentType, [BODY_SIGN_HEADER]: bodySign(body, key) }, body }
}

function observe(work: Work, outcome: string, resultCode: string): void {
  const ms = performance.now() - work.startedAt
  callTook({ protocol: work.protocol, activity: work.activity, outcome, resultCode, ms })
}
