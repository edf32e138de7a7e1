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
import { type UsageRhythm, usageApis, usageRhythms } from './types'

const HOUR_MS = 3_600_000

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
    lastEndAt: time.nullable().describe('until when use was recorded; null: not at all'),
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
    .enum(['difference', 'rejected', 'silent'])
    .describe('only instances with a difference, with rejected records, or that owe records')
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
  now = new Date(),
}: {
  ctx: Context
  query: z.output<typeof usageMonthQuery>
  now?: Date
}): Promise<Page<UsageMonthItem> & { total: number }> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['text'])
  const [rows, total] = await Promise.all([
    monthsAfter(query, now, after?.[0] ?? null, query.limit + 1),
    countUpTo(Prisma.sql`${sourceOf(query, now)} m WHERE ${allOf(conditions(query))}`),
  ])
  return { ...cutPage(rows, query, (item) => [item.instanceId]), total }
}

/** All of them, a thousand at a time. */
export async function* everyUsageMonth({ ctx, filter }: { ctx: Context; filter: Filter }) {
  requireRole(ctx, 'viewer')
  const now = new Date()
  for (let after: string | null = null; ; ) {
    const rows = await monthsAfter(filter, now, after, 1000)
    if (rows.length > 0) yield rows
    if (rows.length < 1000) return
    after = rows.at(-1)?.instanceId ?? null
  }
}

async function monthsAfter(filter: Filter, now: Date, after: string | null, limit: number): Promise<UsageMonthItem[]> {
  const is = conditions(filter)
  if (after !== null) is.push(Prisma.sql`m.instance_id > ${after}`)
  const rows = await prisma().$queryRaw<(Omit<UsageMonthItem, 'lastEndAt'> & { lastEndAt: Date | null })[]>`
    SELECT m.month, m.instance_id AS "instanceId", i.customer_name AS "customerName", m.product_ref AS "productRef",
      p.name AS "productName", ${sumColumns('m')}, m.last_end_at AS "lastEndAt"
    FROM (SELECT * FROM ${sourceOf(filter, now)} m WHERE ${allOf(is)} ORDER BY m.instance_id LIMIT ${limit}) m
    LEFT JOIN instances i ON i.instance_id = m.instance_id LEFT JOIN products p ON p.id = m.product_ref
    ORDER BY m.instance_id`
  return rows.map((row) => ({ ...row, lastEndAt: row.lastEndAt?.toISOString() ?? null }))
}

/** The table of months; of those that owe records it is made up, as they may have no row in it. */
function sourceOf({ month, only }: Filter, now: Date): Prisma.Sql {
  if (only !== 'silent') return Prisma.sql`usage_months`
  const sum = (column: string) => Prisma.raw(`coalesce(u.${column}, 0) AS ${column}`)
  return Prisma.sql`(SELECT ${month}::text AS month, o.instance_id, o.product_ref, ${sum('records')}, ${sum('value')},
      ${sum('accepted')}, ${sum('accepted_value')}, ${sum('rejected')}, ${sum('rejected_value')}, u.last_end_at
    FROM (${owingInstances(month, now)}) o
    LEFT JOIN usage_months u ON u.month = ${month} AND u.instance_id = o.instance_id
    WHERE u.last_end_at IS NULL OR u.last_end_at < o.complete)`
}

