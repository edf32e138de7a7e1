import { lostOrders, monthStart } from '@/lib/calls'
import { prisma } from '@/lib/db/client'
import { probeStates } from '@/lib/rehearsals'
import { lateUsage } from '@/lib/usage'
import type { OpenAlertSettings } from './settings'
import type { AlertFacts, AlertKind, Condition } from './types'

type Thresholds = OpenAlertSettings['thresholds']
type Names = Map<string, string>

/** Of one kind at most so many; whoever has more of them looks at the page. */
const LIMIT = 100

/** Everything that is the case now, of the kinds that are switched on. Real purchases and calls, but for the probes. */
export async function presentConditions(settings: OpenAlertSettings, now: Date): Promise<Condition[]> {
  const names = new Map(
    (await prisma().product.findMany({ select: { id: true, name: true } })).map((p) => [p.id, p.name]),
  )
  const look: Record<AlertKind, () => Promise<Condition[]>> = {
    'message-window': () => closingWindows(settings.thresholds, now),
    'failed-orders': () => failedOrders(settings.thresholds, names, now),
    'probe-failed': () => failedProbes(names, now),
    'delivery-stuck': () => stuckDeliveries(settings.thresholds, now),
    'usage-late': () => usageBehind(names, now),
    'pool-low': () => lowPools(settings.thresholds),
  }
  const wanted = (Object.keys(look) as AlertKind[]).filter((kind) => settings.kinds[kind])
  return (await Promise.all(wanted.map((kind) => look[kind]()))).flat()
}

const firstLine = (text: string | null | undefined) => text?.split('\n')[0]?.slice(0, 300) ?? null

async function closingWindows({ windowMinutes }: Thresholds, now: Date): Promise<Condition[]> {
  type Row = AlertFacts & { id: string; retryUntil: Date; resultCode: string | null; resultMsg: string | null }
  const until = new Date(now.getTime() + windowMinutes * 60_000)
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT m.id, m.activity, m.order_id AS "orderId", m.instance_id AS "instanceId", m.retry_until AS "retryUntil",
      m.result_code AS "resultCode", m.result_msg AS "resultMsg", p.name AS "productName"
    FROM messages m LEFT JOIN products p ON p.id = m.product_ref
    WHERE m.state = 'open' AND m.outcome = 'failed' AND NOT m.test
      AND coalesce(m.retry_until, 'infinity'::timestamptz) BETWEEN ${now}::timestamptz AND ${until}::timestamptz
    ORDER BY m.retry_until LIMIT ${LIMIT}`
  return rows.map(({ id, retryUntil, resultCode, resultMsg, ...ids }) => ({
    kind: 'message-window',
    subject: id,
    facts: {
      ...ids,
      messageId: id,
      cause: [resultCode, firstLine(resultMsg)].filter(Boolean).join(' · '),
      until: retryUntil.toISOString(),
      path: `/calls/messages/${id}`,
    },
  }))
}

async function failedOrders({ failedOrders: least }: Thresholds, names: Names, now: Date): Promise<Condition[]> {
  const from = monthStart(now)
  const rows = await prisma().$queryRaw<{ productRef: string | null; count: number }[]>`
    SELECT product_ref AS "productRef", count(DISTINCT order_id)::int AS count
    FROM (${lostOrders(from, now)}) lost WHERE over GROUP BY product_ref HAVING count(DISTINCT order_id) >= ${least}`
  return rows.map(({ productRef, count }) => ({
    kind: 'failed-orders',
    subject: `${productRef ?? 'none'}:${from.toISOString().slice(0, 10)}`,
    facts: {
      productName: productRef && (names.get(productRef) ?? null),
      count,
      limit: 5,
      path: `/calls?view=messages&lostSince=${encodeURIComponent(from.toISOString())}${productRef ? `&productId=${productRef}` : ''}`,
    },
  }))
}

async function failedProbes(names: Names, now: Date): Promise<Condition[]> {
  const states = await probeStates(now)
  return states
    .filter(({ failing }) => failing)
    .map(({ productRef, failingDays, lastAt, lastCode, lastMessage, activity, rehearsed }) => ({
      kind: 'probe-failed',
      subject: productRef ?? 'none',
      facts: {
        productName: productRef && (names.get(productRef) ?? null),
        activity,
        count: failingDays,
        limit: 5,
        since: lastAt.toISOString(),
        cause: [lastCode, firstLine(lastMessage)].filter(Boolean).join(' · '),
        path: rehearsed
          ? '/rehearsals?good=failed'
          : `/calls?view=calls&test=test${productRef ? '' : '&outcome=rejected'}`,
      },
    }))
}

async function stuckDeliveries({ stuckMinutes }: Thresholds, now: Date): Promise<Condition[]> {
  type Row = AlertFacts & { createdAt: Date; deliveryError: string | null }
  const before = new Date(now.getTime() - stuckMinutes * 60_000)
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT i.instance_id AS "instanceId", i.order_id AS "orderId", i.created_at AS "createdAt",
      i.delivery_error AS "deliveryError", p.name AS "productName"
    FROM instances i LEFT JOIN products p ON p.id = i.product_ref
    WHERE i.state = 'pending' AND i.delivery_state IN ('waiting', 'refused') AND NOT i.test
      AND i.created_at < ${before}::timestamptz
    ORDER BY i.created_at DESC LIMIT ${LIMIT}`
  return rows.map(({ createdAt, deliveryError, ...ids }) => ({
    kind: 'delivery-stuck',
    subject: ids.instanceId ?? '',
    facts: {
      ...ids,
      activity: 'newInstance',
      cause: firstLine(deliveryError),
      since: createdAt.toISOString(),
      path: `/instances/${encodeURIComponent(ids.instanceId ?? '')}`,
    },
  }))
}

async function usageBehind(names: Names, now: Date): Promise<Condition[]> {
  const late = await lateUsage(now)
  return late.map(({ productRef, count, instanceId, month, since, cause }) => ({
    kind: 'usage-late',
    subject: productRef ?? 'none',
    facts: {
      productName: productRef && (names.get(productRef) ?? null),
      instanceId,
      count,
      cause: firstLine(cause),
      since: since.toISOString(),
      path: `/usage?${new URLSearchParams({
        ...(count > 0 && { view: 'records' }),
        month,
        ...(productRef && { productId: productRef }),
      })}`,
    },
  }))
}

async function lowPools({ poolLow }: Thresholds): Promise<Condition[]> {
  const rows = await prisma().$queryRaw<{ id: string; name: string; free: number }[]>`
    SELECT p.id, p.name, count(a.id)::int AS free
    FROM products p LEFT JOIN pool_accounts a ON a.product_ref = p.id AND a.taken_by IS NULL
    WHERE p.delivery_type = 'pool' GROUP BY p.id HAVING count(a.id) < ${poolLow}`
  return rows.map(({ id, name, free }) => ({
    kind: 'pool-low',
    subject: id,
    facts: { productName: name, count: free, limit: poolLow, path: `/settings/products?pool=${id}` },
  }))
}
