import { newId } from '@/lib/db/ids'
import { needsOrder, renderTemplate, takePoolAccount } from '@/lib/delivery'
import {
  correct,
  deliver,
  deliveryTrouble,
  factsOf,
  factsOfOrder,
  type InstanceChange,
  type InstanceState,
  type PurchaseDetails,
} from '@/lib/instances'
import { decryptField, type MarketplaceOrder, type NewInstance, ResultCode } from '@/lib/marketplace'
import { orderWithLine } from '@/lib/orders'
import type { Product } from '@/lib/products'
import { type Activity, appInfosOf, type Decision, readTime, type Scene } from './scene'

/** A little more than a call may wait for its own delivery. */
const HEAD_START_MS = { v1: 16_000, v2: 4_000 }

/** A purchase: one order line (for pay-per-use: and product) opens one instance, however often it is asked for. */
export const newInstance: Activity<NewInstance> = {
  businessKey: purchaseOf,
  touches: (command) => ({ purchaseKey: purchaseKey(command), orderIds: [command.orderId] }),
  async decide(command, scene) {
    const known = scene.book.findPurchase(purchaseKey(command))
    const change = known ?? openInstance(command, scene)
    if (known) adoptProduct(known, command, scene)
    change.touchedAt = scene.receivedAt
    const decision = await answerPurchase(change, command, scene)
    return {
      ...decision,
      instanceId: change.state.instanceId,
      customerId: change.state.customerId,
      productRef: change.state.productRef,
    }
  },
}

// zh-cn_topic_0070649427: pay-per-use orders open one instance per product, all others one per order line.
function purchaseOf(command: NewInstance): string {
  const order = command.orderLineId ?? command.orderId
  const mode = command.v1?.chargingMode
  const perProduct = command.v1 ? mode === 'ON_DEMAND' || mode === 'ON_DEMAND_PKG' : true
  return perProduct && command.productId ? `${order}:${command.productId}` : order
}

function purchaseKey(command: NewInstance): string {
  return `${command.test ? 'test:' : ''}${purchaseOf(command)}`
}

function openInstance(command: NewInstance, scene: Scene): InstanceChange {
  const order = orderWithLine(scene.orders, command)
  const state = withOrder(scene, fromCommand(command, scene), order)
  // The job delivers what is not delivered below, and learns the order either way; it leaves the call itself a head start.
  const product = scene.catalog.products.find((candidate) => candidate.id === state.productRef)
  const complete = command.v1 || order || !scene.canQueryOrders
  if (!complete || product?.delivery.type === 'webhook')
    scene.jobs.push({
      name: 'deliver-instances',
      data: { instanceIds: [state.instanceId] },
      startAfter: new Date(Date.now() + (command.v1 ? HEAD_START_MS.v1 : HEAD_START_MS.v2)),
    })
  return scene.book.open(state, scene.origin, detailsOf(command, scene))
}

function fromCommand(command: NewInstance, scene: Scene): InstanceState {
  const { v1 } = command
  const product = findProduct(scene, command.productId, v1?.skuCode ?? null, Boolean(v1))
  const expireText = v1?.expireTimeText
  const quantity = { amount: v1?.amount, diskSize: v1?.diskSize, bandWidth: v1?.bandWidth }
  const bought = Object.fromEntries(Object.entries(quantity).filter(([, size]) => typeof size === 'number'))
  return {
    instanceId: newId(),
    purchaseKey: purchaseKey(command),
    state: 'pending',
    protocol: scene.protocol,
    businessId: command.businessId,
    productRef: product?.id ?? null,
    productId: command.productId,
    skuCode: v1?.skuCode ?? null,
    orderId: command.orderId,
    orderLineId: command.orderLineId,
    customerId: v1?.customerId ?? null,
    customerName: v1?.customerName ?? null,
    test: command.test,
    trial: v1?.trial ?? false,
    chargingMode: v1?.chargingMode ?? null,
    periodType: v1?.periodType ?? null,
    periodNumber: v1?.periodNumber ?? null,
    quantity: Object.keys(bought).length > 0 ? bought : null,
    expiresAt: expireText ? readTime(expireText, product) : null,
    expiryAsOf: null,
    statusAsOf: null,
    specAsOf: null,
    refundedOrders: [],
    frozenReason: null,
    frontEndUrl: null,
    deliveryType: product?.delivery.type ?? null,
    deliveryState: 'waiting',
    deliveryCode: null,
    deliveryError: null,
    createdAt: scene.receivedAt,
    deliveredAt: null,
    releasedAt: null,
  }
}

function withOrder(scene: Scene, state: InstanceState, order: MarketplaceOrder | null): InstanceState {
  if (!order) return state
  const known = { ...state, ...factsOfOrder(state, order, scene.catalog) }
  const product = scene.catalog.products.find((candidate) => candidate.id === known.productRef)
  return { ...known, deliveryType: product?.delivery.type ?? known.deliveryType }
}

