import { z } from 'zod'
import type { InstanceItem } from '@/lib/instances'
import type { KnownOrder } from '@/lib/orders'
import { lineOf } from './compare'
import { instancesAbout } from './drift'
import type { Knowledge, KnownMessage } from './knowledge'

export const expectedStep = z
  .object({
    step: z.enum(['call', 'delivery', 'collection', 'renewal', 'upgrade', 'release', 'usage', 'supervision']),
    state: z.enum(['done', 'waiting', 'failed']),
    at: z.iso.datetime().nullable().describe('when it was done, or until when the marketplace repeats its call'),
    orderLineId: z.string().nullable(),
    instanceId: z.string().nullable(),
    messageId: z.guid().nullable(),
  })
  .meta({ id: 'ExpectedStep' })
export type ExpectedStep = z.output<typeof expectedStep>

/**
 * What has to happen about an order until it is through, and how far it is. A purchase: a call per line (pay-per-use: per
 * product), the delivery, the marketplace's collection of it; later orders: their call. Pure.
 */
export function expectedSteps(
  order: KnownOrder,
  known: Pick<Knowledge, 'messages' | 'instances'>,
  supervision: string | null,
): ExpectedStep[] {
  const messages = known.messages.filter(({ orderId }) => orderId === order.orderId)
  const instances = instancesAbout(order, messages, known.instances)
  const steps = stepsOf(order, messages, instances)
  if (supervision && supervision !== 'not-applicable') {
    const state = supervision === 'completed' ? 'done' : 'waiting'
    steps.push({ step: 'supervision', state, at: null, orderLineId: null, instanceId: null, messageId: null })
  }
  return steps
}

function stepsOf(order: KnownOrder, messages: KnownMessage[], instances: InstanceItem[]): ExpectedStep[] {
  switch (order.orderType) {
    case 'RENEW':
    case 'TRIAL_TO_FORMAL':
      return laterStep(order, 'renewal', messages, ['refreshInstance'])
    case 'CHANGE':
      return laterStep(order, 'upgrade', messages, ['upgradeInstance', 'upgrade'])
    case 'UNSUBSCRIBE':
      return laterStep(order, 'release', messages, ['releaseInstance', 'refreshInstance', 'expireInstance'])
    default:
      return order.lines.flatMap((line) => purchaseSteps(order, line.orderLineId, messages, instances))
  }
}

function laterStep(
  order: KnownOrder,
  step: ExpectedStep['step'],
  messages: KnownMessage[],
  activities: string[],
): ExpectedStep[] {
  return order.lines.map(({ orderLineId }) => {
    const about = messages.filter(
      (one) => activities.includes(one.activity) && (one.orderLineId === null || one.orderLineId === orderLineId),
    )
    return { ...stepOf(step, about[0]), orderLineId }
  })
}

function purchaseSteps(
  order: KnownOrder,
  orderLineId: string,
  messages: KnownMessage[],
  instances: InstanceItem[],
): ExpectedStep[] {
  const covers = (row: { orderLineId: string | null }) => row.orderLineId === null || row.orderLineId === orderLineId
  const calls = messages.filter((one) => one.activity === 'newInstance' && covers(one))
  const opened = instances.filter(covers)
  const line = lineOf(order, orderLineId)
  // zh-cn_topic_0070649427: a pay-per-use spec of several billing factors opens one instance for each.
  const wanted = line?.chargingMode === 'ON_DEMAND' ? Math.max(1, line.products.length) : 1
  const steps: ExpectedStep[] = []
  for (const instance of opened) {
    const { instanceId } = instance
    const call = calls.find((one) => one.instanceId === instanceId) ?? calls[0]
    const delivered = instance.deliveryState === 'delivered'
    steps.push({ ...stepOf('call', call), state: 'done', at: instance.createdAt, orderLineId, instanceId })
    steps.push({
      step: 'delivery',
      state: delivered ? 'done' : instance.deliveryState === 'refused' ? 'failed' : 'waiting',
      at: instance.deliveredAt,
      orderLineId,
      instanceId,
      messageId: call?.id ?? null,
    })
    // The marketplace knows the access data once a call about the purchase was answered with success.
    if (delivered && call) steps.push({ ...stepOf('collection', call), orderLineId, instanceId })
    if (delivered && line?.chargingMode === 'ON_DEMAND')
      steps.push({ step: 'usage', state: 'waiting', at: null, orderLineId, instanceId, messageId: null })
  }
  for (let missing = opened.length; missing < wanted; missing++)
    steps.push({
      ...stepOf('call', calls.find(({ instanceId }) => instanceId === null) ?? calls[missing]),
      orderLineId,
    })
  return steps
}

function stepOf(step: ExpectedStep['step'], message: KnownMessage | undefined): ExpectedStep {
  const nowhere = { orderLineId: null, instanceId: null }
  if (!message) return { step, state: 'waiting', at: null, messageId: null, ...nowhere }
  const done = message.state === 'succeeded' || (message.state === 'resolved' && message.outcome === 'succeeded')
  const state = done ? 'done' : message.outcome === 'failed' ? 'failed' : 'waiting'
  const at = done ? message.lastAt : message.retryUntil
  return {
    step,
    state,
    at: at?.toISOString() ?? null,
    messageId: message.id,
    orderLineId: null,
    instanceId: message.instanceId,
  }
}
