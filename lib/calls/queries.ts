import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { idFloor } from '@/lib/db/ids'
import { countUpTo, readPage } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { type Context, requireRole } from '@/lib/users/context'
import { callConditions, callFilter, messageConditions, messageFilter } from './filters'
import { retryWindowHours } from './retry-windows'
import { callSources, messageStates, type Protocol, protocols } from './types'

const time = z.iso.datetime().describe('ISO 8601, UTC')
const shownOutcomes = ['succeeded', 'processing', 'failed', 'rejected'] as const

export const callItem = z
  .object({
    id: z.guid(),
    messageId: z.guid().nullable(),
    receivedAt: time,
    protocol: z.enum(protocols),
    activity: z.string(),
    source: z.enum(callSources),
    outcome: z.enum(shownOutcomes),
    resultCode: z.string().nullable(),
    resultMsg: z.string().nullable(),
    orderId: z.string().nullable(),
    orderLineId: z.string().nullable(),
    businessId: z.string().nullable(),
    instanceId: z.string().nullable(),
    customerId: z.string().nullable(),
    test: z.boolean(),
    durationMs: z.int().nullable(),
    replayOf: z.guid().nullable().describe('the call this one ran again'),
    actor: z.string().nullable().describe('who asked for a replay'),
  })
  .meta({ id: 'Call', description: 'One request of the marketplace with our answer, or a replay of one.' })
export type CallItem = z.output<typeof callItem>

export const messageItem = z
  .object({
    id: z.guid(),
    protocol: z.enum(protocols),
    activity: z.string(),
    state: z.enum(messageStates),
    outcome: z.enum(shownOutcomes).describe('of the newest call'),
    attempts: z.int(),
    firstAt: time,
    lastAt: time,
    retryUntil: time.nullable().describe('until when the marketplace repeats the call by itself'),
    windowHours: z.number().nullable(),
    resultCode: z.string().nullable(),
    resultMsg: z.string().nullable(),
    orderId: z.string().nullable(),
    orderLineId: z.string().nullable(),
    instanceId: z.string().nullable(),
    customerId: z.string().nullable(),
    productName: z.string().nullable(),
    test: z.boolean(),
    replayable: z.boolean(),
    lastCallId: z.guid().describe('the newest call of the marketplace: what a replay runs again'),
    notifiedAt: time.nullable().describe('when the newest partner mail was sent or copied'),
    closedAt: time.nullable(),
    resolvedBy: z.string().nullable(),
    resolvedNote: z.string().nullable(),
  })
  .meta({ id: 'Message', description: 'All calls and replays about the same thing.' })
export type MessageItem = z.output<typeof messageItem>

export const callQuery = callFilter.extend(pageQuery)
export const messageQuery = messageFilter.extend(pageQuery)

type Times<T, K extends keyof T> = Omit<T, K> & { [Name in K]: Date | Extract<T[Name], null> }
type CallRow = Times<CallItem, 'receivedAt'>
type MessageRow = Times<
  Omit<MessageItem, 'windowHours' | 'replayable'>,
  'firstAt' | 'lastAt' | 'retryUntil' | 'notifiedAt' | 'closedAt'
>

const callColumns = Prisma.raw(`
  id, message_id AS "messageId", received_at AS "receivedAt", protocol, activity, source,
  CASE outcome WHEN 'received' THEN 'processing' ELSE outcome END AS outcome, result_code AS "resultCode",
  result_msg AS "resultMsg", order_id AS "orderId", order_line_id AS "orderLineId", business_id AS "businessId",
  instance_id AS "instanceId", customer_id AS "customerId", test, duration_ms AS "durationMs", replay_of AS "replayOf",
  actor`)

