import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf, anyOf, countUpTo, startsWith } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { enqueue, enqueueMany, wakeJobs } from '@/lib/jobs'
import { type Context, requireRole } from '@/lib/users/context'
import { comparedFields } from './compare'
import { driftKinds, type FoundDrift, findDrifts } from './drift'
import { knowledgeOf } from './knowledge'

const time = z.iso.datetime().describe('ISO 8601, UTC')
export const driftStates = ['open', 'accepted', 'mended'] as const

export const driftItem = z
  .object({
    id: z.guid(),
    kind: z
      .enum(driftKinds)
      .describe(
        'no-call: the marketplace has an order nobody called about; no-order: calls about an order it did not tell; ' +
          'no-instance: calls that opened nothing; fields: an instance differs from its order',
      ),
    orderId: z.string(),
    orderLineId: z.string().nullable(),
    instanceId: z.string().nullable(),
    messageId: z.guid().nullable(),
    reason: z.string().nullable(),
    fields: z.array(
      z.object({ field: z.enum(comparedFields), order: z.string().nullable(), instance: z.string().nullable() }),
    ),
    state: z.enum(driftStates).describe('accepted: recorded as handled elsewhere'),
    customerName: z.string().nullable(),
    foundAt: time,
    checkedAt: time,
    closedAt: time.nullable(),
    closedBy: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'OrderDrift' })
export type DriftItem = z.output<typeof driftItem>

const filter = {
  state: z.enum(driftStates).default('open'),
  kind: z.enum(driftKinds).optional(),
  orderId: z.string().max(64).optional(),
  instanceId: z.string().max(64).optional(),
  q: z.string().trim().min(1).max(64).optional().describe('the start of an order or instance id'),
}
export const driftQuery = z.strictObject({ ...filter, ...pageQuery })

type Row = Omit<DriftItem, 'foundAt' | 'checkedAt' | 'closedAt'> & {
  foundAt: Date
  checkedAt: Date
  closedAt: Date | null
}

const columns = Prisma.raw(`
  d.id, d.kind, d.order_id AS "orderId", d.order_line_id AS "orderLineId", d.instance_id AS "instanceId",
  d.message_id AS "messageId", d.reason, d.fields, d.state, d.found_at AS "foundAt", d.checked_at AS "checkedAt",
  d.closed_at AS "closedAt", d.closed_by AS "closedBy", d.note,
  COALESCE(o.customer_name, (SELECT i.customer_name FROM instances i WHERE i.instance_id = d.instance_id)) AS "customerName"`)

