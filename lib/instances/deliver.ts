import { type Catalog, catalog } from '@/lib/catalog'
import { prisma, type Tx } from '@/lib/db/client'
import {
  announceToWebhook,
  callDeliveryWebhook,
  type DeliveryResult,
  needsOrder,
  renderTemplate,
  takePoolAccount,
} from '@/lib/delivery'
import type { JobData } from '@/lib/jobs'
import { type AppInfo, appInfoProblem, type MarketplaceOrder, ResultCode } from '@/lib/marketplace'
import { fetchOrder, findOrder, saveOrder } from '@/lib/orders'
import type { Product } from '@/lib/products'
import { factsOf, factsOfOrder } from './facts'
import type { InstanceState } from './state'
import { addEvent, changeOf, type InstanceChange, knownEvents, loadAppInfos, lockInstance, saveChanges } from './store'
import { correct, deliver, deliveryTrouble } from './transitions'

export type DeliveryEnd = {
  /** `failed`: worth trying again */
  outcome: 'delivered' | 'waiting' | 'refused' | 'failed'
  state: InstanceState
  error?: string
  /** the marketplace's code of a refusal */
  code?: string
  /** access data, when this attempt or an earlier one delivered it */
  appInfo?: AppInfo
}

/** Runs inside the transaction that ends a delivery attempt. */
export type Alongside = (tx: Tx, end: DeliveryEnd) => Promise<void>

/**
 * Tries to open a pending instance: learns its order, asks its delivery, writes what came of it. Safe to repeat and
 * to run twice at once; remote calls end by `deadline` (Unix ms). Null: no such instance.
 */
export async function deliverInstance(
  instanceId: string,
  { deadline, alongside, actor = null }: { deadline: number; alongside?: Alongside; actor?: string | null },
): Promise<DeliveryEnd | null> {
  const row = await prisma().instance.findUnique({ where: { instanceId }, select: { orderId: true } })
  if (!row) return null
  const config = await catalog()
  const learnt = await learnOrder(instanceId, config, deadline)
  if (!learnt) return null
  const { state, order, orderError } = learnt
  const settled = state.deliveryState === 'delivered' || state.state === 'released'
  if (settled && orderError?.type === 'failed') return { outcome: 'failed', state, error: orderError.error }
  if (settled) return conclude(instanceId, null, { config, order, alongside, actor })
  const product = config.products.find((candidate) => candidate.id === state.productRef) ?? null
  const result = orderError ?? (await ask(product, state, order, deadline))
  return conclude(instanceId, result, { config, order, alongside, actor, product })
}

/** `pool`: the account is taken inside the transaction that hands it out. */
type Asked = DeliveryResult | { type: 'pool' }

async function learnOrder(
  instanceId: string,
  config: Catalog,
  deadline: number,
): Promise<{ state: InstanceState; order: MarketplaceOrder | null; orderError: DeliveryResult | null } | null> {
  const state = await prisma().$transaction((tx) => lockInstance(tx, instanceId))
  if (!state) return null
  if (state.protocol !== 'saas-v2') return { state, order: null, orderError: null }
  const stored = await findOrder(state.orderId)
  const canAsk = config.credentials.some((credential) => credential.kind === 'ak-sk' && credential.active)
  if (stored || !canAsk)
    return {
      state: stored ? { ...state, ...factsOfOrder(state, stored, config) } : state,
      order: stored,
      orderError: null,
    }
  const { orderId, orderLineId } = state
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs: Math.max(200, deadline - Date.now() - 100) })
  if (fetched.ok) {
    await prisma().$transaction((tx) => saveOrder(tx, fetched.value))
    return {
      state: { ...state, ...factsOfOrder(state, fetched.value, config) },
      order: fetched.value,
      orderError: null,
    }
  }
  const product = config.products.find((candidate) => candidate.id === state.productRef)
  if (product && !needsOrder(product.delivery)) return { state, order: null, orderError: null }
  const error = `order query: ${fetched.error.message}`
  return { state, order: null, orderError: { type: 'failed', error } }
}

async function ask(
  product: Product | null,
  state: InstanceState,
  order: MarketplaceOrder | null,
  deadline: number,
): Promise<Asked> {
  if (!product) return { type: 'waiting', reason: `no product is set up for ${state.productId ?? 'this order'}` }
  const { delivery } = product
  if (delivery.type === 'manual') return { type: 'waiting', reason: 'waits for staff to enter the access data' }
  if (delivery.type === 'pool') return { type: 'pool' }
  if (delivery.type === 'template')
    return { type: 'delivered', appInfo: renderTemplate(delivery, factsOf(state, order)) }
  const limit = Math.min(delivery.timeoutSeconds * 1000, deadline - Date.now() - 100)
  if (limit < 200) return { type: 'failed', error: 'no time was left to call the webhook' }
  return callDeliveryWebhook(
    product,
    { type: 'instance.requested', instance: factsOf(state, order), order },
    { timeoutMs: limit },
  )
}

async function conclude(
  instanceId: string,
  asked: Asked | null,
  at: {
    config: Catalog
    order: MarketplaceOrder | null
    alongside?: Alongside
    actor: string | null
    product?: Product | null
  },
): Promise<DeliveryEnd | null> {
  return prisma().$transaction(async (tx) => {
    const state = await lockInstance(tx, instanceId)
    if (!state) return null
    const change = changeOf(state)
    const origin = { callId: null, actor: at.actor }
    const now = new Date()
    if (at.order) applyOrder(change, at.order, at.config, origin, now)
    const result: DeliveryResult | null =
      asked?.type === 'pool' ? await fromPool(tx, at.product as Product, instanceId) : (asked as DeliveryResult | null)
    const end = settle(change, result, now, origin)
    await saveChanges(tx, [change], now)
    if (result) await tx.instance.update({ where: { instanceId }, data: { deliveryAttempts: { increment: 1 } } })
    const appInfo = end.outcome === 'delivered' ? (await loadAppInfos(tx, [instanceId])).get(instanceId) : undefined
    const complete = { ...end, state: change.state, ...(appInfo ? { appInfo } : {}) }
    await at.alongside?.(tx, complete)
    return complete
  })
}

