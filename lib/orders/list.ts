import { z } from 'zod'
import { catalog } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { allOf, anyOf, countUpTo, startsWith } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema } from '@/lib/input'
import { mockOrderIds } from '@/lib/marketplace'
import { unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'
import type { KnownOrder } from './client'
import { viewOrder } from './view'
import { orderZone } from './zone'

export const orderTypes = ['NEW', 'TRIAL', 'TRIAL_TO_FORMAL', 'UNSUBSCRIBE', 'RENEW', 'CHANGE'] as const
export const chargingModes = ['PERIOD', 'ONE_TIME', 'ON_DEMAND', 'ON_DEMAND_PKG'] as const

const time = z.iso.datetime().describe('ISO 8601, UTC')
const text = z.string().nullable()

export const orderItem = z
  .object({
    orderId: z.string(),
    orderType: z.string(),
    createdAt: time.nullable(),
    fetchedAt: time,
    lines: z.int(),
    productName: text.describe('of the desk, else as the order names it'),
    chargingMode: text,
    periodType: text,
    periodNumber: z.number().nullable(),
    quantity: z.number().nullable(),
    expiresAt: time.nullable(),
    customerId: text,
    customerName: text,
    amount: text.describe('exact decimal, the sum of the lines; null when one of them has none'),
    amountAfterDiscount: text,
    supervision: text.describe('the state staff noted last'),
    openDrifts: z.int(),
    mock: z.boolean(),
  })
  .meta({ id: 'OrderItem', description: 'A stored order in a list; of several lines the first is shown.' })
export type OrderItem = z.output<typeof orderItem>

const word = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)
    .optional()
const instant = (what: string) =>
  z.iso
    .datetime({ offset: true, error: 'is not an ISO 8601 time with a zone, such as 2026-01-31T16:00:00Z' })
    .transform((given) => new Date(given).toISOString())
    .describe(what)
    .optional()

const filter = {
  q: word('an order or line id, a customer id, or the start of one; or the start of a customer name'),
  orderType: z.enum(orderTypes).optional(),
  chargingMode: z.enum(chargingModes).optional(),
  productId: word('a product of the desk by its id, or of the marketplace by its product id'),
  customerId: word('exactly this customer'),
  from: instant('created not before this time'),
  to: instant('created before this time'),
  drift: flagSchema.describe('true: only orders with an open drift').optional(),
  mock: flagSchema.describe("true: only the marketplace's mock orders; without it they are left out").default(false),
}
export const orderFilter = z.strictObject(filter)
export const orderQuery = orderFilter.extend(pageQuery)

type Row = {
  orderId: string
  payload: Uint8Array
  fetchedAt: Date
  listedAt: Date
  supervision: string | null
  openDrifts: number
}

/** Stored orders, the newest first by when they were created (told first, where that is not known). */
export async function listOrders({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof orderQuery>
}): Promise<Page<OrderItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'text'])
  const is = await conditions(query)
  const beyond = after ? [Prisma.sql`(o.listed_at, o.order_id) < (${after[0]}::timestamptz, ${after[1]})`] : []
  const [rows, total] = await Promise.all([
    prisma().$queryRaw<Row[]>`
      SELECT o.order_id AS "orderId", o.payload, o.fetched_at AS "fetchedAt", o.listed_at AS "listedAt", s.state AS supervision,
        (SELECT count(*)::int FROM order_drifts d WHERE d.order_id = o.order_id AND d.state = 'open') AS "openDrifts"
      FROM (
        SELECT * FROM orders o WHERE ${allOf([...is, ...beyond])}
        ORDER BY o.listed_at DESC, o.order_id DESC LIMIT ${query.limit + 1}
      ) o LEFT JOIN LATERAL (
        SELECT state FROM supervision_notes WHERE order_id = o.order_id ORDER BY at DESC, id DESC LIMIT 1
      ) s ON true
      ORDER BY o.listed_at DESC, o.order_id DESC`,
    countUpTo(Prisma.sql`orders o WHERE ${allOf(is)}`),
  ])
  const page = cutPage(rows, query, (row) => [row.listedAt.toISOString(), row.orderId])
  const config = await catalog()
  return { items: page.items.map((row) => show(row, config)), nextCursor: page.nextCursor, total }
}

/** Every order of a filter, page after page, for a file. */
export async function* everyOrder({
  ctx,
  filter: given,
}: {
  ctx: Context
  filter: z.output<typeof orderFilter>
}): AsyncGenerator<OrderItem[]> {
  let cursor: string | undefined
  do {
    const page = await listOrders({ ctx, query: { ...given, limit: 200, cursor } })
    yield page.items
    cursor = page.nextCursor ?? undefined
  } while (cursor)
}

