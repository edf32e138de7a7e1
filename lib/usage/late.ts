import { Prisma, prisma } from '@/lib/db/client'
import { TOTAL_LIMIT } from '@/lib/db/where'
import { USAGE_AGE_DAYS } from '@/lib/marketplace'
import { NO_PRODUCT } from './months'
import { monthOf } from './rules'
import { usageSettings } from './settings'
import { overdueBefore } from './timing'
import type { UsageRhythm } from './types'

const MINUTE = 60_000
const DAY = 86_400_000
/** A record that was only just taken in has the next round of pushes to go out with. */
const GRACE_MS = 15 * MINUTE
/** So long before the marketplace takes a record no more, it is late whatever its product's rhythm. */
const SPARE_DAYS = 3

export type LateUsage = {
  productRef: string | null
  rhythm: UsageRhythm
  /** records that should be pushed by now, at most `TOTAL_LIMIT`; 0: none came in for the time that should be pushed by now */
  count: number
  /** the instance of the oldest such record */
  instanceId: string | null
  /** yyyy-MM (UTC+8) of the oldest such record, or of the last use */
  month: string
  /** until when the oldest such record reaches, or the last use that is known */
  since: Date
  /** what the newest push of the product ended with */
  cause: string | null
}

/**
 * Products whose usage is past its time (open-api.md, rules 2a, 2b, 8): records that are not pushed yet, or, of hourly and
 * daily products that are in use, no records at all. Months have no documented time: a day after its end a month counts.
 */
export async function lateUsage(now: Date): Promise<LateUsage[]> {
  const settings = await usageSettings()
  const rhythmOf = (productRef: string | null): UsageRhythm =>
    (productRef && settings.get(productRef)?.rhythm) || 'monthly'
  const waiting = await unpushed(rhythmOf, now)
  const silent = (await silentProducts(rhythmOf, now)).filter(
    ({ productRef }) => !waiting.some((one) => one.productRef === productRef),
  )
  return [...waiting, ...silent]
}

type Open = { productRef: string | null; count: number; instanceId: string; month: string; since: Date }

/**
 * Asked every half minute, at the end of a month among millions that wait: the days' sums say of which products some
 * may be late, and of each the oldest are read in the order of usage_records_oldest_idx, at most `TOTAL_LIMIT`.
 */
async function unpushed(rhythmOf: (productRef: string | null) => UsageRhythm, now: Date): Promise<LateUsage[]> {
  const before = (rhythm: UsageRhythm) => Prisma.sql`${overdueBefore(rhythm, now)}::timestamptz`
  const ageing = Prisma.sql`${new Date(now.getTime() - (USAGE_AGE_DAYS - SPARE_DAYS) * DAY)}::timestamptz`
  const columns = Prisma.sql`begin_at, end_at, instance_id, month, changed_at`
  const oldest = (ofProduct: Prisma.Sql) => Prisma.sql`(SELECT ${columns} FROM usage_records r
    WHERE ${ofProduct} AND r.state IN ('draft', 'queued') AND r.begin_at <= greatest(p.due, ${ageing})
    ORDER BY r.begin_at LIMIT ${TOTAL_LIMIT})`
  const rows = await prisma().$queryRaw<Open[]>`
    SELECT p.product_ref AS "productRef", late.*
    FROM (
      SELECT DISTINCT nullif(d.product_ref, ${NO_PRODUCT}::uuid) AS product_ref, CASE s.rhythm
        WHEN 'hourly' THEN ${before('hourly')} WHEN 'daily' THEN ${before('daily')} ELSE ${before('monthly')} END AS due
      FROM usage_days d LEFT JOIN usage_settings s ON s.product_ref = d.product_ref
      WHERE d.draft + d.queued + d.pushed > 0
    ) p CROSS JOIN LATERAL (
      SELECT least(count(*), ${TOTAL_LIMIT})::int AS count, min(end_at) AS since,
        (array_agg(instance_id ORDER BY end_at))[1] AS "instanceId", (array_agg(month ORDER BY end_at))[1] AS month
      FROM (
        ${oldest(Prisma.sql`r.product_ref = p.product_ref`)}
        UNION ALL ${oldest(Prisma.sql`p.product_ref IS NULL AND r.product_ref IS NULL`)}
        UNION ALL (SELECT ${columns} FROM usage_records r
          WHERE r.state = 'pushed' AND r.product_ref IS NOT DISTINCT FROM p.product_ref LIMIT ${TOTAL_LIMIT})
      ) r
      WHERE r.changed_at < ${new Date(now.getTime() - GRACE_MS)}::timestamptz
        AND (r.begin_at < ${ageing} OR r.end_at <= p.due)
    ) late WHERE late.count > 0`
  return Promise.all(
    rows.map(async (row) => ({ ...row, rhythm: rhythmOf(row.productRef), cause: await lastError(row.productRef) })),
  )
}

async function lastError(productRef: string | null): Promise<string | null> {
  const push = await prisma().usagePush.findFirst({
    where: { OR: [{ productRef }, { productRef: null }], state: { not: 'planned' } },
    orderBy: { id: 'desc' },
    select: { error: true },
  })
  return push?.error ?? null
}

/** A single instance may rest; a product in use of which nothing comes in any more has a collector that stands still. */
async function silentProducts(rhythmOf: (productRef: string | null) => UsageRhythm, now: Date): Promise<LateUsage[]> {
  const months = [monthOf(now), monthOf(new Date(now.getTime() - USAGE_AGE_DAYS * DAY))]
  const lastBefore = (rhythm: 'hourly' | 'daily', periodMs: number) =>
    Prisma.sql`${new Date(overdueBefore(rhythm, now).getTime() - periodMs)}::timestamptz`
  // A product that is not silent shows it with the first rows that are met; only of the others all are read.
  const rows = await prisma().$queryRaw<{ productRef: string; since: Date }[]>`
    SELECT s.product_ref AS "productRef", max(m.last_end_at) AS since
    FROM usage_settings s JOIN usage_months m ON m.product_ref = s.product_ref
    WHERE s.rhythm <> 'monthly' AND m.month = ANY(${months}) AND m.records > 0
      AND (SELECT true FROM usage_months f WHERE f.product_ref = s.product_ref AND f.month = ANY(${months})
        AND f.records > 0 AND f.last_end_at > CASE s.rhythm WHEN 'hourly' THEN ${lastBefore('hourly', 60 * MINUTE)}
          ELSE ${lastBefore('daily', DAY)} END LIMIT 1) IS NULL
      AND EXISTS (SELECT FROM instances i WHERE i.product_ref = s.product_ref AND i.state = 'active' AND NOT i.test
        AND i.charging_mode = 'ON_DEMAND')
    GROUP BY s.product_ref`
  return rows
    .filter(({ since }) => since.getTime() >= now.getTime() - USAGE_AGE_DAYS * DAY)
    .map(({ productRef, since }) => ({
      ...{ productRef, rhythm: rhythmOf(productRef), count: 0, instanceId: null },
      ...{ month: monthOf(since), since, cause: null },
    }))
}
