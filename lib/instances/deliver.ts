import { setTimeout as sleep } from 'node:timers/promises'
import { type Catalog, catalog } from '@/lib/catalog'
import { prisma, type Tx } from '@/lib/db/client'
import { directly, type RawTx } from '@/lib/db/direct'
import {
  announceToWebhook,
  callDeliveryWebhook,
  type DeliveryResult,
  needsOrder,
  renderTemplate,
  takePoolAccount,
} from '@/lib/delivery'
import { enqueue, type JobData } from '@/lib/jobs'
import { type AppInfo, appInfoProblem, type MarketplaceOrder, ResultCode } from '@/lib/marketplace'
import { fetchOrder, findOrders, orderWithLine, saveOrder, saveOrders } from '@/lib/orders'
import type { Product } from '@/lib/products'
import { factsOf, factsOfOrder } from './facts'
import type { InstanceState } from './state'
import {
  addEvent,
  changeOf,
  type InstanceChange,
  knownEvents,
  loadAppInfos,
  loadInstances,
  loadPurchaseDetails,
  lockInstance,
  saveChanges,
} from './store'
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

/** Runs inside the transaction that ends these delivery attempts. */
export type Alongside = (tx: RawTx, ends: DeliveryEnd[]) => Promise<void>

type Options = { deadline: number; alongside?: Alongside; actor?: string | null }

/**
 * Tries to open a pending instance: learns its order, asks its delivery, writes what came of it. Safe to repeat and
 * to run twice at once; remote calls end by `deadline` (Unix ms). Null: no such instance.
 */
export async function deliverInstance(instanceId: string, options: Options): Promise<DeliveryEnd | null> {
  return (await deliverInstances([instanceId], options))[0] ?? null
}

/** The same for several, asked at the same time and ended by few transactions; unknown ones are left out. */
export async function deliverInstances(
  instanceIds: string[],
  { deadline, alongside, actor = null }: Options,
): Promise<DeliveryEnd[]> {
  const config = await catalog()
  const states = await loadInstances(prisma(), { instanceIds, lock: false })
  const asking = states.filter(({ protocol }) => protocol === 'saas-v2').map(({ orderId }) => orderId)
  const stored = await findOrders(prisma(), asking)
  const ends: DeliveryEnd[] = []
  for await (const attempts of inWaves(states.map((state) => attempt(state, stored, config, deadline)))) {
    const options = { config, alongside, actor }
    ends.push(...(await directly((tx) => conclude(tx, attempts, options), deliveries)))
  }
  return ends
}

const deliveries = { lane: 'deliveries', timeoutMs: 5_000 } as const
const WAVE_MS = 250

/** Results as they come, many at a time: what is slow must not hold up the others. */
async function* inWaves<T>(promises: Promise<T>[]): AsyncGenerator<T[]> {
  let ready: T[] = []
  let left = promises.length
  const all = Promise.all(promises.map((promise) => promise.then((value) => ready.push(value))))
  while (left > 0) {
    await Promise.race([all, sleep(WAVE_MS)])
    if (ready.length === 0) continue
    const wave = ready
    ready = []
    left -= wave.length
    yield wave
  }
}

/** `pool`: the account is taken inside the transaction that hands it out. `opened`: there is nothing to hand out. */
type Asked = DeliveryResult | { type: 'pool'; product: Product } | { type: 'opened' }

type Attempt = {
  instanceId: string
  order: MarketplaceOrder | null
  /** the order was told just now and is not stored yet */
  fresh: boolean
  /** null: nothing was to be asked */
  asked: Asked | null
  /** the product of a purchase that no order told, or that was set up after it */
  assumed: Product | null
  /** nothing to write down but a reason to come again */
  again: string | null
}

async function attempt(
  state: InstanceState,
  stored: Map<string, MarketplaceOrder>,
  config: Catalog,
  deadline: number,
): Promise<Attempt> {
  const { order, fresh, error } = await learnOrder(state, orderWithLine(stored, state), config, deadline)
  const learnt = { instanceId: state.instanceId, order, fresh, asked: null, assumed: null, again: null }
  const known = order ? { ...state, ...factsOfOrder(state, order, config) } : state
  if (state.deliveryState === 'delivered' || state.state === 'released') return { ...learnt, again: error }
  if (error) return { ...learnt, asked: { type: 'failed', error } }
  const product = config.products.find((candidate) => candidate.id === known.productRef) ?? null
  const assumed = product ? null : assumeProduct(known, config)
  return { ...learnt, assumed, asked: await ask(product ?? assumed, known, order, deadline) }
}

