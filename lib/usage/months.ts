import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { allOf, anyOf, countUpTo, productsNamed, startsWith } from '@/lib/db/where'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { USAGE_AGE_DAYS } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { monthText } from './queries'
import { monthOf } from './rules'
import { usageSettings } from './settings'
import { deadlineOf, dueBefore } from './timing'
import { usageApis, usageRhythms } from './types'

const count = z.int()
const decimal = z.string().describe('exact decimal')
const time = z.iso.datetime().describe('ISO 8601, UTC')

const sums = {
  collected: count.describe('records taken in'),
  collectedValue: decimal,
  pushed: count.describe('records the marketplace has answered to: accepted and rejected ones'),
  accepted: count,
  acceptedValue: decimal,
  rejected: count,
  rejectedValue: decimal,
  difference: decimal.describe('collected value less accepted value'),
}

export const usageMonthItem = z
  .object({
    month: monthText,
    instanceId: z.string(),
    customerName: z.string().nullable(),
    productRef: z.guid().nullable(),
    productName: z.string().nullable(),
    ...sums,
    lastEndAt: time.describe('until when use was recorded'),
  })
  .meta({ id: 'UsageMonth', description: "An instance's use in a month." })
export type UsageMonthItem = z.output<typeof usageMonthItem>

const filters = {
  month: monthText,
  productId: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .describe('a product by an id of the desk or of the marketplace')
    .optional(),
  q: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe('an instance, or the start of one')
    .optional(),
  only: z
    .enum(['difference', 'rejected'])
    .describe('only instances with a difference, or with rejected records')
    .optional(),
}
export const usageMonthFilter = z.strictObject(filters)
export const usageMonthQuery = z.strictObject({ ...filters, ...pageQuery })
type Filter = z.output<typeof usageMonthFilter>

const sumColumns = (source: string) =>
  Prisma.raw(`${source}.records AS collected, trim_scale(${source}.value)::text AS "collectedValue",
    ${source}.accepted + ${source}.rejected AS pushed, ${source}.accepted,
    trim_scale(${source}.accepted_value)::text AS "acceptedValue", ${source}.rejected,
    trim_scale(${source}.rejected_value)::text AS "rejectedValue",
    trim_scale(${source}.value - ${source}.accepted_value)::text AS difference`)

/** A month's use by instance, in the order of their ids. Viewers and above. */
export async function listUsageMonths({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof usageMonthQuery>
}): Promise<Page<UsageMonthItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['text'])
  const is = conditions(query)
  const [rows, total] = await Promise.all([
    monthsAfter(is, after?.[0] ?? null, query.limit + 1),
    countUpTo(Prisma.sql`usage_months m WHERE ${allOf(is)}`),
  ])
  return { ...cutPage(rows, query, (item) => [item.instanceId]), total }
}

/** All of them, a thousand at a time. */
export async function* everyUsageMonth({ ctx, filter }: { ctx: Context; filter: Filter }) {
  requireRole(ctx, 'viewer')
  for (let after: string | null = null; ; ) {
    const rows = await monthsAfter(conditions(filter), after, 1000)
    if (rows.length > 0) yield rows
    if (rows.length < 1000) return
    after = rows.at(-1)?.instanceId ?? null
  }
}

async function monthsAfter(is: Prisma.Sql[], after: string | null, limit: number): Promise<UsageMonthItem[]> {
  const beyond = after === null ? [] : [Prisma.sql`m.instance_id > ${after}`]
  const rows = await prisma().$queryRaw<(Omit<UsageMonthItem, 'lastEndAt'> & { lastEndAt: Date })[]>`
    SELECT m.month, m.instance_id AS "instanceId", i.customer_name AS "customerName", m.product_ref AS "productRef",
      p.name AS "productName", ${sumColumns('m')}, m.last_end_at AS "lastEndAt"
    FROM (SELECT * FROM usage_months m WHERE ${allOf([...is, ...beyond])} ORDER BY m.instance_id LIMIT ${limit}) m
    LEFT JOIN instances i ON i.instance_id = m.instance_id LEFT JOIN products p ON p.id = m.product_ref
    ORDER BY m.instance_id`
  return rows.map((row) => ({ ...row, lastEndAt: row.lastEndAt.toISOString() }))
}

