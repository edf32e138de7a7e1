import { recordAudit } from '@/lib/audit'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { type Columns, insertRows, type Row } from '@/lib/db/rows'
import { DeskError } from '@/lib/errors'
import type { DeliveryEnd } from '@/lib/instances'
import { type Context, requireRole } from '@/lib/users/context'
import { retryUntil } from './retry-windows'
import type { CallOutcome, CallSource, Protocol } from './types'

/** A finished call as its row and its message need it. */
export type CallRow = {
  id: string
  messageKey: string
  receivedAt: Date
  protocol: Protocol
  activity: string
  source: CallSource
  outcome: CallOutcome
  resultCode: string
  resultMsg: string
  orderId: string | null
  orderLineId: string | null
  businessId: string | null
  instanceId: string | null
  customerId: string | null
  productRef: string | null
  test: boolean
  durationMs: number
  credentialId: string | null
  replayOf: string | null
  actor: string | null
  payload: Uint8Array
}

/**
 * Writes calls and moves their messages on, in one statement. The newest call of a message says how it stands: a success
 * closes it, a failure opens it (again) and starts its retry window. Resolves to the ids of the messages by their keys.
 */
export async function recordCalls(tx: RawTx, calls: CallRow[]): Promise<Map<string, string>> {
  const messages = tellAll(calls)
  // The payloads travel as one run of bytes, of which each call takes its part.
  let payloadAt = 1
  const rows = calls.map((call) => {
    const told = messages.get(call.messageKey)
    const row = columnsOf(call, payloadAt)
    if (told?.by === call) Object.assign(row, told.message)
    payloadAt += call.payload.length
    return row
  })
  const payloads = Buffer.concat(calls.map(({ payload }) => payload))
  const written = await tx.$queryRawUnsafe<{ key: string; id: string }[]>(writeCalls, JSON.stringify(rows), payloads)
  return new Map(written.map((row) => [row.key, row.id]))
}

/** The same for calls nobody has a message of; a message that is there all the same collides. */
export async function recordFirstCalls(tx: RawTx, calls: CallRow[]): Promise<Map<string, string>> {
  const messages = [...tellAll(calls)].sort(([a], [b]) => (a < b ? -1 : 1))
  const ids = new Map(messages.map(([key, { message }]) => [key, message.newMessageId]))
  await Promise.all([
    insertRows(
      tx,
      'messages',
      messageColumns,
      messages.map(([, told]) => firstMessage(told)),
    ),
    insertRows(
      tx,
      'calls',
      callColumns,
      calls.map((call) => callRow(call, ids.get(call.messageKey))),
    ),
  ])
  return ids
}

function tellAll(calls: CallRow[]): Map<string, Told> {
  const messages = new Map<string, Told>()
  for (const call of calls) messages.set(call.messageKey, tell(messages.get(call.messageKey), call))
  return messages
}

/** What the calls of one group say of their message; the last of them speaks for it. */
type Told = {
  by: CallRow
  message: {
    newMessageId: string
    attempts: number
    state: 'open' | 'succeeded'
    firstAt: Date
    retryUntil: Date | undefined
    lastCallId: string
    productRef: string | undefined
  }
}

function tell(told: Told | undefined, call: CallRow): Told {
  const known = told?.message
  const state = call.outcome === 'succeeded' ? 'succeeded' : 'open'
  // A replay runs what the marketplace sent, however often it was replayed before.
  const callId = call.replayOf ?? call.id
  return {
    by: call,
    message: {
      newMessageId: known?.newMessageId ?? newId(call.receivedAt.getTime()),
      attempts: (known?.attempts ?? 0) + 1,
      state,
      firstAt: known?.firstAt ?? call.receivedAt,
      retryUntil: state === 'open' ? (known?.retryUntil ?? windowOf(call) ?? undefined) : undefined,
      lastCallId: known && known.lastCallId > callId ? known.lastCallId : callId,
      productRef: call.productRef ?? undefined,
    },
  }
}

function firstMessage({ by, message }: Told): Row {
  return {
    id: message.newMessageId,
    key: by.messageKey,
    protocol: by.protocol,
    activity: by.activity,
    state: message.state,
    outcome: by.outcome,
    attempts: message.attempts,
    first_at: message.firstAt,
    last_at: by.receivedAt,
    retry_until: message.retryUntil,
    result_code: by.resultCode,
    result_msg: by.resultMsg,
    order_id: by.orderId,
    order_line_id: by.orderLineId,
    instance_id: by.instanceId,
    customer_id: by.customerId,
    product_ref: message.productRef,
    test: by.test,
    last_call_id: message.lastCallId,
    closed_at: message.state === 'succeeded' ? by.receivedAt : null,
  }
}

