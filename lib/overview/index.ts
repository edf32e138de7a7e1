import { z } from 'zod'
import { alertItem, firingAlerts } from '@/lib/alerts'
import { countOpenMessages, lostOrders, messageItem, monthStart, urgentMessages } from '@/lib/calls'
import { Prisma, prisma } from '@/lib/db/client'
import { countUpTo } from '@/lib/db/where'
import { countWaitingDeliveries } from '@/lib/instances'
import { licenseFigures } from '@/lib/licenses'
import { probeStates } from '@/lib/rehearsals'
import { usageFigures } from '@/lib/usage'
import { type Context, requireRole } from '@/lib/users/context'

const time = z.iso.datetime().describe('ISO 8601, UTC')
const count = z.int().describe('10001 means more than 10,000')
const states = ['pending', 'active', 'frozen', 'released'] as const

const health = z
  .object({
    id: z.guid().nullable().describe('null: what belongs to no product'),
    name: z.string().nullable(),
    failedOrders: z.int().describe('orders lost this month; more than five may delist the product'),
    ordersAtRisk: z.int().describe('orders still being repeated'),
    failingProbeDays: z.int().describe('days in a row with a failed probe; five freeze the product'),
    probe: z.enum(['passed', 'failed']).nullable().describe('the newest one of the last ten days'),
    probedAt: time.nullable(),
  })
  .meta({ id: 'ProductHealth' })

const stuckItem = z
  .object({
    instanceId: z.string(),
    customerName: z.string().nullable(),
    productName: z.string().nullable(),
    createdAt: time,
    deliveryType: z.string().nullable(),
    deliveryState: z.string(),
    deliveryError: z.string().nullable(),
    deliveryAttempts: z.int(),
  })
  .meta({ id: 'StuckDelivery' })

export const overviewSchema = z
  .object({
    monthFrom: time.describe('when the month of the failed orders began, in Beijing'),
    limits: z.object({ failedOrders: z.int(), probeDays: z.int() }),
    products: z.array(health).describe('the ones in danger first'),
    openMessages: count,
    closingMessages: count.describe('open messages whose retry window closes within 30 minutes'),
    urgent: z.array(messageItem).describe('open failed messages by what is left of their window, at most 8'),
    waitingDeliveries: count,
    stuck: z.array(stuckItem).describe('the oldest deliveries that wait, at most 6'),
    instances: z.object({ pending: count, active: count, frozen: count, released: count }),
    expiring: z.object({ days7: count, days30: count }),
    licenses: z
      .object({ waiting: count, uploadFailed: count, expiring30: count })
      .describe('not issued yet; issued, but not taken by the marketplace; expiring within 30 days'),
    usage: z
      .object({
        month: z.string().describe('yyyy-MM, in Beijing'),
        collected: z.int(),
        pushed: z.int().describe('accepted and rejected ones'),
        rejected: z.int(),
        silent: z.int().describe('pay-per-use instances that owe records by now'),
      })
      .describe('usage records of this month'),
    alerts: z.array(alertItem).describe('what goes on now, newest first, at most 20'),
  })
  .meta({ id: 'Overview' })
type Overview = z.output<typeof overviewSchema>

/** The marketplace's own limits: more than 5 failed orders a month, 5 failing days in a row. */
const LIMITS = { failedOrders: 5, probeDays: 5 }
const URGENT = 8
const STUCK = 6