function conditions({ month, productId, q, only }: Filter): Prisma.Sql[] {
  const is = [Prisma.sql`m.month = ${month} AND m.records > 0`]
  if (productId) is.push(Prisma.sql`m.product_ref = ANY(${productsNamed(productId)})`)
  if (q) is.push(anyOf([startsWith('m.instance_id', q)]))
  if (only === 'difference') is.push(Prisma.sql`m.value <> m.accepted_value`)
  if (only === 'rejected') is.push(Prisma.sql`m.rejected > 0`)
  return is
}

export const usageProductMonth = z
  .object({
    productRef: z.guid().nullable(),
    productName: z.string().nullable(),
    api: z.enum(usageApis),
    rhythm: z.enum(usageRhythms),
    instances: count,
    ...sums,
    draft: count,
    queued: count,
    inFlight: count.describe('sent, and not answered yet'),
    silent: count.describe('open pay-per-use instances without a record of the time that should be complete by now'),
    oldestOpenAt: time.nullable().describe('begin of the oldest record that is not pushed yet'),
    expiresAt: time.nullable().describe('from then on the marketplace takes that record no more'),
    deadlineAt: time.nullable().describe('until when what is due has to be pushed; null for monthly products'),
    settledAt: time.nullable(),
    settledBy: z.string().nullable(),
    settledNote: z.string().nullable(),
  })
  .meta({ id: 'UsageProductMonth', description: "A product's use in a month." })
export type UsageProductMonth = z.output<typeof usageProductMonth>

type SumRow = Pick<
  UsageProductMonth,
  keyof typeof sums | 'productRef' | 'productName' | 'instances' | 'draft' | 'queued' | 'inFlight'
> & { oldest: Date | null }

/** What a month looks like by product: the screen of the monthly push. Viewers and above. */
export async function usageOverview({
  ctx,
  month,
  now = new Date(),
}: {
  ctx: Context
  month: string
  now?: Date
}): Promise<UsageProductMonth[]> {
  requireRole(ctx, 'viewer')
  const [rows, silent, settings, settled] = await Promise.all([
    prisma().$queryRaw<SumRow[]>`
      SELECT s.product_ref AS "productRef", p.name AS "productName", ${sumColumns('s')}, s.draft, s.queued,
        s.pushed AS "inFlight", coalesce(n.instances, 0) AS instances,
        CASE WHEN s.product_ref IS NULL THEN ${oldestOf(Prisma.sql`r.product_ref IS NULL`)}
          ELSE ${oldestOf(Prisma.sql`r.product_ref = s.product_ref`)} END AS oldest
      FROM (
        SELECT nullif(product_ref, ${NO_PRODUCT}::uuid) AS product_ref, sum(records)::int AS records, sum(value) AS value,
          sum(accepted)::int AS accepted, sum(accepted_value) AS accepted_value, sum(rejected)::int AS rejected,
          sum(rejected_value) AS rejected_value, sum(draft)::int AS draft, sum(queued)::int AS queued,
          sum(pushed)::int AS pushed, min(day) FILTER (WHERE draft + queued > 0) AS open_day
        FROM usage_days WHERE day >= ${`${month}-01`}::date AND day < ${`${month}-01`}::date + interval '1 month'
        GROUP BY product_ref HAVING sum(records) > 0
      ) s LEFT JOIN products p ON p.id = s.product_ref LEFT JOIN (
        SELECT product_ref, count(*)::int AS instances FROM usage_months WHERE month = ${month} AND records > 0
        GROUP BY product_ref
      ) n ON n.product_ref IS NOT DISTINCT FROM s.product_ref ORDER BY p.name`,
    silentInstances(month, now),
    usageSettings(),
    prisma().usageSettlement.findMany({ where: { month } }),
  ])
  return rows.map(({ oldest, ...row }) => {
    const set = row.productRef ? settings.get(row.productRef) : undefined
    const rhythm = set?.rhythm ?? 'monthly'
    const settlement = settled.find(({ productRef }) => productRef === (row.productRef ?? NO_PRODUCT))
    return {
      ...row,
      api: set?.api ?? 'new',
      rhythm,
      silent: silent.get(row.productRef) ?? 0,
      oldestOpenAt: oldest?.toISOString() ?? null,
      expiresAt: oldest ? new Date(oldest.getTime() + USAGE_AGE_DAYS * 86_400_000).toISOString() : null,
      deadlineAt: deadlineOf(rhythm, now)?.toISOString() ?? null,
      settledAt: settlement?.settledAt.toISOString() ?? null,
      settledBy: settlement?.settledBy ?? null,
      settledNote: settlement?.note ?? null,
    }
  })
}