function conditions({ month, productId, q, only }: Filter): Prisma.Sql[] {
  const is = only === 'silent' ? [] : [Prisma.sql`m.month = ${month} AND m.records > 0`]
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
  keyof typeof sums | 'productRef' | 'productName' | 'draft' | 'queued' | 'inFlight'
> & { oldest: Date | null }

const noRecords: Omit<SumRow, 'productRef' | 'productName'> = {
  ...{ collected: 0, collectedValue: '0', pushed: 0, accepted: 0, acceptedValue: '0', rejected: 0, rejectedValue: '0' },
  ...{ difference: '0', draft: 0, queued: 0, inFlight: 0, oldest: null },
}

/** What a month looks like by product, those of which nothing came in included: the screen of the monthly push. Viewers and above. */
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
  const [rows, counts, settings, settled] = await Promise.all([
    prisma().$queryRaw<SumRow[]>`
      SELECT s.product_ref AS "productRef", p.name AS "productName", ${sumColumns('s')}, s.draft, s.queued,
        s.pushed AS "inFlight",
        CASE WHEN s.product_ref IS NULL THEN ${oldestOf(Prisma.sql`r.product_ref IS NULL`)}
          ELSE ${oldestOf(Prisma.sql`r.product_ref = s.product_ref`)} END AS oldest
      FROM (
        SELECT nullif(product_ref, ${NO_PRODUCT}::uuid) AS product_ref, sum(records)::int AS records, sum(value) AS value,
          sum(accepted)::int AS accepted, sum(accepted_value) AS accepted_value, sum(rejected)::int AS rejected,
          sum(rejected_value) AS rejected_value, sum(draft)::int AS draft, sum(queued)::int AS queued,
          sum(pushed)::int AS pushed, min(day) FILTER (WHERE draft + queued > 0) AS open_day
        FROM usage_days WHERE day >= ${`${month}-01`}::date AND day < ${`${month}-01`}::date + interval '1 month'
        GROUP BY product_ref HAVING sum(records) > 0
      ) s LEFT JOIN products p ON p.id = s.product_ref ORDER BY p.name`,
    countInstances(month, now),
    usageSettings(),
    prisma().usageSettlement.findMany({ where: { month } }),
  ])
  const unheard = [...counts.keys()].filter(
    (product) => counts.get(product)?.silent && !rows.some(({ productRef }) => productRef === product),
  )
  const products = await prisma().product.findMany({ where: { id: { in: unheard.flatMap((id) => id ?? []) } } })
  const heads = [
    ...rows,
    ...unheard.map((productRef) => {
      const productName = products.find(({ id }) => id === productRef)?.name ?? null
      return { ...noRecords, productRef, productName }
    }),
  ]
  return heads.map(({ oldest, ...row }) => {
    const set = row.productRef ? settings.get(row.productRef) : undefined
    const rhythm = set?.rhythm ?? 'monthly'
    const settlement = settled.find(({ productRef }) => productRef === (row.productRef ?? NO_PRODUCT))
    return {
      ...row,
      api: set?.api ?? 'new',
      rhythm,
      instances: counts.get(row.productRef)?.used ?? 0,
      silent: counts.get(row.productRef)?.silent ?? 0,
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
  const [sums, counts] = await Promise.all([
    prisma().$queryRaw<{ collected: number; pushed: number; rejected: number }[]>`
      SELECT coalesce(sum(records), 0)::int AS collected, coalesce(sum(accepted + rejected), 0)::int AS pushed,
        coalesce(sum(rejected), 0)::int AS rejected
      FROM usage_days
      WHERE day >= ${`${month}-01`}::date AND day < ${`${month}-01`}::date + interval '1 month'`,
    countInstances(month, now),
  ])
  const { collected = 0, pushed = 0, rejected = 0 } = sums[0] ?? {}
  return {
    month,
    collected,
    pushed,
    rejected,
    silent: [...counts.values()].reduce((sum, { silent }) => sum + silent, 0),
  }
}

/** Begin of a product's oldest record that was not sent, on its first day with one. */
function oldestOf(ofProduct: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`(SELECT r.begin_at FROM usage_records r WHERE ${ofProduct} AND r.state IN ('draft', 'queued')
    AND r.begin_at >= (s.open_day::timestamp AT TIME ZONE 'Asia/Shanghai') ORDER BY r.begin_at LIMIT 1)`
}

/** Stands for "no product" where a key needs one. */
export const NO_PRODUCT = '00000000-0000-0000-0000-000000000000'

/**
 * Pay-per-use instances that were open in a month, with the time until which each should have records (`complete`; null:
 * any record of the month will do). The conditions are those of instances_owing_idx and instances_closed_idx.
 */
function owingInstances(month: string, now: Date): Prisma.Sql {
  const [begin, end] = boundsOf(month)
  const until = now < end ? now : end
  const complete = (rhythm: UsageRhythm) =>
    Prisma.sql`${new Date(dueBefore(rhythm, until).getTime() - HOUR_MS)}::timestamptz`
  const settings = Prisma.sql`(SELECT product_ref, CASE rhythm WHEN 'hourly' THEN ${complete('hourly')}
    ELSE ${complete('daily')} END AS complete FROM usage_settings WHERE rhythm <> 'monthly') s`
  const owes = Prisma.sql`${begin < now} AND i.delivered_at < ${dueBefore('hourly', until)}
    AND (s.complete IS NULL OR s.complete > greatest(i.delivered_at, ${begin}))`
  return Prisma.sql`
    SELECT i.instance_id, i.product_ref, s.complete
    FROM instances i LEFT JOIN ${settings} ON s.product_ref = i.product_ref
    WHERE i.state = 'active' AND NOT i.test AND i.charging_mode = 'ON_DEMAND' AND ${owes}
    UNION ALL
    SELECT i.instance_id, i.product_ref,
      CASE WHEN s.complete IS NOT NULL THEN least(s.complete, i.released_at - interval '1 hour') END
    FROM instances i LEFT JOIN ${settings} ON s.product_ref = i.product_ref
    WHERE i.state = 'released' AND NOT i.test AND i.charging_mode = 'ON_DEMAND' AND ${owes}
      AND i.released_at > ${begin} AND i.released_at > greatest(i.delivered_at, ${begin}) + interval '1 hour'`
}

type InstanceCounts = { used: number; silent: number }

/**
 * Instances by product: those with records of a month, and those that owe some. One pass over both tables, which are of a
 * size: 50,000 look-ups of one in the other took four times as long.
 */
async function countInstances(month: string, now: Date): Promise<Map<string | null, InstanceCounts>> {
  const rows = await prisma().$queryRaw<
    (InstanceCounts & { usedProduct: string | null; owingProduct: string | null })[]
  >`
    SELECT m.product_ref AS "usedProduct", o.product_ref AS "owingProduct",
      count(*) FILTER (WHERE m.records > 0)::int AS used,
      count(o.instance_id) FILTER (WHERE m.last_end_at IS NULL OR m.last_end_at < o.complete)::int AS silent
    FROM (${owingInstances(month, now)}) o FULL JOIN (
      SELECT instance_id, product_ref, records, last_end_at FROM usage_months WHERE month = ${month}
    ) m ON m.instance_id = o.instance_id GROUP BY 1, 2`
  const counts = new Map<string | null, InstanceCounts>()
  const add = (product: string | null, more: Partial<InstanceCounts>) => {
    const { used, silent } = counts.get(product) ?? { used: 0, silent: 0 }
    counts.set(product, { used: used + (more.used ?? 0), silent: silent + (more.silent ?? 0) })
  }
  for (const { usedProduct, owingProduct, used, silent } of rows) {
    add(usedProduct, { used })
    add(owingProduct, { silent })
  }
  return counts
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

/** Begin and end of a month in UTC+8. */
function boundsOf(month: string): [Date, Date] {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return [new Date(Date.UTC(year, number - 1, 1) - 8 * HOUR_MS), new Date(Date.UTC(year, number, 1) - 8 * HOUR_MS)]
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
