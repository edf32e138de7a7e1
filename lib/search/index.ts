import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { startsWith } from '@/lib/db/where'
import { type Context, requireRole } from '@/lib/users/context'

const kinds = ['message', 'call', 'instance', 'order', 'customer', 'license', 'tenant'] as const

export const searchQuery = z.strictObject({
  q: z
    .string()
    .trim()
    .min(2)
    .max(80)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe('an id, or the start of one; or the start of a customer name'),
})

export const searchHit = z
  .object({
    kind: z.enum(kinds),
    id: z.string(),
    title: z.string(),
    hint: z.string().nullable(),
    activity: z.string().nullable().describe('of a message or call'),
    state: z.string().nullable().describe('of a message or instance, outcome of a call'),
    exact: z.boolean().describe('the whole id was given'),
    path: z.string().describe('the page of the desk about it'),
  })
  .meta({ id: 'SearchHit' })
type Hit = z.output<typeof searchHit>

const EACH = 5

/** Finds things by the beginning of their ids, at most five of a kind, exact ones first. Only looks into indexes. */
export async function search({ ctx, q }: { ctx: Context; q: string }): Promise<Hit[]> {
  requireRole(ctx, 'viewer')
  const hits = (
    await Promise.all([
      instances(q),
      orders(q),
      customers(q),
      messages(q),
      licenses(q),
      tenants(q),
      ...(isId(q) ? [calls(q)] : []),
    ])
  ).flat()
  return hits.sort((a, b) => Number(b.exact) - Number(a.exact))
}

const is = (id: string | null, q: string) => id?.toLowerCase() === q.toLowerCase()

async function instances(q: string): Promise<Hit[]> {
  type Row = {
    id: string
    businessId: string | null
    lineId: string | null
    customer: string | null
    state: string
    product: string | null
  }
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT i.instance_id AS id, i.business_id AS "businessId", i.order_line_id AS "lineId", i.customer_name AS customer,
      i.state, p.name AS product
    FROM (
      (SELECT * FROM instances WHERE ${startsWith('instance_id', q)} LIMIT ${EACH})
      UNION (SELECT * FROM instances WHERE business_id = ${q} LIMIT ${EACH})
      UNION (SELECT * FROM instances WHERE ${startsWith('order_line_id', q)} LIMIT ${EACH})
    ) i LEFT JOIN products p ON p.id = i.product_ref LIMIT ${EACH}`
  return rows.map(({ id, businessId, lineId, customer, state, product }) => ({
    kind: 'instance',
    id,
    title: id,
    hint: [customer, product].filter(Boolean).join(' · ') || null,
    activity: null,
    state,
    exact: is(id, q) || is(businessId, q) || is(lineId, q),
    path: `/instances/${encodeURIComponent(id)}`,
  }))
}

async function orders(q: string): Promise<Hit[]> {
  type Row = { id: string; customer: string | null }
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT id, max(customer) AS customer FROM (
      (SELECT order_id AS id, NULL AS customer FROM orders WHERE ${startsWith('order_id', q)} LIMIT ${EACH})
      UNION ALL (SELECT order_id, customer_name FROM instances WHERE ${startsWith('order_id', q)} LIMIT ${EACH})
      UNION ALL (SELECT order_id, NULL FROM messages WHERE ${startsWith('order_id', q)} LIMIT ${EACH})
    ) found GROUP BY id ORDER BY id DESC LIMIT ${EACH}`
  return rows.map(({ id, customer }) => ({
    kind: 'order',
    id,
    title: id,
    hint: customer,
    activity: null,
    state: null,
    exact: is(id, q),
    path: `/calls?view=messages&test=both&q=${encodeURIComponent(id)}`,
  }))
}