/** Drifts, newest first. */
export async function listDrifts({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof driftQuery>
}): Promise<Page<DriftItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const is: Prisma.Sql[] = [Prisma.sql`d.state = ${query.state}`]
  if (query.kind) is.push(Prisma.sql`d.kind = ${query.kind}`)
  if (query.orderId) is.push(Prisma.sql`d.order_id = ${query.orderId}`)
  if (query.instanceId) is.push(Prisma.sql`d.instance_id = ${query.instanceId}`)
  if (query.q) is.push(anyOf([startsWith('d.order_id', query.q), startsWith('d.instance_id', query.q)]))
  const beyond = after ? [Prisma.sql`(d.found_at, d.id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT ${columns} FROM order_drifts d LEFT JOIN orders o USING (order_id)
      WHERE ${allOf([...is, ...beyond])} ORDER BY d.found_at DESC, d.id DESC LIMIT ${query.limit + 1}`,
    countUpTo(Prisma.sql`order_drifts d WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows.map(show), query, (row) => [row.foundAt, row.id]), total }
}

/** Every drift of an order that is not mended. */
export async function driftsOf(orderId: string): Promise<DriftItem[]> {
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM order_drifts d LEFT JOIN orders o USING (order_id)
    WHERE d.order_id = ${orderId} AND d.state <> 'mended' ORDER BY d.found_at DESC, d.id DESC`
  return rows.map(show)
}

function show(row: Row): DriftItem {
  return {
    ...row,
    foundAt: row.foundAt.toISOString(),
    checkedAt: row.checkedAt.toISOString(),
    closedAt: row.closedAt?.toISOString() ?? null,
  }
}

/** Compares these orders with what the desk has and writes down what differs; what no longer does is mended. */
export async function assessOrders(orderIds: string[]): Promise<void> {
  const ids = [...new Set(orderIds)]
  if (ids.length === 0) return
  const found = await findDrifts(await knowledgeOf(ids), ids)
  const at = new Date()
  await prisma().$transaction(async (tx) => {
    await tx.$executeRaw`
      SELECT pg_advisory_xact_lock(hashtextextended('drift:' || id, 0)) FROM unnest(${ids}::text[]) AS id ORDER BY id`
    await tx.$executeRawUnsafe(writeDrifts, JSON.stringify(found.map((drift) => rowOf(drift, at))))
    await tx.$executeRaw`
      UPDATE order_drifts SET state = 'mended', closed_at = ${at}, checked_at = ${at}
      WHERE order_id = ANY(${ids}::text[]) AND state <> 'mended' AND key <> ALL(${found.map(({ key }) => key)}::text[])`
  })
}

function rowOf(drift: FoundDrift, at: Date) {
  const { orderId, orderLineId, instanceId, messageId, ...same } = drift
  const ids = { order_id: orderId, order_line_id: orderLineId, instance_id: instanceId, message_id: messageId }
  return { id: newId(), ...same, ...ids, at }
}

/** What was accepted stays so for as long as nothing else is wrong. */
const writeDrifts = `
  INSERT INTO order_drifts AS d (id, key, kind, order_id, order_line_id, instance_id, message_id, reason, fields, state,
    found_at, checked_at)
  SELECT id, key, kind, order_id, order_line_id, instance_id, message_id, reason, fields, 'open', at, at
  FROM jsonb_to_recordset($1::jsonb) AS f(id uuid, key text, kind text, order_id text, order_line_id text,
    instance_id text, message_id uuid, reason text, fields jsonb, at timestamptz)
  ON CONFLICT (key) DO UPDATE SET
    instance_id = excluded.instance_id, message_id = excluded.message_id, reason = excluded.reason,
    fields = excluded.fields, checked_at = excluded.checked_at,
    state = CASE WHEN d.state = 'accepted' AND d.fields = excluded.fields THEN 'accepted' ELSE 'open' END,
    found_at = CASE WHEN d.state = 'mended' THEN excluded.found_at ELSE d.found_at END,
    closed_at = CASE WHEN d.state = 'accepted' AND d.fields = excluded.fields THEN d.closed_at END,
    closed_by = CASE WHEN d.state = 'accepted' AND d.fields = excluded.fields THEN d.closed_by END,
    note = CASE WHEN d.state = 'accepted' AND d.fields = excluded.fields THEN d.note END`

export const acceptSchema = z.strictObject({
  note: z.string().trim().min(1, 'say where it is handled').max(2000),
})

/** Records that a drift is handled outside the desk, until something else differs. Operators and above; audited. */
export async function acceptDrift({ ctx, input }: { ctx: Context; input: { id: string; note: string } }) {
  requireRole(ctx, 'operator')
  return close(ctx, input.id, { from: 'open', to: 'accepted', note: input.note })
}

/** Takes that back. */
export async function reopenDrift({ ctx, input }: { ctx: Context; input: { id: string } }) {
  requireRole(ctx, 'operator')
  return close(ctx, input.id, { from: 'accepted', to: 'open', note: null })
}

async function close(
  ctx: Context,
  id: string,
  { from, to, note }: { from: string; to: string; note: string | null },
): Promise<DriftItem> {
  await prisma().$transaction(async (tx) => {
    const known = await tx.orderDrift.findUnique({ where: { id } })
    if (!known) throw new DeskError('not-found', 'There is no such drift.')
    const closed =
      to === 'accepted' ? { closedAt: new Date(), closedBy: ctx.actor.name } : { closedAt: null, closedBy: null }
    const { count } = await tx.orderDrift.updateMany({
      where: { id, state: from },
      data: { state: to, note, ...closed },
    })
    if (count === 0) throw new DeskError('conflict', `This drift is ${known.state} meanwhile.`)
    const action = to === 'accepted' ? 'order.accept-drift' : 'order.reopen-drift'
    const data = { kind: known.kind, ...(note ? { note } : {}) }
    await recordAudit(tx, ctx, { action, subject: 'order', target: known.orderId, data })
  })
  const [row] = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM order_drifts d LEFT JOIN orders o USING (order_id) WHERE d.id = ${id}::uuid`
  if (!row) throw new DeskError('not-found', 'There is no such drift.')
  return show(row)
}

/** Compares everything again, in the background. Operators and above. */
export async function requestCheck({ ctx }: { ctx: Context }): Promise<{ queued: true }> {
  requireRole(ctx, 'operator')
  await prisma().$transaction((tx) => enqueue(tx, 'check-orders', {}, { key: 'by hand' }))
  wakeJobs('check-orders')
  return { queued: true }
}

const FETCH_LIMIT = 200

/**
 * Asks the marketplace, in the background, for every order that calls were about and that is not stored: at most 200 at
 * once, the newest first. Operators and above; audited.
 */
export async function fetchMissingOrders({ ctx }: { ctx: Context }): Promise<{ queued: number }> {
  requireRole(ctx, 'operator')
  if ((await catalog()).active('ak-sk').length === 0)
    throw new DeskError('conflict', 'No AK/SK is set up to ask the marketplace with.')
  return prisma().$transaction(async (tx) => {
    const missing = await tx.orderDrift.findMany({
      where: { kind: 'no-order', state: 'open' },
      orderBy: [{ foundAt: 'desc' }, { id: 'desc' }],
      take: FETCH_LIMIT,
    })
    await enqueueMany(
      tx,
      missing.map(({ orderId, orderLineId }) => ({
        name: 'fetch-order',
        data: { orderId, orderLineId },
        key: orderId,
      })),
    )
    await recordAudit(tx, ctx, { action: 'order.fetch-missing', subject: 'order', data: { orders: missing.length } })
    return { queued: missing.length }
  })
}

const TOGETHER = 300
const LOOKED_BACK = '400 days'

/** Compares every order and every call about one, of the last 400 days. Long: a background job's work. */
export async function checkOrders(signal?: AbortSignal): Promise<void> {
  for (let last = ''; !signal?.aborted; ) {
    const rows = await prisma().$queryRaw<{ id: string }[]>`
      SELECT order_id AS id FROM orders
      WHERE order_id > ${last} AND listed_at > now() - ${LOOKED_BACK}::interval ORDER BY order_id LIMIT ${TOGETHER}`
    if (rows.length === 0) break
    await assessOrders(rows.map(({ id }) => id))
    last = rows.at(-1)?.id ?? ''
  }
  for (let last = ''; !signal?.aborted; ) {
    const rows = await prisma().$queryRaw<{ id: string }[]>`
      SELECT DISTINCT m.order_id AS id FROM messages m
      WHERE m.order_id > ${last} AND NOT m.test AND m.last_at > now() - ${LOOKED_BACK}::interval
        AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.order_id = m.order_id)
      ORDER BY m.order_id LIMIT ${TOGETHER}`
    if (rows.length === 0) break
    await assessOrders(rows.map(({ id }) => id))
    last = rows.at(-1)?.id ?? ''
  }
}
