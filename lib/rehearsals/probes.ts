import { prisma } from '@/lib/db/client'
import { idFloor } from '@/lib/db/ids'

const DAY_MS = 86_400_000
const BEIJING_MS = 8 * 3_600_000
const DAYS = 10

export type ProbeState = {
  /** null: a probe that did not get as far as a product */
  productRef: string | null
  /** days in a row with a failed probe, up to the newest day that had one */
  failingDays: number
  /** the newest probe failed */
  failing: boolean
  lastAt: Date
  lastCode: string | null
  lastMessage: string | null
  activity: string
  /** the newest was a rehearsal of ours, not the marketplace's probe */
  rehearsed: boolean
}

type Row = Omit<ProbeState, 'failingDays'> & { day: number; failed: boolean }

/**
 * How the marketplace's probes (calls with testFlag) and our scheduled rehearsals of the last ten days went, by product; of
 * a rehearsal its own verdict counts, also when its call never arrived. Days are counted in Beijing, where the marketplace
 * counts them; a day without a probe neither goes on with a row nor ends it.
 */
export async function probeStates(now = new Date()): Promise<ProbeState[]> {
  const today = Math.floor((now.getTime() + BEIJING_MS) / DAY_MS)
  const since = (today - DAYS + 1) * DAY_MS - BEIJING_MS
  const rows = await prisma().$queryRaw<Row[]>`
    WITH probes AS (
      SELECT c.id, COALESCE(r.product_ref, m.product_ref) AS product_ref, c.received_at AS at, c.activity, c.result_code,
        COALESCE(r.error, c.result_msg) AS told, COALESCE(NOT r.good, c.outcome IN ('failed', 'rejected')) AS failed,
        c.source = 'rehearsal' AS rehearsed
      FROM calls c LEFT JOIN messages m ON m.id = c.message_id LEFT JOIN rehearsal_runs r ON r.id = c.id
      WHERE c.test AND c.id >= ${idFloor(since)}::uuid AND c.source <> 'replay' AND c.outcome <> 'received'
        AND (c.source <> 'rehearsal' OR r.slot IS NOT NULL)
      UNION ALL
      SELECT r.id, r.product_ref, r.at, r.activity, r.result_code, COALESCE(r.error, r.result_msg), NOT r.good, true
      FROM rehearsal_runs r
      WHERE r.slot IS NOT NULL AND r.good IS NOT NULL AND r.id >= ${idFloor(since)}::uuid
        AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.id = r.id)
    )
    SELECT product_ref AS "productRef", floor(extract(epoch FROM at + interval '8 hours') / 86400)::int AS day,
      bool_or(failed) AS failed, (array_agg(failed ORDER BY id DESC))[1] AS failing, max(at) AS "lastAt",
      (array_agg(result_code ORDER BY id DESC))[1] AS "lastCode", (array_agg(told ORDER BY id DESC))[1] AS "lastMessage",
      (array_agg(activity ORDER BY id DESC))[1] AS activity, (array_agg(rehearsed ORDER BY id DESC))[1] AS rehearsed
    FROM probes GROUP BY 1, 2 ORDER BY 2 DESC`
  const products = [...new Set(rows.map((row) => row.productRef))]
  return products.map((productRef) => {
    const days = rows.filter((row) => row.productRef === productRef)
    const passed = days.findIndex((day) => !day.failed)
    const { failing, lastAt, lastCode, lastMessage, activity, rehearsed } = days[0] as Row
    const failingDays = passed < 0 ? days.length : passed
    return { productRef, failingDays, failing, lastAt, lastCode, lastMessage, activity, rehearsed }
  })
}