// A V2 call does not say what was bought. Without a way to ask, or with one product only, there is nothing to wait for.
function findProduct(
  scene: Scene,
  productId: string | null,
  skuCode: string | null,
  complete: boolean,
): Product | null {
  const { catalog } = scene
  const exact = productId || skuCode ? catalog.find(productId, skuCode) : null
  if (exact) return exact
  if (complete || productId || !scene.canQueryOrders) return catalog.defaultProduct
  const saas = catalog.products.filter((product) => product.kind === 'saas')
  return saas.length === 1 && saas[0]?.isDefault ? saas[0] : null
}

/** What was bought before its product was set up, or whose product was deleted since, gets the one that serves it now. */
function adoptProduct(change: InstanceChange, command: NewInstance, scene: Scene): void {
  const { state } = change
  if (state.deliveryState === 'delivered' || state.state === 'released') return
  if (scene.catalog.products.some(({ id }) => id === state.productRef)) return
  const product = findProduct(scene, state.productId, state.skuCode, Boolean(command.v1))
  if (!product) return
  const facts = { productRef: product.id, deliveryType: product.delivery.type }
  const at = scene.receivedAt
  const why = { dedupeKey: `product:${product.id}:${at.getTime()}`, reason: 'product set up', at }
  scene.book.record(change, correct(state, facts, why), scene.origin)
}

async function answerPurchase(change: InstanceChange, command: NewInstance, scene: Scene): Promise<Decision> {
  const { instanceId } = change.state
  if (change.state.deliveryState === 'delivered' || change.state.state === 'released') {
    const appInfo = (await appInfosOf(scene, [instanceId])).get(instanceId)
    return { answer: { code: ResultCode.success, instanceId, ...(appInfo ? { appInfo } : {}) } }
  }
  const product = scene.catalog.products.find((candidate) => candidate.id === change.state.productRef) ?? null
  if (product?.kind === 'license-online') {
    scene.book.record(change, deliver(change.state, null, scene.receivedAt), scene.origin)
    return { answer: { code: ResultCode.success, instanceId } }
  }
  if (product?.delivery.type === 'template' && orderIsKnown(change.state, scene, product)) {
    const appInfo = renderTemplate(product.delivery, factsOf(change.state, null, detailsOf(command, scene)))
    scene.book.record(change, deliver(change.state, appInfo, scene.receivedAt), scene.origin)
    return { answer: { code: ResultCode.success, instanceId, appInfo } }
  }
  if (product?.delivery.type === 'pool') return fromPool(change, scene, product)
  const waiting: Decision = { answer: { code: ResultCode.processing, instanceId } }
  if (product?.delivery.type === 'manual' || (!product && !scene.canQueryOrders)) return waiting
  return { ...waiting, awaits: instanceId }
}

function orderIsKnown(state: InstanceState, scene: Scene, product: Product): boolean {
  return state.protocol !== 'saas-v2' || orderWithLine(scene.orders, state) || !scene.canQueryOrders
    ? true
    : !needsOrder(product.delivery)
}

async function fromPool(change: InstanceChange, scene: Scene, product: Product): Promise<Decision> {
  const { instanceId } = change.state
  const appInfo = await takePoolAccount(scene.tx, product.id, instanceId)
  if (!appInfo) {
    const error = 'the pool is empty'
    const trouble = { state: 'waiting', code: ResultCode.noResource, error } as const
    scene.book.record(change, deliveryTrouble(change.state, trouble, scene.receivedAt), scene.origin)
    return { answer: { code: ResultCode.noResource, instanceId, message: 'no prepared account is left' } }
  }
  scene.book.record(change, deliver(change.state, appInfo, scene.receivedAt), scene.origin)
  return { answer: { code: ResultCode.success, instanceId, appInfo } }
}

/** What only the V1 call says of the buyer; phone and mail come encrypted (zh-cn_topic_0070649013). */
function detailsOf({ v1, productId }: NewInstance, scene: Scene): PurchaseDetails | null {
  if (!v1) return null
  const { userId, userName, extendParams } = v1
  // Which cipher it is was chosen when the product was published; the call does not say.
  const chosen = findProduct(scene, productId, v1.skuCode, true)?.encryptType ?? '1'
  const plain = (ciphertext: string | null) => {
    for (const encryptType of ciphertext ? ([chosen, chosen === '1' ? '2' : '1'] as const) : []) {
      const text = decryptField(ciphertext as string, scene.key, encryptType)
      if (text.ok) return text.value
    }
    return null
  }
  return { userId, userName, extendParams, mobilePhone: plain(v1.mobilePhone), email: plain(v1.email) }
}