function assumeProduct({ productId, skuCode, test }: InstanceState, config: Catalog): Product | null {
  return config.find(productId, skuCode) ?? config.defaultProduct ?? (test ? onlyProduct(config) : null)
}

function onlyProduct({ products }: Catalog): Product | null {
  const [only, ...others] = products.filter(({ kind }) => kind === 'saas')
  return others.length === 0 ? (only ?? null) : null
}

async function learnOrder(
  state: InstanceState,
  stored: MarketplaceOrder | null,
  config: Catalog,
  deadline: number,
): Promise<{ order: MarketplaceOrder | null; fresh: boolean; error: string | null }> {
  const unasked = { order: stored, fresh: false, error: null }
  if (state.protocol !== 'saas-v2' || stored || config.active('ak-sk').length === 0) return unasked
  const { orderId, orderLineId } = state
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs: Math.max(200, deadline - Date.now() - 100) })
  if (fetched.ok) return { order: fetched.value, fresh: true, error: null }
  const product = config.products.find((candidate) => candidate.id === state.productRef)
  // A debug call (testFlag 1) has no order behind it, and its saved case must succeed for ever.
  if (state.test || (product && !needsOrder(product.delivery))) return unasked
  return { ...unasked, error: `order query: ${fetched.error.message}` }
}

async function ask(
  product: Product | null,
  state: InstanceState,
  order: MarketplaceOrder | null,
  deadline: number,
): Promise<Asked> {
  if (!product) return { type: 'waiting', reason: 'no product is set up for what was bought' }
  const { delivery } = product
  // Its devices apply for their licences when the instance is there.
  if (product.kind === 'license-online') return { type: 'opened' }
  if (delivery.type === 'manual') return { type: 'waiting', reason: 'waits for staff to enter the access data' }
  if (delivery.type === 'pool') return { type: 'pool', product }
  const details = state.protocol === 'saas-v1' ? await loadPurchaseDetails(state.instanceId) : null
  if (delivery.type === 'template')
    return { type: 'delivered', appInfo: renderTemplate(delivery, factsOf(state, order, details)) }
  const limit = Math.min(delivery.timeoutSeconds * 1000, deadline - Date.now() - 100)
  if (limit < 200) return { type: 'failed', error: 'no time was left to call the webhook' }
  return callDeliveryWebhook(
    product,
    { type: 'instance.requested', instance: factsOf(state, order, details), order },
    { timeoutMs: limit },
  )
}

async function conclude(
  tx: RawTx,
  attempts: Attempt[],
  { config, alongside, actor }: { config: Catalog; alongside?: Alongside; actor: string | null },
): Promise<DeliveryEnd[]> {
  await saveOrders(
    tx,
    attempts.flatMap(({ order, fresh }) => (order && fresh ? [order] : [])),
  )
  const instanceIds = attempts.map(({ instanceId }) => instanceId)
  const states = new Map(
    (await loadInstances(tx, { instanceIds, lock: true })).map((state) => [state.instanceId, state]),
  )
  const now = new Date()
  const origin = { callId: null, actor }
  const ended: { change: InstanceChange; end: Omit<DeliveryEnd, 'state'> }[] = []
  for (const { instanceId, order, asked, assumed, again } of attempts) {
    const state = states.get(instanceId)
    if (!state) continue
    const change = { ...changeOf(state), attempted: asked !== null }
    if (order) applyOrder(change, order, config, origin, now)
    if (assumed) assume(change, assumed, config, origin, now)
    const result = asked?.type === 'pool' ? await fromPool(tx, asked.product, instanceId) : asked
    const end = again ? { outcome: 'failed' as const, error: again } : settle(change, result, now, origin)
    ended.push({ change, end })
  }
  await saveChanges(
    tx,
    ended.map(({ change }) => change),
    now,
  )
  const ends = await withAppInfo(tx, ended)
  await alongside?.(tx, ends)
  return ends
}

