import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { idTime, isId } from '@/lib/db/ids'
import { allOf, anyOf, countUpTo, productsNamed, startsWith } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { type Context, requireRole } from '@/lib/users/context'
import { usageSources, usageStates } from './types'

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const monthText = z
  .string()
  .regex(/^\d{4}-(?:0[1-9]|1[0-2])$/, 'must be a month such as 2026-01')
  .describe('of the begin of use in UTC+8, such as 2026-01')

const word = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)

export const usageRecordItem = z
  .object({
    id: z.guid(),
    meteringSn: z.string(),
    wireSn: z.string().describe('the number the marketplace is told; another one where a correction needed it'),
    instanceId: z.string(),
    productName: z.string().nullable(),
    month: monthText,
    beginAt: time,
    endAt: time,
    value: z.string().describe('exact decimal'),
    relatedPackageInstanceId: z.string().nullable(),
    state: z.enum(usageStates),
    code: z.string().nullable().describe('of the marketplace, when it was rejected'),
    message: z.string().nullable(),
    pushId: z.guid().nullable(),
    source: z.enum(usageSources),
    createdAt: time,
    changedAt: time,
  })
  .meta({ id: 'UsageRecord', description: 'One metering record.' })
export type UsageRecordItem = z.output<typeof usageRecordItem>

const filters = {
  state: z.enum(usageStates).optional(),
  instanceId: word('exactly this instance').optional(),
  month: monthText.optional(),
  productId: word('a product of the desk by its id, or of the marketplace by its product id').optional(),
  pushId: z.guid().describe('went with this push').optional(),
  code: word('rejected with this code').optional(),
  q: word('a number, an instance, or the start of one').optional(),
}
export const usageRecordFilter = z.strictObject(filters)
export const usageRecordQuery = z.strictObject({ ...filters, ...pageQuery })
type Filter = z.output<typeof usageRecordFilter>

type Row = Omit<UsageRecordItem, 'beginAt' | 'endAt' | 'createdAt' | 'changedAt'> & {
  beginAt: Date
  endAt: Date
  changedAt: Date
}

const columns = Prisma.raw(`r.id, r.metering_sn AS "meteringSn", r.wire_sn AS "wireSn", r.instance_id AS "instanceId",
  p.name AS "productName", r.month, r.begin_at AS "beginAt", r.end_at AS "endAt", trim_scale(r.value)::text AS value,
  nullif(r.related_package_instance_id, '') AS "relatedPackageInstanceId", r.state, r.code, r.message,
  r.push_id AS "pushId", r.source, r.changed_at AS "changedAt"`)

/** Metering records, the newest first, with how many match. Viewers and above. */
export async function listUsageRecords({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof usageRecordQuery>
}): Promise<Page<UsageRecordItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['id'])
  const is = recordConditions(query)
  const [rows, total] = await Promise.all([
    recordsAfter(is, after?.[0] ?? null, query.limit + 1),
    countUpTo(Prisma.sql`usage_records r WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows, query, (item) => [item.id]), total }
}

/** Every record that matches, a thousand at a time. */
export async function* everyUsageRecord({ ctx, filter }: { ctx: Context; filter: Filter }) {
  requireRole(ctx, 'viewer')
  const is = recordConditions(filter)
  for (let after: string | null = null; ; ) {
    const rows = await recordsAfter(is, after, 1000)
    if (rows.length > 0) yield rows
    if (rows.length < 1000) return
    after = rows.at(-1)?.id ?? null
  }
}

export async function findUsageRecord(id: string): Promise<UsageRecordItem | null> {
  const [row] = await recordsAfter([Prisma.sql`r.id = ${id}::uuid`], null, 1)
  return row ?? null
}

async function recordsAfter(is: Prisma.Sql[], after: string | null, limit: number): Promise<UsageRecordItem[]> {
  const beyond = after ? [Prisma.sql`r.id < ${after}::uuid`] : []
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM (
      SELECT * FROM usage_records r WHERE ${allOf([...is, ...beyond])} ORDER BY r.id DESC LIMIT ${limit}
    ) r LEFT JOIN products p ON p.id = r.product_ref ORDER BY r.id DESC`
  return rows.map((row) => ({
    ...row,
    beginAt: row.beginAt.toISOString(),
    endAt: row.endAt.toISOString(),
    createdAt: new Date(idTime(row.id)).toISOString(),
    changedAt: row.changedAt.toISOString(),
  }))
}

/** The conditions of a filter on `usage_records r`. */
export function recordConditions(filter: Filter): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  // The index of those that are not accepted yet answers only to a condition that says so.
  if (filter.state === 'accepted') is.push(Prisma.sql`r.state = 'accepted'`)
  else if (filter.state) is.push(Prisma.sql`r.state = ${filter.state} AND r.state <> 'accepted'`)
  if (filter.instanceId) is.push(Prisma.sql`r.instance_id = ${filter.instanceId}`)
  if (filter.month) is.push(Prisma.sql`r.month = ${filter.month}`)
  if (filter.pushId) is.push(Prisma.sql`r.push_id = ${filter.pushId}::uuid`)
  if (filter.code) is.push(Prisma.sql`r.code = ${filter.code}`)
  if (filter.productId) is.push(Prisma.sql`r.product_ref = ANY(${productsNamed(filter.productId)})`)
  if (filter.q) {
    const byId = isId(filter.q) ? [Prisma.sql`r.id = ${filter.q}::uuid`] : []
    is.push(anyOf([startsWith('r.metering_sn', filter.q), startsWith('r.instance_id', filter.q), ...byId]))
  }
  return is
}