async function customers(q: string): Promise<Hit[]> {
  type Row = { id: string; name: string | null }
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT customer_id AS id, max(customer_name) AS name FROM (
      (SELECT customer_id, customer_name FROM instances WHERE ${startsWith('customer_id', q)} LIMIT 100)
      UNION ALL (SELECT customer_id, customer_name FROM instances WHERE ${startsWith('customer_name', q)} LIMIT 100)
    ) found WHERE customer_id IS NOT NULL GROUP BY customer_id LIMIT ${EACH}`
  return rows.map(({ id, name }) => ({
    kind: 'customer',
    id,
    title: name ?? id,
    hint: name ? id : null,
    activity: null,
    state: null,
    exact: is(id, q) || is(name, q),
    path: `/instances?customerId=${encodeURIComponent(id)}`,
  }))
}

async function messages(q: string): Promise<Hit[]> {
  type Row = { id: string; activity: string; state: string; orderId: string | null; instanceId: string | null }
  const byId = isId(q) ? Prisma.sql`id = ${q}::uuid` : Prisma.sql`false`
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT id, activity, state, order_id AS "orderId", instance_id AS "instanceId" FROM (
      (SELECT * FROM messages WHERE ${byId})
      UNION (SELECT * FROM messages WHERE ${startsWith('order_id', q)} ORDER BY order_id LIMIT 50)
      UNION (SELECT * FROM messages WHERE ${startsWith('instance_id', q)} ORDER BY instance_id LIMIT 50)
    ) m ORDER BY (state = 'open') DESC, last_at DESC LIMIT ${EACH}`
  return rows.map(({ id, activity, state, orderId, instanceId }) => ({
    kind: 'message',
    id,
    title: orderId ?? instanceId ?? id,
    hint: null,
    activity,
    state,
    exact: is(id, q),
    path: `/calls/messages/${id}`,
  }))
}

async function licenses(q: string): Promise<Hit[]> {
  type Row = {
    id: string
    orderId: string | null
    instanceId: string | null
    eventId: string | null
    customer: string | null
  }
  const found = (is: Prisma.Sql) =>
    Prisma.sql`(SELECT id, order_id, instance_id, event_id, customer_name FROM licenses WHERE ${is} LIMIT ${EACH})`
  const either = ['order_id', 'instance_id', 'event_id'].map((column) => found(startsWith(column, q)))
  const byId = isId(q) ? [found(Prisma.sql`id = ${q}::uuid`)] : []
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT id, order_id AS "orderId", instance_id AS "instanceId", event_id AS "eventId", customer_name AS customer
    FROM (${Prisma.join([...byId, ...either], ' UNION ')}) l ORDER BY id DESC LIMIT ${EACH}`
  return rows.map(({ id, orderId, instanceId, eventId, customer }) => ({
    kind: 'license',
    id,
    title: orderId ?? instanceId ?? eventId ?? id,
    hint: customer,
    activity: null,
    state: null,
    exact: is(id, q) || is(eventId, q),
    path: `/licenses/${id}`,
  }))
}

async function tenants(q: string): Promise<Hit[]> {
  type Row = { id: string; tenantId: string; name: string | null }
  const byId = isId(q) ? Prisma.sql`id = ${q}::uuid` : Prisma.sql`false`
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT id, tenant_id AS "tenantId", name FROM tenants
    WHERE ${byId} OR ${startsWith('tenant_id', q)} OR ${startsWith('name', q)} ORDER BY id DESC LIMIT ${EACH}`
  return rows.map(({ id, tenantId, name }) => ({
    kind: 'tenant',
    id,
    title: name ?? tenantId,
    hint: name ? tenantId : null,
    activity: null,
    state: null,
    exact: is(id, q) || is(tenantId, q) || is(name, q),
    path: `/tenants/${id}`,
  }))
}

async function calls(q: string): Promise<Hit[]> {
  const call = await prisma().call.findUnique({
    where: { id: q },
    select: { id: true, activity: true, outcome: true, orderId: true, instanceId: true },
  })
  if (!call) return []
  return [
    {
      kind: 'call',
      id: call.id,
      title: call.orderId ?? call.instanceId ?? call.id,
      hint: null,
      activity: call.activity,
      state: call.outcome,
      exact: true,
      path: `/calls/${call.id}`,
    },
  ]
}