async function conditions(query: z.output<typeof orderFilter>): Promise<Prisma.Sql[]> {
  const mocks = Prisma.sql`o.order_id = ANY(${[...mockOrderIds]}::text[])`
  const is: Prisma.Sql[] = [query.mock ? mocks : Prisma.sql`NOT ${mocks}`]
  if (query.orderType) is.push(Prisma.sql`o.order_type = ${query.orderType}`)
  if (query.chargingMode) is.push(Prisma.sql`${query.chargingMode} = ANY(o.charging_modes)`)
  if (query.customerId) is.push(Prisma.sql`o.customer_id = ${query.customerId}`)
  if (query.from) is.push(Prisma.sql`o.listed_at >= ${query.from}::timestamptz`)
  if (query.to) is.push(Prisma.sql`o.listed_at < ${query.to}::timestamptz`)
  if (query.productId) {
    const { products } = await catalog()
    const meant = products.filter(
      ({ id, productIds }) =>
        (isId(query.productId ?? '') && id === query.productId) || productIds.includes(query.productId ?? ''),
    )
    const productIds = [query.productId, ...meant.flatMap((product) => product.productIds)]
    const skuCodes = meant.flatMap((product) => product.skuCodes)
    is.push(Prisma.sql`(o.product_ids && ${productIds}::text[] OR o.sku_codes && ${skuCodes}::text[])`)
  }
  if (query.drift !== undefined) {
    const drifts = Prisma.sql`EXISTS (SELECT 1 FROM order_drifts d WHERE d.order_id = o.order_id AND d.state = 'open')`
    is.push(query.drift ? drifts : Prisma.sql`NOT ${drifts}`)
  }
  if (query.q) {
    const columns = ['o.order_id', 'o.customer_id', 'o.customer_name']
    const orderOfLine = query.q.replace(/-\d+$/, '')
    is.push(
      anyOf([...columns.map((column) => startsWith(column, query.q ?? '')), Prisma.sql`o.order_id = ${orderOfLine}`]),
    )
  }
  return is
}

function show(row: Row, config: Awaited<ReturnType<typeof catalog>>): OrderItem {
  const order = { ...(JSON.parse(unseal(row.payload)) as KnownOrder), fetchedAt: row.fetchedAt }
  const shown = viewOrder(order, { timeZone: orderZone(order, config), masked: true })
  const [line] = shown.lines
  const [bought] = line?.products ?? []
  const product = bought && config.find(bought.productId, bought.skuCode)
  return {
    orderId: shown.orderId,
    orderType: shown.orderType,
    createdAt: shown.createdAt,
    fetchedAt: shown.fetchedAt,
    lines: shown.lines.length,
    productName: product?.name ?? bought?.productName ?? null,
    chargingMode: line?.chargingMode ?? null,
    periodType: line?.periodType ?? null,
    periodNumber: line?.periodNumber ?? null,
    quantity: bought?.linearValue ?? null,
    expiresAt: line?.expiresAt ?? null,
    customerId: shown.buyer?.customerId ?? null,
    customerName: shown.buyer?.customerName ?? null,
    amount: sumOf(shown.lines.map(({ amount }) => amount)),
    amountAfterDiscount: sumOf(shown.lines.map(({ amountAfterDiscount }) => amountAfterDiscount)),
    supervision: row.supervision,
    openDrifts: row.openDrifts,
    mock: (mockOrderIds as readonly string[]).includes(shown.orderId),
  }
}

/** The exact sum of decimal texts; null when one is missing or is no plain decimal. A single one stays as it is written. */
export function sumOf(amounts: (string | null)[]): string | null {
  const [only, ...others] = amounts
  if (others.length === 0) return only ?? null
  const parts = amounts.map((amount) => /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(amount ?? ''))
  if (parts.some((part) => part === null)) return null
  const scale = Math.max(...parts.map((part) => part?.[3]?.length ?? 0))
  const total = parts.reduce((sum, part) => {
    const [, sign = '', whole = '0', fraction = ''] = part ?? []
    const digits = BigInt(whole + fraction.padEnd(scale, '0'))
    return sum + (sign === '-' ? -digits : digits)
  }, 0n)
  const digits = (total < 0n ? -total : total).toString().padStart(scale + 1, '0')
  const written = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`
  return total < 0n ? `-${written}` : written
}
