import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { anyOf, countUpTo, productsNamed, readPage, startsWith } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema } from '@/lib/input'
import type { AppInfo } from '@/lib/marketplace'
import { unseal } from '@/lib/secrets'
import { type Context, requireRole } from '@/lib/users/context'

const time = z.iso.datetime().describe('ISO 8601, UTC')
const states = ['pending', 'active', 'frozen', 'released'] as const
const deliveryTypes = ['template', 'pool', 'webhook', 'manual'] as const
const deliveryStates = ['waiting', 'delivered', 'refused'] as const

const shownAppInfo = z.object({
  frontEndUrl: z.string(),
  adminUrl: z.string().nullable(),
  userName: z.string().nullable(),
  memo: z.string().nullable(),
})

export const instanceItem = z
  .object({
    instanceId: z.string(),
    state: z.enum(states),
    productId: z.string().nullable(),
    productName: z.string().nullable(),
    skuCode: z.string().nullable(),
    orderId: z.string(),
    orderLineId: z.string().nullable(),
    businessId: z.string().nullable(),
    customerId: z.string().nullable(),
    customerName: z.string().nullable(),
    test: z.boolean(),
    trial: z.boolean(),
    chargingMode: z.string().nullable(),
    periodType: z.string().nullable(),
    periodNumber: z.int().nullable(),
    quantity: z.record(z.string(), z.number()).nullable(),
    expiresAt: time.nullable(),
    frozenReason: z.enum(['expired', 'status']).nullable(),
    createdAt: time,
    deliveredAt: time.nullable(),
    releasedAt: time.nullable(),
    lastCallAt: time.nullable(),
    deliveryType: z.enum(deliveryTypes).nullable(),
    deliveryState: z.enum(deliveryStates),
    deliveryError: z.string().nullable(),
    deliveryAttempts: z.int(),
    appInfo: shownAppInfo.nullable().describe('without the password'),
  })
  .meta({ id: 'Instance', description: 'What a buyer got for one order line.' })
export type InstanceItem = z.output<typeof instanceItem>

const word = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)
    .optional()

export const instanceQuery = z.strictObject({
  state: z.enum(states).optional(),
  productId: word('a product of the desk by its id, or of the marketplace by its product id'),
  customerId: word('exactly this customer'),
  orderId: word('exactly this order'),
  q: word(
    'an id, or the start of one: instance, order, order line, customer, business; or the start of a customer name',
  ),
  test: flagSchema.describe('true: only test instances, false: only real ones').optional(),
  deliveryState: z
    .enum([...deliveryStates, 'unfinished'])
    .describe('unfinished: waiting or refused, and not released meanwhile')
    .optional(),
  expiresWithinDays: z.coerce
    .number()
    .int()
    .min(0)
    .max(3660)
    .describe('ends between now and so many days from now, and not released')
    .optional(),
  ...pageQuery,
})

type Row = Omit<InstanceItem, 'appInfo' | 'expiresAt' | 'createdAt' | 'deliveredAt' | 'releasedAt' | 'lastCallAt'> & {
  sealed: Uint8Array | null
  expiresAt: Date | null
  createdAt: Date
  deliveredAt: Date | null
  releasedAt: Date | null
  lastCallAt: Date | null
}

const columns = Prisma.raw(`
  i.instance_id AS "instanceId", i.state, i.product_id AS "productId", p.name AS "productName", i.sku_code AS "skuCode",
  i.order_id AS "orderId", i.order_line_id AS "orderLineId", i.business_id AS "businessId",
  i.customer_id AS "customerId", i.customer_name AS "customerName", i.test, i.trial, i.charging_mode AS "chargingMode",
  i.period_type AS "periodType", i.period_number AS "periodNumber", i.quantity, i.expires_at AS "expiresAt",
  i.frozen_reason AS "frozenReason", i.created_at AS "createdAt", i.delivered_at AS "deliveredAt",
  i.released_at AS "releasedAt", i.last_call_at AS "lastCallAt", i.delivery_type AS "deliveryType",
  i.delivery_state AS "deliveryState", i.delivery_error AS "deliveryError", i.delivery_attempts AS "deliveryAttempts",
  i.app_info AS sealed`)

/** Instances, newest first. */
export async function listInstances({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof instanceQuery>
}): Promise<Page<InstanceItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'text'])
  const order = Prisma.sql`i.created_at DESC, i.instance_id DESC`
  const { rows, total } = await readPage<Row>({
    table: 'instances i',
    columns: Prisma.sql`i.*`,
    conditions: conditions(query),
    beyond: after ? [Prisma.sql`(i.created_at, i.instance_id) < (${after[0]}::timestamptz, ${after[1]})`] : [],
    order,
    limit: query.limit + 1,
    searched: query.q !== undefined,
    complete: (page) =>
      Prisma.sql`SELECT ${columns}, i.total FROM (${page}) i LEFT JOIN products p ON p.id = i.product_ref ORDER BY ${order}`,
  })
  return { ...cutPage(rows.map(show), query, (item) => [item.createdAt, item.instanceId]), total }
}