/** This month's records of all products, and how many instances owe some: what an overview says. */
export async function usageFigures(now = new Date()): Promise<{
  month: string
  collected: number
  pushed: number
  rejected: number
  silent: number
}> {
  const month = monthOf(now)
  const [sums, silent] = await Promise.all([
    prisma().$queryRaw<{ collected: number; pushed: number; rejected: number }[]>`
      SELECT coalesce(sum(records), 0)::int AS collected, coalesce(sum(accepted + rejected), 0)::int AS pushed,
        coalesce(sum(rejected), 0)::int AS rejected
      FROM usage_days
      WHERE day >= ${`${month}-01`}::date AND day < ${`${month}-01`}::date + interval '1 month'`,
    silentInstances(month, now),
  ])
  const { collected = 0, pushed = 0, rejected = 0 } = sums[0] ?? {}
  return { month, collected, pushed, rejected, silent: [...silent.values()].reduce((sum, n) => sum + n, 0) }
}

/** Begin of a product's oldest record that was not sent, on its first day with one. */
function oldestOf(ofProduct: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(SELECT r.begin_at FROM usage_records r WHERE ${ofProduct} AND r.state IN ('draft', 'queued')
    AND r.begin_at >= (s.open_day::timestamp AT TIME ZONE 'Asia/Shanghai') ORDER BY r.begin_at LIMIT 1)`
}

/** Stands for "no product" where a key needs one. */
export const NO_PRODUCT = '00000000-0000-0000-0000-000000000000'

/** Open pay-per-use instances of products with usage whose records of this month end before they should. */
async function silentInstances(month: string, now: Date): Promise<Map<string | null, number>> {
  if (month !== monthOf(now)) return new Map()
  const settings = await usageSettings()
  const rows = await prisma().$queryRaw<{ productRef: string | null; until: Date | null; count: number }[]>`
    SELECT i.product_ref AS "productRef", date_trunc('hour', m.last_end_at) AS until, count(*)::int AS count
    FROM instances i LEFT JOIN usage_months m ON m.month = ${month} AND m.instance_id = i.instance_id
    WHERE i.state = 'active' AND NOT i.test AND i.charging_mode = 'ON_DEMAND'
      AND i.delivered_at < ${dueBefore('hourly', now)}
    GROUP BY 1, 2`
  const silent = new Map<string | null, number>()
  for (const { productRef, until, count } of rows) {
    const rhythm = (productRef && settings.get(productRef)?.rhythm) || 'monthly'
    const isSilent = until === null || until.getTime() + 3_600_000 <= dueBefore(rhythm, now).getTime() - 3_600_000
    if (isSilent && rhythm !== 'monthly') silent.set(productRef, (silent.get(productRef) ?? 0) + count)
    else if (until === null) silent.set(productRef, (silent.get(productRef) ?? 0) + count)
  }
  return silent
}

export const usageDaysQuery = z.strictObject({
  month: monthText,
  productId: z.guid().describe('a product of the desk; all of them when left out').optional(),
  instanceId: z.string().min(1).max(64).describe('only this instance').optional(),
})
export const usageDays = z
  .object({
    items: z.array(
      z.object({
        day: z.int().min(1).max(31),
        value: decimal.nullable().describe('null: no record'),
        before: decimal.nullable().describe('the same day of the month before'),
      }),
    ),
  })
  .meta({ id: 'UsageDays' })

/** Use by day (UTC+8) of a month and of the month before. Viewers and above. */
export async function listUsageDays({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof usageDaysQuery>
}): Promise<z.output<typeof usageDays>> {
  requireRole(ctx, 'viewer')
  const { month, productId, instanceId } = query
  const before = monthBefore(month)
  const source = instanceId
    ? Prisma.sql`SELECT (begin_at AT TIME ZONE 'Asia/Shanghai')::date AS day, value FROM usage_records
        WHERE instance_id = ${instanceId} AND state <> 'rejected'
          AND begin_at >= (${`${before}-01`}::date::timestamp AT TIME ZONE 'Asia/Shanghai')
          AND begin_at < ((${`${month}-01`}::date + interval '1 month') AT TIME ZONE 'Asia/Shanghai')`
    : Prisma.sql`SELECT day, value FROM usage_days WHERE records > 0 AND day >= ${`${before}-01`}::date
        AND day < ${`${month}-01`}::date + interval '1 month'
        ${productId ? Prisma.sql`AND product_ref = ${productId}::uuid` : Prisma.empty}`
  const rows = await prisma().$queryRaw<{ month: string; day: number; value: string }[]>`
    SELECT to_char(day, 'YYYY-MM') AS month, extract(day FROM day)::int AS day, trim_scale(sum(value))::text AS value
    FROM (${source}) days GROUP BY 1, 2`
  const valueAt = (of: string, day: number) => rows.find((row) => row.month === of && row.day === day)?.value ?? null
  const length = Math.max(daysIn(month), daysIn(before))
  const days = Array.from({ length }, (_, at) => at + 1)
  return { items: days.map((day) => ({ day, value: valueAt(month, day), before: valueAt(before, day) })) }
}

function monthBefore(month: string): string {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number - 2, 1)).toISOString().slice(0, 7)
}

function daysIn(month: string): number {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 0)).getUTCDate()
}

export const usageGaps = z
  .object({
    items: z.array(z.object({ from: time, to: time })),
    total: decimal.describe('cumulative use, rejected records left out'),
    lastEndAt: time.nullable(),
  })
  .meta({ id: 'UsageGaps' })

/** When an instance was open in a month and no use is recorded (an hour or more), and its use in all. Viewers and above. */
export async function instanceGaps({
  ctx,
  instanceId,
  month,
  now = new Date(),
}: {
  ctx: Context
  instanceId: string
  month: string
  now?: Date
}): Promise<z.output<typeof usageGaps>> {
  requireRole(ctx, 'viewer')
  const until = dueBefore('hourly', now)
  const [items, [all]] = await Promise.all([
    prisma().$queryRaw<{ from: Date; to: Date }[]>`
      WITH bounds AS (
        SELECT greatest((${`${month}-01`}::date::timestamp AT TIME ZONE 'Asia/Shanghai'),
            date_trunc('second', coalesce(delivered_at, created_at))) AS since,
          least((${`${month}-01`}::date + interval '1 month') AT TIME ZONE 'Asia/Shanghai', released_at, ${until}) AS until
        FROM instances WHERE instance_id = ${instanceId}
      ), edges AS (
        SELECT r.begin_at, r.end_at FROM usage_records r, bounds b
        WHERE r.instance_id = ${instanceId} AND r.state <> 'rejected' AND r.end_at > b.since AND r.begin_at < b.until
        UNION ALL SELECT since, since FROM bounds UNION ALL SELECT until, until FROM bounds WHERE until > since
      ), walk AS (
        SELECT begin_at AS "to", max(end_at) OVER (ORDER BY begin_at, end_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
          AS "from" FROM edges
      )
      SELECT "from", "to" FROM walk WHERE "to" - "from" >= interval '1 hour' ORDER BY "from" DESC LIMIT 100`,
    prisma().$queryRaw<{ total: string | null; last: Date | null }[]>`
      SELECT trim_scale(sum(value - rejected_value))::text AS total, max(last_end_at) AS last
      FROM usage_months WHERE instance_id = ${instanceId}`,
  ])
  return {
    items: items.map(({ from, to }) => ({ from: from.toISOString(), to: to.toISOString() })),
    total: all?.total ?? '0',
    lastEndAt: all?.last?.toISOString() ?? null,
  }
}
