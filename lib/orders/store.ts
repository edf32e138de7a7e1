import { type Catalog, catalogNow } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { type Columns, insertion, insertRows, jsonRows, type Row } from '@/lib/db/rows'
import { parseWireTime } from '@/lib/marketplace'
import { seal, unseal } from '@/lib/secrets'
import type { KnownOrder } from './client'
import { orderZone } from './zone'

type Stored = { order_id: string; payload: Uint8Array; fetched_at: Date; told_since: Date; listed_at: Date }

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
  const stored = new Map((await readOrders(tx, ids)).map((row) => [row.order_id, row]))
  const merged = new Map<string, Told>()
  for (const order of orders) {
    const row = stored.get(order.orderId)
    const before = merged.get(order.orderId)
    const told = merge(before ?? (row && orderOf(row)), order)
    if (told) merged.set(order.orderId, { ...told, changed: told.changed || (before?.changed ?? false) })
  }
  if (merged.size === 0) return
  const config = catalogNow()
  const told = [...merged.values()]
  const writes: Promise<unknown>[] = []
  const changed = new Set(told.filter((order) => order.changed).map(({ orderId }) => orderId))
  const superseded = [...stored.values()].filter((row) => changed.has(row.order_id))
  if (superseded.length > 0) writes.push(insertRows(tx, 'order_answers', answerColumns, superseded.map(answerOf)))
  const rows = told.map((order) => rowOf(order, stored.get(order.orderId), config))
  writes.push(tx.$executeRawUnsafe(writeOrders, jsonRows(rows)))
  await Promise.all(writes)
}

type Told = Required<KnownOrder> & {
  /** the content differs from what was stored */
  changed: boolean
}

/** Null: what is known is newer. */
function merge(known: KnownOrder | undefined, told: KnownOrder): Told | null {
  const { fetchedAt = new Date() } = told
  if (known?.fetchedAt && known.fetchedAt > fetchedAt) return null
  // A query for one line may leave the others out.
  const lineIds = new Set(told.lines.map(({ orderLineId }) => orderLineId))
  const kept = known?.lines.filter(({ orderLineId }) => !lineIds.has(orderLineId)) ?? []
  const lines = [...told.lines, ...kept].sort((a, b) => (a.orderLineId < b.orderLineId ? -1 : 1))
  const merged = { ...told, lines, fetchedAt }
  return { ...merged, changed: known !== undefined && contentOf(known) !== contentOf(merged) }
}

/** What the marketplace said, without when: members in order, so that equal answers are equal texts. */
function contentOf({ fetchedAt: _, changed: __, ...order }: KnownOrder & { changed?: boolean }): string {
  return JSON.stringify(order, (_key, value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  )
}

const orderColumns: Columns = {
  order_id: 'text',
  order_type: 'text',
  created_at: 'timestamptz',
  customer_id: 'text',
  customer_name: 'text',
  product_ids: 'text[]',
  sku_codes: 'text[]',
  charging_modes: 'text[]',
  payload: 'bytea',
  fetched_at: 'timestamptz',
  told_since: 'timestamptz',
  listed_at: 'timestamptz',
}

// No join: the server may plan one to read all orders.
const writeOrders = `${insertion('orders', orderColumns)}
  ON CONFLICT (order_id) DO UPDATE SET ${Object.keys(orderColumns)
    .map((name) => `${name} = excluded.${name}`)
    .join(', ')}`

function rowOf({ fetchedAt, changed, ...order }: Told, stored: Stored | undefined, config: Catalog | null): Row {
  const created = order.createTime ? parseWireTime(order.createTime, orderZone(order, config)) : null
  const createdAt = created?.ok ? created.value : null
  const bought = order.lines.flatMap((line) => line.products)
  const distinct = (values: (string | null)[]) => [...new Set(values.filter((value) => value !== null))]
  return {
    order_id: order.orderId,
    order_type: order.orderType,
    created_at: createdAt,
    customer_id: order.buyer?.customerId ?? null,
    customer_name: order.buyer?.customerName ?? null,
    product_ids: distinct(bought.map(({ productId }) => productId)),
    sku_codes: distinct(bought.map(({ skuCode }) => skuCode)),
    charging_modes: distinct(order.lines.map(({ chargingMode }) => chargingMode)),
    payload: seal(JSON.stringify(order)),
    fetched_at: fetchedAt,
    told_since: stored && !changed ? stored.told_since : fetchedAt,
    listed_at: createdAt ?? stored?.listed_at ?? fetchedAt,
  }
}

const answerColumns: Columns = {
  id: 'uuid',
  order_id: 'text',
  payload: 'bytea',
  told_since: 'timestamptz',
  told_until: 'timestamptz',
}

/** What an answer replaces is kept as an earlier answer if it said something else. */
function answerOf({ order_id, payload, told_since, fetched_at }: Stored): Row {
  return { id: newId(), order_id, payload, told_since, told_until: fetched_at }
}

async function readOrders(db: RawTx, orderIds: string[]): Promise<Stored[]> {
  if (orderIds.length === 0) return []
  return db.$queryRaw<Stored[]>(
    Prisma.sql`SELECT order_id, payload, fetched_at, told_since, listed_at FROM orders
      WHERE order_id = ANY(${orderIds}::text[])`,
  )
}

const orderOf = ({ payload, fetched_at }: Stored): KnownOrder => ({
  ...JSON.parse(unseal(payload)),
  fetchedAt: fetched_at,
})

/** Stored orders by id; ids without one are left out. */
export async function findOrders(db: RawTx, orderIds: string[]): Promise<Map<string, KnownOrder>> {
  return new Map((await readOrders(db, orderIds)).map((row) => [row.order_id, orderOf(row)]))
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
