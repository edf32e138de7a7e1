import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { allOf, anyOf, countUpTo, productsNamed, startsWith } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema } from '@/lib/input'
import { unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'
import { nextEvent } from './state'
import { type Asked, requestKeys } from './store'
import {
  type LicenseKind,
  type LicenseReason,
  type LicenseState,
  licenseKinds,
  licenseReasons,
  licenseStates,
  nextEventTypes,
} from './types'

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const licenseItem = z
  .object({
    id: z.guid(),
    kind: z
      .enum(licenseKinds)
      .describe('license-id: a text (1.0), license-code: an activation code (2.0), license-online'),
    license: z.string().nullable().describe('masked; null while nothing is issued'),
    state: z.enum(licenseStates),
    reason: z.enum(licenseReasons).describe('why it is in that state'),
    nextEvent: z
      .object({
        type: z.enum(nextEventTypes),
        at: time.nullable().describe('in the past: overdue; null: nobody can say'),
      })
      .nullable()
      .describe('what is expected to happen next'),
    errorCode: z.string().nullable().describe('last word of the marketplace or the webhook'),
    error: z.string().nullable(),
    orderId: z.string().nullable(),
    orderLineId: z.string().nullable(),
    productId: z.string().nullable(),
    productName: z.string().nullable(),
    skuCode: z.string().nullable(),
    instanceId: z.string().nullable(),
    customerId: z.string().nullable(),
    customerName: z.string().nullable(),
    eventId: z.string().nullable(),
    amount: z.int().nullable(),
    effectiveAt: time.nullable(),
    expiresAt: time.nullable(),
    issuedAt: time.nullable(),
    deliveredAt: time.nullable().describe('when the marketplace got it'),
    activatedAt: time.nullable(),
    queriedAt: time.nullable(),
    releasedAt: time.nullable(),
    createdAt: time,
    test: z.boolean(),
  })
  .meta({ id: 'License', description: 'A licence text, an activation code, or the request of an online licence.' })
export type LicenseItem = z.output<typeof licenseItem>

const word = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(128)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)
    .optional()

/** States nobody at the desk has to do anything about. */
const settled: LicenseState[] = ['active', 'released', 'denied']

export const licenseQuery = z.strictObject({
  state: z
    .enum([...licenseStates, 'open', 'upload-failed'])
    .describe(
      'open: something is still to be done about it; upload-failed: issued, but the marketplace did not take it',
    )
    .optional(),
  kind: z.enum(licenseKinds).optional(),
  productId: word('a product of the desk by its id, or of the marketplace by its product id'),
  orderId: word('exactly this order'),
  instanceId: word('exactly this instance'),
  q: word('an activation code, or the start of an id: order, instance, customer, event; or of a customer name'),
  test: flagSchema.describe('true: only test licences, false: only real ones').optional(),
  expiresWithinDays: z.coerce.number().int().min(0).max(3660).optional(),
  ...pageQuery,
})

type Dates = 'effectiveAt' | 'expiresAt' | 'issuedAt' | 'deliveredAt' | 'activatedAt' | 'queriedAt' | 'releasedAt'
type Row = Omit<LicenseItem, Dates | 'createdAt' | 'license' | 'nextEvent'> & { [D in Dates]: Date | null } & {
  createdAt: Date
  hint: string | null
  callId: string | null
}

const columns = Prisma.raw(`
  l.id, l.kind, l.state, l.reason, l.error_code AS "errorCode", l.error, l.order_id AS "orderId",
  l.order_line_id AS "orderLineId", l.product_id AS "productId", p.name AS "productName", l.sku_code AS "skuCode",
  l.instance_id AS "instanceId", l.customer_id AS "customerId", l.customer_name AS "customerName", l.event_id AS "eventId",
  l.amount, l.effective_at AS "effectiveAt", l.expires_at AS "expiresAt", l.issued_at AS "issuedAt",
  l.delivered_at AS "deliveredAt", l.activated_at AS "activatedAt", l.queried_at AS "queriedAt",
  l.released_at AS "releasedAt", l.created_at AS "createdAt", l.test, l.hint, l.call_id AS "callId"`)