/** Adds the access data of what is delivered, now or before. */
async function withAppInfo(
  tx: RawTx,
  ended: { change: InstanceChange; end: Omit<DeliveryEnd, 'state'> }[],
): Promise<DeliveryEnd[]> {
  const before = ended.filter(({ change, end }) => end.outcome === 'delivered' && !change.appInfo)
  const known =
    before.length > 0
      ? await loadAppInfos(
          tx,
          before.map(({ change }) => change.state.instanceId),
        )
      : null
  return ended.map(({ change, end }) => {
    const appInfo = end.outcome === 'delivered' ? (change.appInfo ?? known?.get(change.state.instanceId)) : null
    return { ...end, state: change.state, ...(appInfo ? { appInfo } : {}) }
  })
}

/** Asks for an upgrade's order, takes the new specification over unless a newer upgrade came, and announces it. */
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
  const config = await catalog()
  await prisma().$transaction(async (tx) => {
    await saveOrder(tx, order)
    const state = await lockInstance(tx, instanceId)
    if (!state || (await newestUpgrade(tx, instanceId)) !== (orderLineId ?? orderId)) return
    const facts: Partial<InstanceState> = {
      ...(bought?.productId ? { productId: bought.productId } : {}),
      ...(bought?.skuCode ? { skuCode: bought.skuCode } : {}),
      ...(bought?.linearValue ? { quantity: { ...state.quantity, amount: bought.linearValue } } : {}),
    }
    const change = changeOf(state)
    const why = { dedupeKey: `upgrade-order:${orderLineId ?? orderId}`, reason: 'order query', at: new Date() }
    const event = correct(state, facts, why)
    const repeated = await knownEvents(tx, [{ instanceId, dedupeKey: why.dedupeKey }])
    if (event && repeated.size === 0) addEvent(change, event, { callId: null, actor: null })
    await saveChanges(tx, [change], why.at)
    const product = config.products.find(({ id }) => id === state.productRef)
    if (product?.delivery.type === 'webhook')
      await enqueue(tx, 'announce-instance', { instanceId, type: 'instance.upgraded', eventId: orderLineId ?? orderId })
  })
}

/** The order of the upgrade that counts now: the newest by the marketplace's time. */
async function newestUpgrade(tx: Tx, instanceId: string): Promise<string | null> {
  const newest = await tx.instanceEvent.findFirst({
    where: { instanceId, type: 'upgraded', applied: true },
    orderBy: { position: 'desc' },
    select: { dedupeKey: true },
  })
  return newest?.dedupeKey.slice('upgrade:'.length) ?? null
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

function assume(
  change: InstanceChange,
  { id, delivery }: Product,
  config: Catalog,
  origin: { callId: string | null; actor: string | null },
  at: Date,
): void {
  if (config.products.some((product) => product.id === change.state.productRef)) return
  const reason = change.state.test ? 'test purchase without an order' : 'product set up'
  const why = { dedupeKey: `product:${id}:${at.getTime()}`, reason, at }
  const event = correct(change.state, { productRef: id, deliveryType: delivery.type }, why)
  if (event) addEvent(change, event, origin)
}

async function fromPool(tx: RawTx, product: Product, instanceId: string): Promise<DeliveryResult> {
  const appInfo = await takePoolAccount(tx, product.id, instanceId)
  if (appInfo) return { type: 'delivered', appInfo }
  return { type: 'refused', code: ResultCode.noResource, message: 'the pool is empty' }
}

function settle(
  change: InstanceChange,
  result: DeliveryResult | { type: 'opened' } | null,
  at: Date,
  origin: { callId: string | null; actor: string | null },
): Omit<DeliveryEnd, 'state'> {
  if (change.state.deliveryState === 'delivered' || !result) return { outcome: 'delivered' }
  if (result.type === 'opened') {
    addEvent(change, deliver(change.state, null, at), origin)
    return { outcome: 'delivered' }
  }
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
  const event = deliveryTrouble(change.state, { ...what, expected: outcome === 'waiting' }, at)
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