const messageColumns = Prisma.raw(`
  m.id, m.protocol, m.activity, m.state, CASE m.outcome WHEN 'received' THEN 'processing' ELSE m.outcome END AS outcome,
  m.attempts, m.first_at AS "firstAt", m.last_at AS "lastAt", m.retry_until AS "retryUntil",
  m.result_code AS "resultCode", m.result_msg AS "resultMsg", m.order_id AS "orderId", m.order_line_id AS "orderLineId",
  m.instance_id AS "instanceId", m.customer_id AS "customerId", p.name AS "productName", m.test,
  m.last_call_id AS "lastCallId", n."notifiedAt", m.closed_at AS "closedAt", m.resolved_by AS "resolvedBy",
  m.resolved_note AS "resolvedNote"`)

const messageTables = Prisma.raw(`
  LEFT JOIN products p ON p.id = m.product_ref
  LEFT JOIN LATERAL (
    SELECT max(created_at) AS "notifiedAt" FROM notices
    WHERE message_id = m.id AND kind = 'partner-mail' AND state IN ('sent', 'copied')
  ) n ON true`)

/** Calls, newest first. The payload is not read. */
export async function listCalls({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof callQuery>
}): Promise<Page<CallItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['id'])
  const { rows, total } = await readPage<CallRow>({
    table: 'calls',
    columns: callColumns,
    conditions: callConditions(query),
    beyond: after ? [Prisma.sql`id < ${after[0]}::uuid`] : [],
    order: Prisma.sql`id DESC`,
    limit: query.limit + 1,
    searched: query.q !== undefined,
  })
  return { ...cutPage(rows.map(showCall), query, (call) => [call.id]), total }
}

/** One call by id with its sealed payload. Throws 'not-found'. */
export async function findCall(id: string): Promise<{ item: CallItem; sealed: Uint8Array }> {
  const [row] = await prisma().$queryRaw<(CallRow & { sealed: Uint8Array })[]>`
    SELECT ${callColumns}, payload AS sealed FROM calls WHERE id = ${id}::uuid`
  if (!row) throw new DeskError('not-found', `There is no call ${id}.`)
  const { sealed, ...call } = row
  return { item: showCall(call), sealed }
}

/** Messages, the one with the newest call first. */
export async function listMessages({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof messageQuery>
}): Promise<Page<MessageItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const order = Prisma.sql`m.last_at DESC, m.id DESC`
  const { rows, total } = await readPage<MessageRow>({
    table: 'messages m',
    columns: Prisma.sql`m.*`,
    conditions: messageConditions(query),
    beyond: after ? [Prisma.sql`(m.last_at, m.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`] : [],
    order,
    limit: query.limit + 1,
    searched: query.q !== undefined,
    complete: (page) =>
      Prisma.sql`SELECT ${messageColumns}, m.total FROM (${page}) m ${messageTables} ORDER BY ${order}`,
  })
  return { ...cutPage(rows.map(showMessage), query, (message) => [message.lastAt, message.id]), total }
}

/** Real open failed messages: those whose window closes first, then the newest of the others. */
export async function urgentMessages(limit: number): Promise<MessageItem[]> {
  const rows = await prisma().$queryRaw<MessageRow[]>`
    SELECT ${messageColumns} FROM (
      (
        SELECT m.*, 1 AS part FROM messages m
        WHERE m.state = 'open' AND m.outcome = 'failed' AND NOT m.test
          AND coalesce(m.retry_until, 'infinity'::timestamptz) > now() AND m.retry_until IS NOT NULL
        ORDER BY coalesce(m.retry_until, 'infinity'::timestamptz), m.id LIMIT ${limit}
      ) UNION ALL (
        SELECT m.*, 2 AS part FROM messages m
        WHERE m.state = 'open' AND m.outcome = 'failed' AND NOT m.test
          AND (m.retry_until IS NULL OR m.retry_until <= now())
        ORDER BY m.last_at DESC, m.id DESC LIMIT ${limit}
      )
    ) m ${messageTables}
    ORDER BY m.part, CASE WHEN m.part = 1 THEN m.retry_until END, m.last_at DESC, m.id DESC LIMIT ${limit}`
  return rows.map(showMessage)
}

