import { prisma } from '@/lib/db/client'
import { USAGE_AGE_DAYS } from '@/lib/marketplace'
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
  /** records that should be pushed by now; 0: none came in for the time that should be pushed by now */
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

async function unpushed(rhythmOf: (productRef: string | null) => UsageRhythm, now: Date): Promise<LateUsage[]> {
  const before = (rhythm: UsageRhythm) => overdueBefore(rhythm, now)
  const ageing = new Date(now.getTime() - (USAGE_AGE_DAYS - SPARE_DAYS) * DAY)
  const rows = await prisma().$queryRaw<Open[]>`
    SELECT r.product_ref AS "productRef", count(*)::int AS count, min(r.end_at) AS since,
      (array_agg(r.instance_id ORDER BY r.end_at))[1] AS "instanceId", (array_agg(r.month ORDER BY r.end_at))[1] AS month
    FROM usage_records r LEFT JOIN usage_settings s ON s.product_ref = r.product_ref
    WHERE r.state IN ('draft', 'queued', 'pushed') AND r.state <> 'accepted'
      AND r.changed_at < ${new Date(now.getTime() - GRACE_MS)}::timestamptz
      AND (r.begin_at < ${ageing}::timestamptz OR r.end_at <= CASE coalesce(s.rhythm, 'monthly')
        WHEN 'hourly' THEN ${before('hourly')}::timestamptz WHEN 'daily' THEN ${before('daily')}::timestamptz
        ELSE ${before('monthly')}::timestamptz END)
    GROUP BY r.product_ref`
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
  const rows = await prisma().$queryRaw<{ productRef: string; since: Date }[]>`
    SELECT m.product_ref AS "productRef", max(m.last_end_at) AS since
    FROM usage_months m JOIN usage_settings s ON s.product_ref = m.product_ref AND s.rhythm <> 'monthly'
    WHERE m.month = ANY(${months}) AND m.records > 0 GROUP BY m.product_ref
    HAVING EXISTS (SELECT 1 FROM instances i WHERE i.product_ref = m.product_ref AND i.state = 'active' AND NOT i.test
      AND i.charging_mode = 'ON_DEMAND')`
  return rows.flatMap(({ productRef, since }) => {
    const rhythm = rhythmOf(productRef)
    const period = rhythm === 'hourly' ? 60 * MINUTE : DAY
    const missing = since.getTime() <= overdueBefore(rhythm, now).getTime() - period
    const tooOld = since.getTime() < now.getTime() - USAGE_AGE_DAYS * DAY
    if (!missing || tooOld) return []
    return [{ productRef, rhythm, count: 0, instanceId: null, month: monthOf(since), since, cause: null }]
  })
}
