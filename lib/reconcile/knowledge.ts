import { Prisma, prisma } from '@/lib/db/client'
import { findInstances, type InstanceItem } from '@/lib/instances'
import { findOrders, type KnownOrder } from '@/lib/orders'
import type { Since } from './compare'

export type KnownMessage = {
  id: string
  orderId: string
  orderLineId: string | null
  activity: string
  state: 'open' | 'succeeded' | 'resolved'
  outcome: string
  resultCode: string | null
  instanceId: string | null
  test: boolean
  firstAt: Date
  lastAt: Date
  retryUntil: Date | null
}

export type Knowledge = {
  orders: Map<string, KnownOrder>
  messages: KnownMessage[]
  instances: InstanceItem[]
  /** by instance */
  since: Map<string, Since>
  /** orders the marketplace did not tell when it was asked last, and why */
  refused: Map<string, string>
}

/** What the desk knows of these orders: what the marketplace told, the calls about them, the instances they concern. */
export async function knowledgeOf(orderIds: string[]): Promise<Knowledge> {
  const [orders, messages, refusedRows] = await Promise.all([
    findOrders(prisma(), orderIds),
    prisma().$queryRaw<KnownMessage[]>`
      SELECT id, order_id AS "orderId", order_line_id AS "orderLineId", activity, state,
        CASE outcome WHEN 'received' THEN 'processing' ELSE outcome END AS outcome, result_code AS "resultCode",
        instance_id AS "instanceId", test, first_at AS "firstAt", last_at AS "lastAt", retry_until AS "retryUntil"
      FROM messages WHERE order_id = ANY(${orderIds}::text[]) ORDER BY last_at DESC, id DESC LIMIT 5000`,
    prisma().$queryRaw<{ orderId: string; family: string }[]>`
      SELECT order_id AS "orderId", family FROM (
        SELECT DISTINCT ON (order_id) order_id, family, outcome FROM order_look_ups
        WHERE order_id = ANY(${orderIds}::text[]) ORDER BY order_id, at DESC, id DESC
      ) newest WHERE outcome = 'failed'`,
  ])
  const about = messages.flatMap(({ instanceId }) => instanceId ?? [])
  const ids = await prisma().$queryRaw<{ id: string }[]>`
    SELECT instance_id AS id FROM instances
    WHERE order_id = ANY(${orderIds}::text[]) OR instance_id = ANY(${[...new Set(about)]}::text[])`
  const instances = await findInstances(ids.map(({ id }) => id))
  const since = await sinceOf(instances.map(({ instanceId }) => instanceId))
  return { orders, messages, instances, since, refused: new Map(refusedRows.map((row) => [row.orderId, row.family])) }
}

/** The order (or line) of the newest applied renewal and upgrade of each instance. */
export async function sinceOf(instanceIds: string[]): Promise<Map<string, Since>> {
  const none = new Map(instanceIds.map((id) => [id, { renewal: null, upgrade: null } as Since]))
  if (instanceIds.length === 0) return none
  const rows = await prisma().$queryRaw<{ instanceId: string; type: string; key: string }[]>(Prisma.sql`
    SELECT DISTINCT ON (instance_id, type = 'upgraded')
      instance_id AS "instanceId", type, dedupe_key AS key
    FROM instance_events
    WHERE instance_id = ANY(${instanceIds}::text[]) AND applied
      AND type IN ('renewed', 'converted', 'renewal-refunded', 'upgraded')
    ORDER BY instance_id, type = 'upgraded', position DESC`)
  for (const { instanceId, type, key } of rows) {
    const known = none.get(instanceId)
    // After a refund no order's term holds any more.
    const order = type === 'renewal-refunded' ? key : key.slice(key.indexOf(':') + 1)
    if (known) known[type === 'upgraded' ? 'upgrade' : 'renewal'] = order
  }
  return none
}
