import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { parseWireTime } from '@/lib/marketplace'
import { seal, unseal } from '@/lib/secrets'
import type { KnownOrder } from './client'

type Row = { order_id: string; payload: Uint8Array; fetched_at: Date }

/**
 * Keeps what the marketplace told about an order, the newest answer of each line. An answer older than the stored one
 * changes nothing.
 */
export async function saveOrder(tx: Tx, order: KnownOrder): Promise<void> {
  const { fetchedAt = new Date(), ...fresh } = order
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`order:${order.orderId}`}, 0))`
  const stored = (await findOrders(tx, [order.orderId])).get(order.orderId)
  if (stored?.fetchedAt && stored.fetchedAt > fetchedAt) return
  // A query for one line may leave the others out.
  const told = new Set(fresh.lines.map(({ orderLineId }) => orderLineId))
  const kept = stored?.lines.filter(({ orderLineId }) => !told.has(orderLineId)) ?? []
  const lines = [...fresh.lines, ...kept].sort((a, b) => (a.orderLineId < b.orderLineId ? -1 : 1))
  const created = fresh.createTime ? parseWireTime(fresh.createTime, 'UTC') : null
  const row = {
    orderType: fresh.orderType,
    createdAt: created?.ok ? created.value : null,
    customerId: fresh.buyer?.customerId ?? null,
    payload: seal(JSON.stringify({ ...fresh, lines })),
    fetchedAt,
  }
  await tx.order.upsert({ where: { orderId: order.orderId }, create: { orderId: order.orderId, ...row }, update: row })
}

/** Stored orders by id; ids without one are left out. */
export async function findOrders(db: Tx, orderIds: string[]): Promise<Map<string, KnownOrder>> {
  if (orderIds.length === 0) return new Map()
  const rows = await db.$queryRaw<Row[]>(
    Prisma.sql`SELECT order_id, payload, fetched_at FROM orders WHERE order_id = ANY(${orderIds}::text[])`,
  )
  return new Map(rows.map((row) => [row.order_id, { ...JSON.parse(unseal(row.payload)), fetchedAt: row.fetched_at }]))
}

export async function findOrder(orderId: string): Promise<KnownOrder | null> {
  return (await findOrders(prisma(), [orderId])).get(orderId) ?? null
}
