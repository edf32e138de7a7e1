import { z } from 'zod'
import { catalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { correctInstance, findInstance, type InstanceItem, instanceItem } from '@/lib/instances'
import { licenseItem, licensesAbout } from '@/lib/licenses'
import {
  answersOf,
  findOrder,
  findOrders,
  type KnownOrder,
  type LookedUpOrder,
  lookUpOrder,
  lookUpsOf,
  orderAnswer,
  orderLookUp,
  orderZone,
  supervisionNote,
  supervisionOf,
} from '@/lib/orders'
import { type Context, requireRole } from '@/lib/users/context'
import { type ComparedField, type ComparedValue, comparedFields, compareWithOrder, lineOf, verdicts } from './compare'
import { instancesAbout } from './drift'
import { assessOrders, driftItem, driftsOf } from './drifts'
import { expectedStep, expectedSteps } from './expected'
import { knowledgeOf, sinceOf } from './knowledge'

const time = z.iso.datetime().describe('ISO 8601, UTC')

const aboutMessage = z.object({
  id: z.guid(),
  activity: z.string(),
  state: z.enum(['open', 'succeeded', 'resolved']),
  outcome: z.enum(['succeeded', 'processing', 'failed', 'rejected']),
  resultCode: z.string().nullable(),
  instanceId: z.string().nullable(),
  test: z.boolean(),
  lastAt: time,
})

export const orderDossier = z
  .object({
    messages: z.array(aboutMessage).describe('the one with the newest call first'),
    instances: z.array(instanceItem),
    licenses: z.array(licenseItem).describe('of the order or of one of its instances, newest first, the newest 50'),
    expected: z.array(expectedStep).describe('what has to happen until the order is through; empty for one not stored'),
    drifts: z.array(driftItem).describe('not mended'),
    supervision: z.array(supervisionNote).describe('newest first; the first one counts'),
    lookUps: z.array(orderLookUp).describe('newest first, the newest 50'),
    answers: z.array(orderAnswer).describe('what the marketplace said over time, newest first'),
  })
  .meta({ id: 'OrderDossier' })
type Dossier = z.output<typeof orderDossier>

/** What the desk knows of an order beside what the marketplace tells. Never asks the marketplace. */
export async function getDossier({ ctx, input }: { ctx: Context; input: { orderId: string } }): Promise<Dossier> {
  requireRole(ctx, 'viewer')
  const { orderId } = input
  const [known, drifts, supervision, lookUps, answers] = await Promise.all([
    knowledgeOf([orderId]),
    driftsOf(orderId),
    supervisionOf(orderId),
    lookUpsOf(orderId),
    answersOf(orderId),
  ])
  const order = known.orders.get(orderId)
  const instances = order ? instancesAbout(order, known.messages, known.instances) : known.instances
  const instanceIds = instances.map(({ instanceId }) => instanceId)
  return {
    messages: known.messages.map(({ id, activity, state, outcome, resultCode, instanceId, test, lastAt }) =>
      aboutMessage.parse({ id, activity, state, outcome, resultCode, instanceId, test, lastAt: lastAt.toISOString() }),
    ),
    instances,
    licenses: await licensesAbout(orderId, instanceIds),
    expected: order ? expectedSteps(order, known, supervision[0]?.state ?? null) : [],
    drifts,
    supervision,
    lookUps,
    answers,
  }
}

/** `lookUpOrder`, and what the answer means for the desk. */
export async function lookUpAndAssess({
  ctx,
  input,
}: {
  ctx: Context
  input: { orderId: string; orderLineId?: string; refresh?: boolean }
}): Promise<LookedUpOrder> {
  const before = await findOrder(input.orderId)
  try {
    return await lookUpOrder({ ctx, input })
  } finally {
    const after = await findOrder(input.orderId)
    const asked = before?.fetchedAt?.getTime() !== after?.fetchedAt?.getTime()
    if (asked || !after) await assessOrders([input.orderId])
  }
}

const comparedValue = z.object({
  field: z.enum(comparedFields),
  order: z.string().nullable(),
  instance: z.string().nullable(),
  verdict: z
    .enum(verdicts)
    .describe('moved-on: a later renewal or upgrade explains the difference; untold: the order does not say'),
})

export const orderComparison = z
  .object({
    order: z
      .object({
        orderId: z.string(),
        orderLineId: z.string().nullable(),
        orderType: z.string(),
        fetchedAt: time,
      })
      .nullable()
      .describe('null: not stored, and the marketplace was not asked or did not tell'),
    failure: z.string().nullable().describe('why the marketplace did not tell just now'),
    fields: z.array(comparedValue),
    drift: driftItem.nullable(),
  })
  .meta({ id: 'OrderComparison' })
type Comparison = z.output<typeof orderComparison>

/**
 * An instance beside its purchase order, field by field. `refresh` asks the marketplace first and needs an operator.
 * Throws 'not-found' for an unknown instance.
 */
export async function compareInstance({
  ctx,
  input: { instanceId, refresh },
}: {
  ctx: Context
  input: { instanceId: string; refresh: boolean }
}): Promise<Comparison> {
  requireRole(ctx, refresh ? 'operator' : 'viewer')
  const instance = await needed(instanceId)
  let failure: string | null = null
  if (refresh) {
    const input = { orderId: instance.orderId, refresh: true }
    const told = await lookUpAndAssess({ ctx, input }).catch((error) => {
      if (!(error instanceof DeskError)) throw error
      return { refreshError: error.message }
    })
    failure = told.refreshError ?? null
  }
  const order = await findOrder(instance.orderId)
  const drifts = await driftsOf(instance.orderId)
  const drift =
    drifts.find(({ kind, instanceId: id }) => (kind === 'fields' ? id === instanceId : kind === 'no-order')) ?? null
  if (!order) return { order: null, failure, fields: [], drift }
  const line = lineOf(order, instance.orderLineId)
  return {
    order: {
      orderId: order.orderId,
      orderLineId: line?.orderLineId ?? null,
      orderType: order.orderType,
      fetchedAt: (order.fetchedAt ?? new Date()).toISOString(),
    },
    failure,
    fields: await compared(instance, order),
    drift,
  }
}

async function needed(instanceId: string): Promise<InstanceItem> {
  const instance = await findInstance(instanceId)
  if (!instance) throw new DeskError('not-found', `There is no instance ${instanceId}.`)
  return instance
}

async function compared(instance: InstanceItem, order: KnownOrder): Promise<ComparedValue[]> {
  const since = (await sinceOf([instance.instanceId])).get(instance.instanceId) ?? { renewal: null, upgrade: null }
  return compareWithOrder(instance, order, { zone: orderZone(order, await catalog()), since })
}

export const takeOverSchema = z.strictObject({
  orderId: z.string().min(1).max(64).optional().describe('the order to take from; the purchase unless told'),
  fields: z.array(z.enum(comparedFields)).min(1, 'name at least one field'),
})

/**
 * Takes fields over from the stored order into an instance, where they differ. Operators and above; audited; an event of
 * the instance. Throws 'not-found', 'conflict' when the instance was released or the order is not stored.
 */
export async function takeOverOrder({
  ctx,
  input: { instanceId, orderId, fields },
}: {
  ctx: Context
  input: { instanceId: string; orderId?: string; fields: ComparedField[] }
}): Promise<Comparison> {
  requireRole(ctx, 'operator')
  const instance = await needed(instanceId)
  const order = (await findOrders(prisma(), [orderId ?? instance.orderId])).get(orderId ?? instance.orderId)
  if (!order) throw new DeskError('conflict', `Order ${orderId ?? instance.orderId} is not stored; fetch it first.`)
  const values = (await compared(instance, order)).filter(
    ({ field, verdict }) => verdict === 'differs' && fields.includes(field),
  )
  const config = await catalog()
  await correctInstance({
    ctx,
    input: {
      instanceId,
      reason: 'taken over from the order',
      facts: (state) => {
        const facts = factsOf(values, state.quantity)
        const productId = facts.productId ?? state.productId
        const skuCode = facts.skuCode ?? state.skuCode
        const product = config.find(productId, skuCode)
        return product && (facts.productId || facts.skuCode) ? { ...facts, productRef: product.id } : facts
      },
    },
  })
  await assessOrders([order.orderId, instance.orderId])
  return compareInstance({ ctx, input: { instanceId, refresh: false } })
}

type Corrections = ReturnType<Parameters<typeof correctInstance>[0]['input']['facts']>

function factsOf(values: ComparedValue[], quantity: Corrections['quantity']): Corrections {
  const facts: Corrections = {}
  for (const { field, order } of values) {
    if (order === null) continue
    if (field === 'quantity') facts.quantity = { ...quantity, amount: Number(order) }
    else if (field === 'periodNumber') facts.periodNumber = Number(order)
    else if (field === 'expiresAt') facts.expiresAt = new Date(order)
    else if (field === 'trial') facts.trial = order === 'true'
    else facts[field] = order
  }
  return facts
}