/** Asks for an upgrade's order and takes the new specification over. */
export async function learnUpgradeOrder(
  upgrade: { instanceId: string; orderId: string; orderLineId: string | null },
  deadline: number,
): Promise<void> {
  const { instanceId, orderId, orderLineId } = upgrade
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs: deadline - Date.now() })
  if (!fetched.ok) throw new Error(`order query: ${fetched.error.message}`)
  const order = fetched.value
  const line = order.lines.find((candidate) => candidate.orderLineId === orderLineId) ?? order.lines[0]
  const bought = line?.products[0]
  await prisma().$transaction(async (tx) => {
    await saveOrder(tx, order)
    const state = await lockInstance(tx, instanceId)
    if (!state || !bought) return
    const facts: Partial<InstanceState> = {
      ...(bought.productId ? { productId: bought.productId } : {}),
      ...(bought.skuCode ? { skuCode: bought.skuCode } : {}),
      ...(bought.linearValue ? { quantity: { ...state.quantity, amount: bought.linearValue } } : {}),
    }
    const change = changeOf(state)
    const why = { dedupeKey: `upgrade-order:${orderLineId ?? orderId}`, reason: 'order query', at: new Date() }
    const event = correct(state, facts, why)
    const repeated = await knownEvents(tx, [{ instanceId, dedupeKey: why.dedupeKey }])
    if (event && repeated.size === 0) addEvent(change, event, { callId: null, actor: null })
    await saveChanges(tx, [change], why.at)
  })
}

/** Adds what the order query told to a change. */
function applyOrder(
  change: InstanceChange,
  order: MarketplaceOrder,
  config: Catalog,
  origin: { callId: string | null; actor: string | null },
  at: Date,
): void {
  const facts = factsOfOrder(change.state, order, config)
  // Taken over once: later answers of the same order are shown as drift, not laid over what happened since.
  if (change.state.customerId && change.state.productRef) return
  const event = correct(change.state, facts, {
    dedupeKey: `order:${order.orderId}:${at.getTime()}`,
    reason: 'order query',
    at,
  })
  if (event) addEvent(change, event, origin)
}

async function fromPool(tx: Tx, product: Product, instanceId: string): Promise<DeliveryResult> {
  const appInfo = await takePoolAccount(tx, product.id, instanceId)
  if (appInfo) return { type: 'delivered', appInfo }
  return { type: 'refused', code: ResultCode.noResource, message: `the pool of ${product.name} is empty` }
}

function settle(
  change: InstanceChange,
  result: DeliveryResult | null,
  at: Date,
  origin: { callId: string | null; actor: string | null },
): Omit<DeliveryEnd, 'state'> {
  if (change.state.deliveryState === 'delivered' || !result) return { outcome: 'delivered' }
  if (result.type === 'delivered') {
    const protocol = change.state.protocol === 'saas-v1' ? 'saas-v1' : 'saas-v2'
    const problem = appInfoProblem(result.appInfo, protocol)
    if (!problem) {
      addEvent(change, deliver(change.state, result.appInfo, at), origin)
      return { outcome: 'delivered' }
    }
    return trouble(change, { state: 'waiting', code: null, error: problem.message }, at, origin, 'failed')
  }
  if (result.type === 'refused') {
    const error = result.message ?? null
    // An empty pool fills again; what the seller's software refused stays refused until it is asked anew.
    const state = result.code === ResultCode.noResource ? 'waiting' : 'refused'
    return { ...trouble(change, { state, code: result.code, error }, at, origin, 'refused'), code: result.code }
  }
  if (result.type === 'waiting')
    return trouble(change, { state: 'waiting', code: null, error: result.reason }, at, origin, 'waiting')
  return trouble(change, { state: 'waiting', code: null, error: result.error }, at, origin, 'failed')
}

function trouble(
  change: InstanceChange,
  what: { state: 'waiting' | 'refused'; code: string | null; error: string | null },
  at: Date,
  origin: { callId: string | null; actor: string | null },
  outcome: 'waiting' | 'refused' | 'failed',
): Omit<DeliveryEnd, 'state'> {
  const event = deliveryTrouble(change.state, what, at)
  if (event) addEvent(change, event, origin)
  return { outcome, ...(what.error ? { error: what.error } : {}) }
}

/** Tells the seller's software about a change of an instance. Throws when it did not take the message, to be repeated. */
export async function announceInstance({ instanceId, type, eventId }: JobData<'announce-instance'>): Promise<void> {
  const config = await catalog()
  const state = await prisma().$transaction((tx) => lockInstance(tx, instanceId))
  const product = config.products.find((candidate) => candidate.id === state?.productRef)
  if (!state || product?.delivery.type !== 'webhook') return
  const told = await announceToWebhook(
    product,
    {
      type,
      instance: { ...factsOf(state, null), state: state.state, createdAt: state.createdAt },
      order: null,
      eventId,
    },
    { timeoutMs: product.delivery.timeoutSeconds * 1000 },
  )
  if (!told.ok) throw new Error(told.error)
}
