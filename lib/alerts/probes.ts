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
}

type Row = Omit<ProbeState, 'failingDays'> & { day: number; failed: boolean }

/**
 * How the marketplace's probes (calls with testFlag) and our rehearsals of the last ten days went, by product. Days are
 * counted in Beijing, where the marketplace counts them; a day without a probe neither goes on with a row nor ends it.
 */
export async function probeStates(now = new Date()): Promise<ProbeState[]> {
  const today = Math.floor((now.getTime() + BEIJING_MS) / DAY_MS)
  const since = (today - DAYS + 1) * DAY_MS - BEIJING_MS
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT m.product_ref AS "productRef", floor(extract(epoch FROM c.received_at + interval '8 hours') / 86400)::int AS day,
      bool_or(c.outcome IN ('failed', 'rejected')) AS failed,
      (array_agg(c.outcome IN ('failed', 'rejected') ORDER BY c.id DESC))[1] AS failing, max(c.received_at) AS "lastAt",
      (array_agg(c.result_code ORDER BY c.id DESC))[1] AS "lastCode",
      (array_agg(c.result_msg ORDER BY c.id DESC))[1] AS "lastMessage",
      (array_agg(c.activity ORDER BY c.id DESC))[1] AS activity
    FROM calls c LEFT JOIN messages m ON m.id = c.message_id
    WHERE c.test AND c.id >= ${idFloor(since)}::uuid AND c.source <> 'replay' AND c.outcome <> 'received'
    GROUP BY 1, 2 ORDER BY 2 DESC`
  const products = [...new Set(rows.map((row) => row.productRef))]
  return products.map((productRef) => {
    const days = rows.filter((row) => row.productRef === productRef)
    const passed = days.findIndex((day) => !day.failed)
    const { failing, lastAt, lastCode, lastMessage, activity } = days[0] as Row
    const failingDays = passed < 0 ? days.length : passed
    return { productRef, failingDays, failing, lastAt, lastCode, lastMessage, activity }
  })
}