/** Everything the overview shows, as of now; real purchases and calls only, but for the probes. */
export async function getOverview({ ctx }: { ctx: Context }): Promise<Overview> {
  requireRole(ctx, 'viewer')
  const now = new Date()
  const from = monthStart(now)
  const closing = Prisma.sql`messages m WHERE m.state = 'open' AND m.outcome = 'failed' AND NOT m.test
    AND coalesce(m.retry_until, 'infinity'::timestamptz) BETWEEN now() AND now() + interval '30 minutes'`
  const [
    products,
    openMessages,
    closingMessages,
    urgent,
    waitingDeliveries,
    stuck,
    instances,
    days7,
    days30,
    alerts,
    licenses,
    usage,
  ] = await Promise.all([
    productHealth(now, from),
    countOpenMessages(),
    countUpTo(closing),
    urgentMessages(URGENT),
    countWaitingDeliveries(),
    stuckDeliveries(),
    Promise.all(states.map((state) => countUpTo(Prisma.sql`instances WHERE state = ${state} AND NOT test`))),
    countExpiring(7),
    countExpiring(30),
    firingAlerts(),
    licenseFigures(),
    usageFigures(now),
  ])
  const [pending = 0, active = 0, frozen = 0, released = 0] = instances
  return {
    monthFrom: from.toISOString(),
    limits: LIMITS,
    products,
    openMessages,
    closingMessages,
    urgent,
    waitingDeliveries,
    stuck,
    instances: { pending, active, frozen, released },
    expiring: { days7, days30 },
    licenses,
    usage,
    alerts,
  }
}

function countExpiring(days: number): Promise<number> {
  return countUpTo(Prisma.sql`instances WHERE state IN ('pending', 'active', 'frozen') AND NOT test
    AND expires_at BETWEEN now() AND now() + make_interval(days => ${days}::int)`)
}

async function productHealth(now: Date, from: Date): Promise<Overview['products']> {
  const [products, lost, probes] = await Promise.all([
    prisma().product.findMany({ select: { id: true, name: true }, orderBy: { name: 'asc' } }),
    prisma().$queryRaw<{ productRef: string | null; failed: number; risk: number }[]>`
      SELECT product_ref AS "productRef", count(DISTINCT order_id) FILTER (WHERE over)::int AS failed,
        count(DISTINCT order_id) FILTER (WHERE NOT over)::int AS risk
      FROM (${lostOrders(from, now)}) lost GROUP BY product_ref`,
    probeStates(now),
  ])
  const none: { id: string | null; name: string | null } = { id: null, name: null }
  const all = [...products, none].map(({ id, name }) => {
    const orders = lost.find((row) => row.productRef === id)
    const probe = probes.find((row) => row.productRef === id)
    return {
      id,
      name,
      failedOrders: orders?.failed ?? 0,
      ordersAtRisk: orders?.risk ?? 0,
      failingProbeDays: probe?.failingDays ?? 0,
      probe: probe ? (probe.failing ? ('failed' as const) : ('passed' as const)) : null,
      probedAt: probe?.lastAt.toISOString() ?? null,
    }
  })
  const danger = (one: (typeof all)[number]) =>
    Math.max(one.failedOrders / LIMITS.failedOrders, one.failingProbeDays / LIMITS.probeDays) + one.ordersAtRisk / 1000
  return all
    .filter((one) => one.id !== null || one.failedOrders + one.ordersAtRisk + one.failingProbeDays > 0)
    .sort((a, b) => danger(b) - danger(a))
}

async function stuckDeliveries(): Promise<Overview['stuck']> {
  const rows = await prisma().$queryRaw<(Omit<Overview['stuck'][number], 'createdAt'> & { createdAt: Date })[]>`
    SELECT i.instance_id AS "instanceId", i.customer_name AS "customerName", p.name AS "productName",
      i.created_at AS "createdAt", i.delivery_type AS "deliveryType", i.delivery_state AS "deliveryState",
      i.delivery_error AS "deliveryError", i.delivery_attempts AS "deliveryAttempts"
    FROM instances i LEFT JOIN products p ON p.id = i.product_ref
    WHERE i.state = 'pending' AND i.delivery_state IN ('waiting', 'refused') AND NOT i.test
    ORDER BY i.created_at LIMIT ${STUCK}`
  return rows.map((row) => ({ ...row, createdAt: row.createdAt.toISOString() }))
}
