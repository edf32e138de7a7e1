import { Prisma, prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { parseWireTime } from '@/lib/marketplace'
import { seal, unseal } from '@/lib/secrets'
import type { KnownOrder } from './client'

type Row = { order_id: string; payload: Uint8Array; fetched_at: Date }

/**
 * Keeps what the marketplace told about an order, the newest answer of each line. An answer older than the stored one
 * changes nothing.
 */
export async function saveOrder(tx: RawTx, order: KnownOrder): Promise<void> {
  await saveOrders(tx, [order])
}

/** The same for several at once; of two answers about one order the newer one counts. */
export async function saveOrders(tx: RawTx, orders: KnownOrder[]): Promise<void> {
  if (orders.length === 0) return
  const ids = [...new Set(orders.map(({ orderId }) => orderId))].sort()
  await tx.$executeRaw`
    SELECT pg_advisory_xact_lock(hashtextextended('order:' || id, 0)) FROM unnest(${ids}::text[]) AS id ORDER BY id`
  const known = await findOrders(tx, ids)
  const changed = new Map<string, Required<KnownOrder>>()
  for (const order of orders) {
    const merged = merge(changed.get(order.orderId) ?? known.get(order.orderId), order)
    if (merged) changed.set(order.orderId, merged)
  }
  if (changed.size === 0) return
  await tx.$executeRawUnsafe(writeOrders, JSON.stringify([...changed.values()].map(rowOf)))
}

/** Null: what is known is newer. */
function merge(known: KnownOrder | undefined, told: KnownOrder): Required<KnownOrder> | null {
  const { fetchedAt = new Date() } = told
  if (known?.fetchedAt && known.fetchedAt > fetchedAt) return null
  // A query for one line may leave the others out.
  const lineIds = new Set(told.lines.map(({ orderLineId }) => orderLineId))
  const kept = known?.lines.filter(({ orderLineId }) => !lineIds.has(orderLineId)) ?? []
  const lines = [...told.lines, ...kept].sort((a, b) => (a.orderLineId < b.orderLineId ? -1 : 1))
  return { ...told, lines, fetchedAt }
}

function rowOf({ fetchedAt, ...order }: Required<KnownOrder>) {
  const created = order.createTime ? parseWireTime(order.createTime, 'UTC') : null
  return {
    order_id: order.orderId,
    order_type: order.orderType,
    created_at: created?.ok ? created.value : null,
    customer_id: order.buyer?.customerId ?? null,
    payload: Buffer.from(seal(JSON.stringify(order))).toString('base64'),
    fetched_at: fetchedAt,
  }
}

const writeOrders = `
  INSERT INTO orders (order_id, order_type, created_at, customer_id, payload, fetched_at)
  SELECT order_id, order_type, created_at, customer_id, decode(payload, 'base64'), fetched_at
  FROM jsonb_to_recordset($1::jsonb)
    AS o(order_id text, order_type text, created_at timestamptz, customer_id text, payload text, fetched_at timestamptz)
  ON CONFLICT (order_id) DO UPDATE SET order_type = excluded.order_type, created_at = excluded.created_at,
    customer_id = excluded.customer_id, payload = excluded.payload, fetched_at = excluded.fetched_at`

/** Stored orders by id; ids without one are left out. */
export async function findOrders(db: RawTx, orderIds: string[]): Promise<Map<string, KnownOrder>> {
  if (orderIds.length === 0) return new Map()
  const rows = await db.$queryRaw<Row[]>(
    Prisma.sql`SELECT order_id, payload, fetched_at FROM orders WHERE order_id = ANY(${orderIds}::text[])`,
  )
  return new Map(rows.map((row) => [row.order_id, { ...JSON.parse(unseal(row.payload)), fetchedAt: row.fetched_at }]))
}

/** The order of a line, where it tells of that line: one asked for by line may leave the others out. */
export function orderWithLine<Order extends KnownOrder>(
  orders: Map<string, Order>,
  { orderId, orderLineId }: { orderId: string; orderLineId: string | null },
): Order | null {
  const order = orders.get(orderId)
  return order && (orderLineId === null || order.lines.some((line) => line.orderLineId === orderLineId)) ? order : null
}

export async function findOrder(orderId: string): Promise<KnownOrder | null> {
  return (await findOrders(prisma(), [orderId])).get(orderId) ?? null
}