export const exportColumns = [
  ...['instanceId', 'state', 'productName', 'productId', 'skuCode', 'orderId', 'orderLineId', 'businessId'],
  ...['customerId', 'customerName', 'test', 'trial', 'chargingMode', 'periodType', 'periodNumber', 'quantity'],
  ...[
    'expiresAt',
    'createdAt',
    'deliveredAt',
    'releasedAt',
    'lastCallAt',
    'deliveryType',
    'deliveryState',
    'deliveryError',
  ],
  'frontEndUrl',
]

/** All instances that match, newest first, page after page: for exports. App info but for the address stays out. */
export async function* everyInstance({
  ctx,
  query,
}: {
  ctx: Context
  query: Omit<z.output<typeof instanceQuery>, 'limit' | 'cursor'>
}) {
  for (let cursor: string | undefined; ; ) {
    const page = await listInstances({ ctx, query: { ...query, limit: 200, cursor } })
    yield page.items.map(({ appInfo, quantity, ...item }) => ({
      ...item,
      quantity: quantity && JSON.stringify(quantity),
      frontEndUrl: appInfo?.frontEndUrl ?? null,
    }))
    if (!page.nextCursor) return
    cursor = page.nextCursor
  }
}

function conditions(query: z.output<typeof instanceQuery>): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (query.state) is.push(Prisma.sql`i.state = ${query.state}`)
  if (query.customerId) is.push(Prisma.sql`i.customer_id = ${query.customerId}`)
  if (query.orderId) is.push(Prisma.sql`i.order_id = ${query.orderId}`)
  if (query.test !== undefined) is.push(Prisma.sql`i.test = ${query.test}`)
  if (query.deliveryState === 'unfinished') is.push(unfinished)
  else if (query.deliveryState) is.push(Prisma.sql`i.delivery_state = ${query.deliveryState}`)
  if (query.productId) {
    const { productId } = query
    is.push(Prisma.sql`(i.product_id = ${productId} OR i.product_ref = ANY(${productsNamed(productId)}))`)
  }
  if (query.expiresWithinDays !== undefined) {
    const until = Prisma.sql`now() + make_interval(days => ${query.expiresWithinDays}::int)`
    is.push(Prisma.sql`i.state <> 'released' AND i.expires_at BETWEEN now() AND ${until}`)
  }
  if (query.q) {
    const { q } = query
    const named = ['instance_id', 'order_id', 'order_line_id', 'customer_id', 'customer_name']
    const either = named.map((column) => startsWith(`i.${column}`, q))
    is.push(anyOf([...either, Prisma.sql`i.business_id = ${q}`]))
  }
  return is
}

/** One instance as lists show it, or null. */
export async function findInstance(instanceId: string): Promise<InstanceItem | null> {
  const [row] = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM instances i LEFT JOIN products p ON p.id = i.product_ref WHERE i.instance_id = ${instanceId}`
  return row ? show(row) : null
}

/** The same for several, newest first; unknown ids are left out. */
export async function findInstances(instanceIds: string[]): Promise<InstanceItem[]> {
  if (instanceIds.length === 0) return []
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM instances i LEFT JOIN products p ON p.id = i.product_ref
    WHERE i.instance_id = ANY(${instanceIds}::text[]) ORDER BY i.created_at DESC, i.instance_id`
  return rows.map(show)
}

/** The instance of an order line, or null; test purchases stand apart from real ones. */
export async function findInstanceOfOrderLine(order: {
  orderId: string
  orderLineId: string | null
  test: boolean
}): Promise<InstanceItem | null> {
  const [row] = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM instances i LEFT JOIN products p ON p.id = i.product_ref
    WHERE i.order_id = ${order.orderId} AND i.test = ${order.test}
      AND (${order.orderLineId}::text IS NULL OR i.order_line_id = ${order.orderLineId})
    ORDER BY i.created_at DESC LIMIT 1`
  return row ? show(row) : null
}

const unfinished = Prisma.sql`i.state = 'pending' AND i.delivery_state IN ('waiting', 'refused')`

/** How many real instances wait for their delivery, up to 10,001. */
export function countWaitingDeliveries(): Promise<number> {
  return countUpTo(Prisma.sql`instances i WHERE ${unfinished} AND NOT i.test`)
}

function show({ sealed, ...row }: Row): InstanceItem {
  const appInfo = openAppInfo(sealed)
  return {
    ...row,
    expiresAt: row.expiresAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    deliveredAt: row.deliveredAt?.toISOString() ?? null,
    releasedAt: row.releasedAt?.toISOString() ?? null,
    lastCallAt: row.lastCallAt?.toISOString() ?? null,
    appInfo: appInfo && withoutPassword(appInfo),
  }
}

function openAppInfo(sealed: Uint8Array | null): AppInfo | null {
  return sealed && (JSON.parse(unseal(sealed)) as AppInfo)
}

function withoutPassword({ frontEndUrl, adminUrl, userName, memo }: AppInfo): z.output<typeof shownAppInfo> {
  return { frontEndUrl, adminUrl: adminUrl ?? null, userName: userName ?? null, memo: memo ?? null }
}
