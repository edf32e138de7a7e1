import { Prisma } from '@/lib/db/client'
import { idFloor } from '@/lib/db/ids'
import { orderWindows } from './retry-windows'

/** Midnight of the first of this month where the marketplace counts: in Beijing. */
export function monthStart(now: Date): Date {
  const there = new Date(now.getTime() + BEIJING_MS)
  return new Date(Date.UTC(there.getUTCFullYear(), there.getUTCMonth(), 1) - BEIJING_MS)
}

/** Beijing is 8 hours ahead of UTC, all the year. */
const BEIJING_MS = 8 * 3_600_000

/**
 * Messages (`id`, `product_ref`, `order_id`, `over`) whose order the marketplace gave up on, or is about to, since a moment:
 * its own calls failed and no later one of them went well. `over`: it repeats them no more. A replay changes nothing
 * about that; what the marketplace has counted stays counted.
 */
export function lostOrders(since: Date, now = new Date()): Prisma.Sql {
  const windows = Prisma.join(
    orderWindows().map(([protocol, activity, hours]) => Prisma.sql`(${protocol}, ${activity}, ${hours}::int)`),
  )
  return Prisma.sql`
    SELECT m.id, m.product_ref, f.order_id, f.first_at + make_interval(hours => w.hours) <= ${now}::timestamptz AS over
    FROM (
      SELECT message_id, min(order_id) AS order_id, min(received_at) AS first_at, max(id::text)::uuid AS last_id
      FROM calls
      WHERE outcome = 'failed' AND id >= ${idFloor(since.getTime())}::uuid AND source = 'marketplace' AND NOT test
        AND order_id IS NOT NULL AND message_id IS NOT NULL
      GROUP BY message_id
    ) f
    JOIN messages m ON m.id = f.message_id
    JOIN (VALUES ${windows}) w (protocol, activity, hours) ON w.protocol = m.protocol AND w.activity = m.activity
    WHERE NOT EXISTS (
      SELECT FROM calls c WHERE c.message_id = f.message_id AND c.id > f.last_id AND c.source = 'marketplace'
        AND c.outcome IN ('succeeded', 'processing')
    )`
}