const messageColumns: Columns = {
  id: 'uuid',
  key: 'text',
  protocol: 'text',
  activity: 'text',
  state: 'text',
  outcome: 'text',
  attempts: 'int',
  first_at: 'timestamptz',
  last_at: 'timestamptz',
  retry_until: 'timestamptz',
  result_code: 'text',
  result_msg: 'text',
  order_id: 'text',
  order_line_id: 'text',
  instance_id: 'text',
  customer_id: 'text',
  product_ref: 'uuid',
  test: 'boolean',
  last_call_id: 'uuid',
  closed_at: 'timestamptz',
}

function callRow(call: CallRow, messageId: string | undefined): Row {
  return {
    id: call.id,
    message_id: messageId,
    received_at: call.receivedAt,
    protocol: call.protocol,
    activity: call.activity,
    source: call.source,
    outcome: call.outcome,
    result_code: call.resultCode,
    result_msg: call.resultMsg,
    order_id: call.orderId,
    order_line_id: call.orderLineId,
    business_id: call.businessId,
    instance_id: call.instanceId,
    customer_id: call.customerId,
    test: call.test,
    duration_ms: call.durationMs,
    credential_id: call.credentialId,
    replay_of: call.replayOf,
    actor: call.actor,
    payload: call.payload,
  }
}

const callColumns: Columns = {
  id: 'uuid',
  message_id: 'uuid',
  received_at: 'timestamptz',
  protocol: 'text',
  activity: 'text',
  source: 'text',
  outcome: 'text',
  result_code: 'text',
  result_msg: 'text',
  order_id: 'text',
  order_line_id: 'text',
  business_id: 'text',
  instance_id: 'text',
  customer_id: 'text',
  test: 'boolean',
  duration_ms: 'int',
  credential_id: 'uuid',
  replay_of: 'uuid',
  actor: 'text',
  payload: 'bytea',
}

// What is not known does not travel: reading JSON is a good part of what a call costs the database.
function columnsOf(call: CallRow, payloadAt: number) {
  return {
    id: call.id,
    messageKey: call.messageKey,
    receivedAt: call.receivedAt,
    protocol: call.protocol,
    activity: call.activity,
    source: call.source,
    outcome: call.outcome,
    resultCode: call.resultCode,
    resultMsg: call.resultMsg,
    orderId: call.orderId ?? undefined,
    orderLineId: call.orderLineId ?? undefined,
    businessId: call.businessId ?? undefined,
    instanceId: call.instanceId ?? undefined,
    customerId: call.customerId ?? undefined,
    test: call.test,
    durationMs: call.durationMs,
    credentialId: call.credentialId ?? undefined,
    replayOf: call.replayOf ?? undefined,
    actor: call.actor ?? undefined,
    payloadAt,
    payloadSize: call.payload.length,
  }
}

// What fails in a replay is not repeated by the marketplace.
function windowOf({ source, protocol, activity, receivedAt }: CallRow): Date | null {
  return source === 'marketplace' ? retryUntil(protocol, activity, receivedAt) : null
}

const writeCalls = `
  WITH told AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS c(id uuid, "messageKey" text, "receivedAt" timestamptz, protocol text,
      activity text, source text, outcome text, "resultCode" text, "resultMsg" text, "orderId" text, "orderLineId" text,
      "businessId" text, "instanceId" text, "customerId" text, test boolean, "durationMs" int, "credentialId" uuid,
      "replayOf" uuid, actor text, "payloadAt" int, "payloadSize" int, "newMessageId" uuid, attempts int, state text,
      "firstAt" timestamptz, "retryUntil" timestamptz, "lastCallId" uuid, "productRef" uuid)
  ), moved AS (
    INSERT INTO messages (id, key, protocol, activity, state, outcome, attempts, first_at, last_at, retry_until, result_code,
      result_msg, order_id, order_line_id, instance_id, customer_id, product_ref, test, last_call_id, closed_at)
    SELECT "newMessageId", "messageKey", protocol, activity, state, outcome, attempts, "firstAt", "receivedAt", "retryUntil",
      "resultCode", "resultMsg", "orderId", "orderLineId", "instanceId", "customerId", "productRef", test, "lastCallId",
      CASE WHEN state = 'succeeded' THEN "receivedAt" END
    FROM told WHERE "newMessageId" IS NOT NULL
    ORDER BY "messageKey" COLLATE "C"
    ON CONFLICT (key) DO UPDATE SET
      attempts = messages.attempts + excluded.attempts,
      state = excluded.state,
      outcome = excluded.outcome,
      result_code = excluded.result_code,
      result_msg = excluded.result_msg,
      last_at = greatest(messages.last_at, excluded.last_at),
      retry_until = CASE WHEN excluded.state = 'open' AND messages.state = 'open'
        THEN coalesce(messages.retry_until, excluded.retry_until) ELSE excluded.retry_until END,
      order_id = coalesce(excluded.order_id, messages.order_id),
      order_line_id = coalesce(excluded.order_line_id, messages.order_line_id),
      instance_id = coalesce(excluded.instance_id, messages.instance_id),
      customer_id = coalesce(excluded.customer_id, messages.customer_id),
      product_ref = coalesce(excluded.product_ref, messages.product_ref),
      last_call_id = greatest(messages.last_call_id, excluded.last_call_id),
      closed_at = excluded.closed_at,
      resolved_by = NULL, resolved_note = NULL
    RETURNING key, id
  ), kept AS (
    INSERT INTO calls (id, message_id, received_at, protocol, activity, source, outcome, result_code, result_msg, order_id,
      order_line_id, business_id, instance_id, customer_id, test, duration_ms, credential_id, replay_of, actor, payload)
    SELECT told.id, moved.id, "receivedAt", protocol, activity, source, outcome, "resultCode", "resultMsg", "orderId",
      "orderLineId", "businessId", "instanceId", "customerId", test, "durationMs", "credentialId", "replayOf", actor,
      substring($2::bytea FROM "payloadAt" FOR "payloadSize")
    FROM told JOIN moved ON moved.key = told."messageKey"
  )
  SELECT key, id FROM moved`

