import { catalog } from '@/lib/catalog'
import type { InstanceItem } from '@/lib/instances'
import { mockOrderIds } from '@/lib/marketplace'
import { type KnownOrder, orderZone } from '@/lib/orders'
import { type ComparedValue, compareWithOrder, type Since } from './compare'
import type { Knowledge, KnownMessage } from './knowledge'

/**
 * `no-call`: the marketplace has an order (line) nobody called about. `no-instance`: calls came, but opened nothing.
 * `no-order`: calls came about an order the marketplace did not tell. `fields`: an instance differs from its order.
 */
export const driftKinds = ['no-call', 'no-order', 'no-instance', 'fields'] as const
export type DriftKind = (typeof driftKinds)[number]

export type FoundDrift = {
  key: string
  kind: DriftKind
  orderId: string
  orderLineId: string | null
  instanceId: string | null
  messageId: string | null
  reason: string | null
  fields: Pick<ComparedValue, 'field' | 'order' | 'instance'>[]
}

const purchases = ['NEW', 'TRIAL']
/** The marketplace calls within seconds of a purchase, and our question about a call follows it at once. */
const GRACE_MS = 15 * 60_000

/** What the marketplace's orders and the desk do not agree about, for the orders of `known`. */
export async function findDrifts(known: Knowledge, orderIds: string[], now = new Date()): Promise<FoundDrift[]> {
  const config = await catalog()
  const canAsk = config.active('ak-sk').length > 0
  return orderIds.flatMap((orderId) => {
    if ((mockOrderIds as readonly string[]).includes(orderId)) return []
    const order = known.orders.get(orderId)
    const messages = known.messages.filter((message) => message.orderId === orderId)
    if (!order) return canAsk ? unknownOrder(orderId, messages, known.refused.get(orderId), now) : []
    const about = instancesAbout(order, messages, known.instances)
    const zone = orderZone(order, config)
    return [
      ...uncalled(order, messages, about),
      ...about.flatMap((instance) => differing(order, instance, zone, known.since.get(instance.instanceId))),
    ]
  })
}

function unknownOrder(
  orderId: string,
  messages: KnownMessage[],
  refusedBecause: string | undefined,
  now: Date,
): FoundDrift[] {
  const real = messages.filter(({ test }) => !test)
  const message = real.find(({ activity }) => activity === 'newInstance') ?? real[0]
  const young = real.every(({ firstAt }) => now.getTime() - firstAt.getTime() < GRACE_MS)
  if (!message || (young && !refusedBecause)) return []
  const { orderLineId, instanceId, id: messageId } = message
  const reason = refusedBecause ?? 'not-asked'
  return [drift('no-order', orderId, { orderLineId, instanceId, messageId, reason })]
}

/** Lines of a purchase without a call or an instance; any other order without a call. */
function uncalled(order: KnownOrder, messages: KnownMessage[], instances: InstanceItem[]): FoundDrift[] {
  const { orderId } = order
  if (!purchases.includes(order.orderType)) {
    return messages.length > 0 ? [] : [drift('no-call', orderId, { reason: order.orderType })]
  }
  return order.lines.flatMap(({ orderLineId }) => {
    const covers = (row: { orderLineId: string | null }) => row.orderLineId === null || row.orderLineId === orderLineId
    if (instances.some(covers)) return []
    const called = messages.filter(covers)
    if (called.length === 0) return [drift('no-call', orderId, { orderLineId, reason: order.orderType })]
    const purchase = called.find(({ activity }) => activity === 'newInstance')
    // A product by licence is only notified of (orderNotify): nothing opens here.
    if (!purchase) return []
    return [drift('no-instance', orderId, { orderLineId, messageId: purchase.id, reason: purchase.resultCode })]
  })
}

function differing(
  order: KnownOrder,
  instance: InstanceItem,
  zone: ReturnType<typeof orderZone>,
  since: Since = { renewal: null, upgrade: null },
): FoundDrift[] {
  if (instance.test || instance.state === 'released') return []
  const values = compareWithOrder(instance, order, { zone, since })
  const fields = values
    .filter(({ verdict }) => verdict === 'differs')
    .map(({ field, order: theirs, instance: ours }) => ({ field, order: theirs, instance: ours }))
  if (fields.length === 0) return []
  const { instanceId, orderLineId } = instance
  return [{ ...drift('fields', order.orderId, { orderLineId, instanceId }), fields }]
}

/** The instances an order opened, or that the calls about a later order (renewal, upgrade) named. */
export function instancesAbout(order: KnownOrder, messages: KnownMessage[], instances: InstanceItem[]): InstanceItem[] {
  const named = new Set(messages.map(({ instanceId }) => instanceId))
  return instances.filter(({ orderId, instanceId }) => orderId === order.orderId || named.has(instanceId))
}

function drift(kind: DriftKind, orderId: string, more: Partial<FoundDrift>): FoundDrift {
  const { orderLineId = null, instanceId = null, messageId = null, reason = null } = more
  const key = [kind, orderId, orderLineId ?? '', kind === 'fields' ? (instanceId ?? '') : ''].join(' ')
  return { key, kind, orderId, orderLineId, instanceId, messageId, reason, fields: [] }
}
