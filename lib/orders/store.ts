import { type Catalog, catalogNow } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { parseWireTime } from '@/lib/marketplace'
import { seal, unseal } from '@/lib/secrets'
import type { KnownOrder } from './client'
import { orderZone } from './zone'

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
  const changed = new Map<string, Told>()
  for (const order of orders) {
    const before = changed.get(order.orderId)
    const merged = merge(before ?? known.get(order.orderId), order)
    if (merged) changed.set(order.orderId, { ...merged, changed: merged.changed || (before?.changed ?? false) })
  }
  if (changed.size === 0) return
  const config = catalogNow()
  await tx.$executeRawUnsafe(writeOrders, JSON.stringify([...changed.values()].map((told) => rowOf(told, config))))
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

function rowOf({ fetchedAt, changed, ...order }: Told, config: Catalog | null) {
  const created = order.createTime ? parseWireTime(order.createTime, orderZone(order, config)) : null
  const bought = order.lines.flatMap((line) => line.products)
  const distinct = (values: (string | null)[]) => [...new Set(values.filter((value) => value !== null))]
  return {
    order_id: order.orderId,
    order_type: order.orderType,
    created_at: created?.ok ? created.value : null,
    customer_id: order.buyer?.customerId ?? null,
    customer_name: order.buyer?.customerName ?? null,
    product_ids: distinct(bought.map(({ productId }) => productId)),
    sku_codes: distinct(bought.map(({ skuCode }) => skuCode)),
    charging_modes: distinct(order.lines.map(({ chargingMode }) => chargingMode)),
    payload: Buffer.from(seal(JSON.stringify(order))).toString('base64'),
    fetched_at: fetchedAt,
    changed,
    answer_id: newId(),
  }
}

/** One statement: what an answer replaces is kept as an earlier answer if it said something else. */
const writeOrders = `
  WITH told AS (
    SELECT * FROM jsonb_to_recordset($1::jsonb)
      AS o(order_id text, order_type text, created_at timestamptz, customer_id text, customer_name text, product_ids text[],
        sku_codes text[], charging_modes text[], payload text, fetched_at timestamptz, changed boolean, answer_id uuid)
  ), superseded AS (
    INSERT INTO order_answers (id, order_id, payload, told_since, told_until)
    SELECT t.answer_id, o.order_id, o.payload, o.told_since, o.fetched_at
    FROM told t JOIN orders o USING (order_id) WHERE t.changed
  )
  INSERT INTO orders (order_id, order_type, created_at, customer_id, customer_name, product_ids, sku_codes,
    charging_modes, payload, fetched_at, told_since, listed_at)
  SELECT t.order_id, t.order_type, t.created_at, t.customer_id, t.customer_name, t.product_ids, t.sku_codes,
    t.charging_modes, decode(t.payload, 'base64'), t.fetched_at,
    CASE WHEN t.changed THEN t.fetched_at ELSE COALESCE(o.told_since, t.fetched_at) END,
    COALESCE(t.created_at, o.listed_at, t.fetched_at)
  FROM told t LEFT JOIN orders o USING (order_id)
  ON CONFLICT (order_id) DO UPDATE SET order_type = excluded.order_type, created_at = excluded.created_at,
    customer_id = excluded.customer_id, customer_name = excluded.customer_name, product_ids = excluded.product_ids,
    sku_codes = excluded.sku_codes, charging_modes = excluded.charging_modes, payload = excluded.payload,
    fetched_at = excluded.fetched_at, told_since = excluded.told_since, listed_at = excluded.listed_at`

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