/** Licences, newest first. */
export async function listLicenses({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof licenseQuery>
}): Promise<Page<LicenseItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const is = conditions(query)
  const beyond = after ? [Prisma.sql`(l.created_at, l.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT ${columns} FROM (
        SELECT * FROM licenses l WHERE ${allOf([...is, ...beyond])}
        ORDER BY l.created_at DESC, l.id DESC LIMIT ${query.limit + 1}
      ) l LEFT JOIN products p ON p.id = l.product_ref
      ORDER BY l.created_at DESC, l.id DESC`,
    countUpTo(Prisma.sql`licenses l WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows.map(show), query, (item) => [item.createdAt, item.id]), total }
}

function conditions(query: z.output<typeof licenseQuery>): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (query.state === 'open') is.push(Prisma.sql`l.state <> ALL(${settled})`)
  else if (query.state === 'upload-failed') is.push(uploadFailed)
  else if (query.state) is.push(Prisma.sql`l.state = ${query.state}`)
  if (query.kind) is.push(Prisma.sql`l.kind = ${query.kind}`)
  if (query.orderId) is.push(Prisma.sql`l.order_id = ${query.orderId}`)
  if (query.instanceId) is.push(Prisma.sql`l.instance_id = ${query.instanceId}`)
  if (query.test !== undefined) is.push(Prisma.sql`l.test = ${query.test}`)
  if (query.productId) {
    const { productId } = query
    is.push(Prisma.sql`(l.product_id = ${productId} OR l.product_ref = ANY(${productsNamed(productId)}))`)
  }
  if (query.expiresWithinDays !== undefined) is.push(expiring(query.expiresWithinDays))
  if (query.q) is.push(matches(query.q))
  return is
}

const uploadFailed = Prisma.sql`l.state = 'issued' AND l.reason IN ('upload-failed', 'upload-refused')`

function expiring(days: number): Prisma.Sql {
  return Prisma.sql`l.state <> 'released' AND l.expires_at BETWEEN now() AND now() + make_interval(days => ${days}::int)`
}

function matches(q: string): Prisma.Sql {
  const keys = [requestKeys.code(q, false), requestKeys.code(q, true)]
  return anyOf([
    ...['l.order_id', 'l.instance_id', 'l.customer_id', 'l.event_id', 'l.customer_name'].map((column) =>
      startsWith(column, q),
    ),
    Prisma.sql`l.request_key = ANY(${keys})`,
    ...(isId(q) ? [Prisma.sql`l.id = ${q}::uuid`] : []),
  ])
}

function show({ hint, callId: _, ...row }: Row): LicenseItem {
  const iso = (at: Date | null) => at?.toISOString() ?? null
  const next = nextEvent(
    { ...row, kind: row.kind as LicenseKind, state: row.state as LicenseState, reason: row.reason as LicenseReason },
    new Date(),
  )
  return {
    ...row,
    license: hint,
    nextEvent: next && { type: next.type, at: iso(next.at) },
    effectiveAt: iso(row.effectiveAt),
    expiresAt: iso(row.expiresAt),
    issuedAt: iso(row.issuedAt),
    deliveredAt: iso(row.deliveredAt),
    activatedAt: iso(row.activatedAt),
    queriedAt: iso(row.queriedAt),
    releasedAt: iso(row.releasedAt),
    createdAt: row.createdAt.toISOString(),
  }
}

/** Licences of an order, or of one of these instances; the newest 50, newest first. */
export async function licensesAbout(orderId: string, instanceIds: string[]): Promise<LicenseItem[]> {
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM licenses l LEFT JOIN products p ON p.id = l.product_ref
    WHERE l.order_id = ${orderId} OR l.instance_id = ANY(${instanceIds}::text[])
    ORDER BY l.created_at DESC, l.id DESC LIMIT 50`
  return rows.map(show)
}

/** Real licences somebody has to look at. Counts stop after 10,000. */
export async function licenseFigures(): Promise<{ waiting: number; uploadFailed: number; expiring30: number }> {
  const count = (is: Prisma.Sql) => countUpTo(Prisma.sql`licenses l WHERE NOT l.test AND ${is}`)
  const [waiting, failed, expiring30] = await Promise.all([
    count(Prisma.sql`l.state = 'waiting'`),
    count(uploadFailed),
    count(expiring(30)),
  ])
  return { waiting, uploadFailed: failed, expiring30 }
}

/** Real licences that wait for somebody: not issued, or issued and not taken by the marketplace. */
export function countWaitingLicenses(): Promise<number> {
  return countUpTo(Prisma.sql`licenses WHERE state IN ('waiting', 'issued') AND NOT test`)
}

const timelineEntry = z
  .object({
    id: z.string(),
    at: time,
    kind: z.enum(['event', 'call', 'audit']),
    type: z.string().describe('type of the event, activity of the call, action of the audit entry'),
    data: z.record(z.string(), z.unknown()),
    callId: z.guid().nullable().optional(),
    actor: z.string().nullable().optional(),
  })
  .meta({ id: 'LicenseTimelineEntry' })
type TimelineEntry = z.output<typeof timelineEntry>

export const licenseDetail = licenseItem
  .extend({
    identificationCode: z.boolean().describe('it is bound to a system or hardware code'),
    deviceFingerprint: z.boolean().describe('it is bound to a device'),
    deliveryType: z.enum(['template', 'pool', 'webhook', 'manual']).nullable(),
    timeline: z.array(timelineEntry).describe('newest first, the newest 500'),
  })
  .meta({ id: 'LicenseDetail' })
export type LicenseDetail = z.output<typeof licenseDetail>

const LIMIT = 500

/** One licence with its timeline, by its id or the id the marketplace knows it by. Throws 'not-found'. */
export async function getLicense({ ctx, id }: { ctx: Context; id: string }): Promise<LicenseDetail> {
  requireRole(ctx, 'viewer')
  const named = Prisma.sql`(l.instance_id = ${id} AND l.kind = 'license-id')`
  const by = isId(id) ? Prisma.sql`(l.id = ${id}::uuid OR ${named})` : named
  const [row] = await prisma().$queryRaw<(Row & Bound)[]>`
    SELECT ${columns}, p.delivery_type AS "deliveryType", l.asked
    FROM licenses l LEFT JOIN products p ON p.id = l.product_ref WHERE ${by} ORDER BY l.id LIMIT 1`
  if (!row) throw new DeskError('not-found', `There is no licence ${id}.`)
  const { asked, deliveryType, ...facts } = row
  const { identificationCode, deviceFingerprint } = JSON.parse(unseal(asked)) as Asked
  const parts = await Promise.all([eventsOf(row.id), callsOf(row), auditOf(row.id)])
  const timeline = parts.flat().sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : a.id < b.id ? 1 : -1))
  return {
    ...show(facts),
    identificationCode: Boolean(identificationCode),
    deviceFingerprint: Boolean(deviceFingerprint),
    deliveryType,
    timeline: timeline.slice(0, LIMIT),
  }
}