/** One message by id. Throws 'not-found'. */
export async function findMessage(id: string): Promise<MessageItem> {
  const [row] = await prisma().$queryRaw<MessageRow[]>`
    SELECT ${messageColumns} FROM messages m ${messageTables} WHERE m.id = ${id}::uuid`
  if (!row) throw new DeskError('not-found', `There is no message ${id}.`)
  return showMessage(row)
}

/** The attempts of a message, newest first, at most 200. */
export async function callsOfMessage(id: string): Promise<CallItem[]> {
  const rows = await prisma().$queryRaw<CallRow[]>`
    SELECT ${callColumns} FROM calls WHERE message_id = ${id}::uuid ORDER BY id DESC LIMIT 200`
  return rows.map(showCall)
}

/** How many messages failed and are open, real ones only, up to 10,001. */
export function countOpenMessages(): Promise<number> {
  return countUpTo(Prisma.sql`messages WHERE state = 'open' AND outcome = 'failed' AND NOT test`)
}

export const hourItem = z
  .object({
    at: time.describe('begin of the hour'),
    succeeded: z.int(),
    processing: z.int(),
    failed: z.int(),
    rejected: z.int().describe('refused at the door: the kept sample, not all of them'),
    p50Ms: z.number().nullable().describe('answer time'),
    p99Ms: z.number().nullable(),
  })
  .meta({ id: 'CallHour' })
type HourItem = z.output<typeof hourItem>

const HOUR_MS = 3_600_000

/** The marketplace's real calls of the last `hours` hours (this one included), oldest first, quiet hours as zeros. */
export async function callsPerHour({ ctx, hours }: { ctx: Context; hours: number }): Promise<HourItem[]> {
  requireRole(ctx, 'viewer')
  const last = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
  const first = last - (hours - 1) * HOUR_MS
  const rows = await prisma().$queryRaw<(Omit<HourItem, 'at'> & { at: Date })[]>`
    SELECT date_trunc('hour', received_at, 'UTC') AS at,
      count(*) FILTER (WHERE outcome = 'succeeded')::int AS succeeded,
      count(*) FILTER (WHERE outcome IN ('processing', 'received'))::int AS processing,
      count(*) FILTER (WHERE outcome = 'failed')::int AS failed,
      count(*) FILTER (WHERE outcome = 'rejected')::int AS rejected,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE outcome <> 'rejected') AS "p50Ms",
      percentile_disc(0.99) WITHIN GROUP (ORDER BY duration_ms) FILTER (WHERE outcome <> 'rejected') AS "p99Ms"
    FROM calls WHERE id >= ${idFloor(first)}::uuid AND source = 'marketplace' AND NOT test
    GROUP BY 1`
  const known = new Map(rows.map((row) => [row.at.getTime(), row]))
  const quiet = { succeeded: 0, processing: 0, failed: 0, rejected: 0, p50Ms: null, p99Ms: null }
  return Array.from({ length: hours }, (_, step) => {
    const at = first + step * HOUR_MS
    return { ...quiet, ...known.get(at), at: new Date(at).toISOString() }
  })
}

function showCall(row: CallRow): CallItem {
  return { ...row, receivedAt: row.receivedAt.toISOString() }
}

function showMessage(row: MessageRow): MessageItem {
  return {
    ...row,
    firstAt: row.firstAt.toISOString(),
    lastAt: row.lastAt.toISOString(),
    retryUntil: row.retryUntil?.toISOString() ?? null,
    notifiedAt: row.notifiedAt?.toISOString() ?? null,
    closedAt: row.closedAt?.toISOString() ?? null,
    windowHours: retryWindowHours(row.protocol as Protocol, row.activity),
    replayable: row.outcome !== 'rejected' && row.protocol.startsWith('saas-'),
  }
}