/**
 * A delivery that ended well closes the purchases and polls that were answered "processing". What was answered with a
 * failure stays open: only the marketplace's next try, or a replay, shows that it is mended. However it ended, the
 * messages learn whose instance it is and of which product, which a V2 purchase does not say itself.
 */
export async function settleMessages(tx: RawTx, ends: DeliveryEnd[]): Promise<void> {
  const known = ends.map(({ outcome, state: { instanceId, productRef, customerId } }) => ({
    instanceId,
    productRef,
    customerId,
    delivered: outcome === 'delivered',
  }))
  if (known.length === 0) return
  const closes = Prisma.sql`(d.delivered AND m.state = 'open' AND m.outcome = 'processing')`
  const ended = Prisma.sql`jsonb_to_recordset(${JSON.stringify(known)}::jsonb)
    AS d("instanceId" text, "productRef" uuid, "customerId" text, delivered boolean)`
  // Locked by key, as groups of calls do it, so that the two never wait for each other.
  await tx.$executeRaw`
    WITH held AS (
      SELECT m.id FROM messages m JOIN ${ended} ON m.instance_id = d."instanceId"
      WHERE ${closes} OR (m.product_ref IS NULL AND d."productRef" IS NOT NULL)
      ORDER BY m.key COLLATE "C" FOR UPDATE OF m
    )
    UPDATE messages m SET
      product_ref = coalesce(m.product_ref, d."productRef"),
      customer_id = coalesce(m.customer_id, d."customerId"),
      state = CASE WHEN ${closes} THEN 'succeeded' ELSE m.state END,
      outcome = CASE WHEN ${closes} THEN 'succeeded' ELSE m.outcome END,
      closed_at = CASE WHEN ${closes} THEN ${new Date()}::timestamptz ELSE m.closed_at END,
      retry_until = CASE WHEN ${closes} THEN NULL ELSE m.retry_until END
    FROM held, ${ended}
    WHERE m.id = held.id AND m.instance_id = d."instanceId"`
}

/** Closes an open message with a note: nothing more will be done about it. Operators and above; audited. */
export async function resolveMessage({ ctx, input }: { ctx: Context; input: { messageId: string; note: string } }) {
  requireRole(ctx, 'operator')
  const note = input.note.trim()
  if (!note) throw new DeskError('invalid', 'note: say why nothing more is to be done', { field: 'note' })
  if (note.length > 2000) throw new DeskError('invalid', 'note: at most 2000 characters', { field: 'note' })
  await prisma().$transaction(async (tx) => {
    const { count } = await tx.message.updateMany({
      where: { id: input.messageId, state: 'open' },
      data: {
        state: 'resolved',
        resolvedBy: ctx.actor.name,
        resolvedNote: note,
        closedAt: new Date(),
        retryUntil: null,
      },
    })
    if (count === 0) throw await whyNot(tx, input.messageId, 'open')
    await recordAudit(tx, ctx, {
      action: 'message.resolve',
      subject: 'message',
      target: input.messageId,
      data: { note },
    })
  })
}

/** Takes a resolution back. Operators and above; audited. */
export async function reopenMessage({ ctx, input }: { ctx: Context; input: { messageId: string } }) {
  requireRole(ctx, 'operator')
  await prisma().$transaction(async (tx) => {
    const { count } = await tx.message.updateMany({
      where: { id: input.messageId, state: 'resolved' },
      data: { state: 'open', resolvedBy: null, resolvedNote: null, closedAt: null },
    })
    if (count === 0) throw await whyNot(tx, input.messageId, 'resolved')
    await recordAudit(tx, ctx, { action: 'message.reopen', subject: 'message', target: input.messageId })
  })
}

async function whyNot(tx: Tx, messageId: string, needed: string): Promise<DeskError> {
  const message = await tx.message.findUnique({ where: { id: messageId } })
  if (!message) return new DeskError('not-found', `No message ${messageId}.`)
  const details = { state: message.state, resolvedBy: message.resolvedBy, closedAt: message.closedAt }
  return new DeskError('conflict', `This message is ${message.state} by now, not ${needed}; nothing was changed.`, {
    details,
  })
}