type Bound = { asked: Uint8Array; deliveryType: 'template' | 'pool' | 'webhook' | 'manual' | null }

async function eventsOf(licenseId: string): Promise<TimelineEntry[]> {
  const events = await prisma().licenseEvent.findMany({
    where: { licenseId },
    orderBy: { position: 'desc' },
    take: LIMIT,
  })
  return events.map((event) => ({
    id: event.id,
    at: event.recordedAt.toISOString(),
    kind: 'event',
    type: event.type,
    data: { occurredAt: event.occurredAt.toISOString(), ...(event.data as object) },
    callId: event.callId,
    actor: event.actor,
  }))
}

type CallRow = { id: string; receivedAt: Date; activity: string; actor: string | null } & Record<string, unknown>

// An activation code's calls carry the id of its licence, an online licence's that of its instance.
async function callsOf({ id, instanceId, kind, orderId, test, callId }: Row): Promise<TimelineEntry[]> {
  const mine =
    kind === 'license-online'
      ? Prisma.sql`(instance_id = ${instanceId} AND activity = 'getLicenseAsync'
          AND message_id = (SELECT message_id FROM calls WHERE id = ${callId}::uuid))`
      : Prisma.sql`(instance_id = ANY(${[id, instanceId ?? id]})
          OR (order_id = ${orderId} AND protocol = 'license' AND instance_id IS NULL))`
  const rows = await prisma().$queryRaw<CallRow[]>`
    SELECT id, received_at AS "receivedAt", activity, source, result_code AS "resultCode", actor,
      CASE outcome WHEN 'received' THEN 'processing' ELSE outcome END AS outcome
    FROM calls WHERE ${mine} AND test = ${test} ORDER BY id DESC LIMIT ${LIMIT}`
  return rows.map(({ id: call, receivedAt, activity, actor, ...data }) => ({
    id: call,
    at: receivedAt.toISOString(),
    kind: 'call',
    type: activity,
    data,
    callId: call,
    actor,
  }))
}

async function auditOf(id: string): Promise<TimelineEntry[]> {
  const entries = await prisma().auditEntry.findMany({
    where: {
      subject: 'license',
      target: id,
      action: { notIn: ['license.issue', 'license.query', 'license.activate'] },
    },
    orderBy: { at: 'desc' },
    take: LIMIT,
  })
  return entries.map((entry) => ({
    id: entry.id,
    at: entry.at.toISOString(),
    kind: 'audit',
    type: entry.action,
    data: entry.data as Record<string, unknown>,
    actor: entry.actor,
  }))
}
