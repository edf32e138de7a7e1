import type { Catalog } from '@/lib/catalog'
import type { RawTx } from '@/lib/db/direct'
import {
  addEvent,
  changeOf,
  type EventDraft,
  type InstanceChange,
  type InstanceState,
  loadAppInfos,
  openChange,
  type PurchaseDetails,
} from '@/lib/instances'
import type { JobData, JobRequest } from '@/lib/jobs'
import type { Answer, AppInfo, Command, MarketplaceOrder } from '@/lib/marketplace'
import { parseWireTime, ResultCode } from '@/lib/marketplace'
import type { Product } from '@/lib/products'
import type { Protocol } from '../types'

/** Every instance a group of calls reads or changes, and what becomes of it; written at the end in one go. */
export class InstanceBook {
  private readonly byId = new Map<string, InstanceChange>()
  private readonly byPurchase = new Map<string, InstanceChange>()
  private readonly recorded: Set<string>

  constructor(states: InstanceState[], recorded: Set<string>) {
    this.recorded = recorded
    for (const state of states) this.keep(changeOf(state))
  }

  private keep(change: InstanceChange): InstanceChange {
    this.byId.set(change.state.instanceId, change)
    this.byPurchase.set(change.state.purchaseKey, change)
    return change
  }

  find(instanceId: string): InstanceChange | null {
    return this.byId.get(instanceId) ?? null
  }

  findPurchase(purchaseKey: string): InstanceChange | null {
    return this.byPurchase.get(purchaseKey) ?? null
  }

  open(state: InstanceState, origin: Origin, details: PurchaseDetails | null): InstanceChange {
    return this.keep(openChange(state, origin, details))
  }

  /** Was this change recorded before, by an earlier call or by one of this group? */
  knows(change: InstanceChange, dedupeKey: string): boolean {
    return this.recorded.has(`${change.state.instanceId} ${dedupeKey}`)
  }

  /** Records an event unless it is recorded already. */
  record(change: InstanceChange, event: EventDraft | null, origin: Origin): boolean {
    if (!event || this.knows(change, event.dedupeKey)) return false
    this.recorded.add(`${change.state.instanceId} ${event.dedupeKey}`)
    addEvent(change, event, origin)
    return true
  }

  changes(): InstanceChange[] {
    return [...this.byId.values()]
  }
}

export type Origin = { callId: string | null; actor: string | null }

/** One call on stage: what an activity may look at and change. */
export type Scene = {
  tx: RawTx
  origin: Origin
  protocol: Protocol
  receivedAt: Date
  /** the marketplace's own time of the call */
  sentAt: Date
  /** the key that signed the call: V1 encrypts fields with it */
  key: string
  book: InstanceBook
  catalog: Catalog
  /** an AK/SK is there to ask the marketplace with */
  canQueryOrders: boolean
  orders: Map<string, MarketplaceOrder>
  jobs: JobRequest[]
}

export type Decision = {
  answer: Answer
  /** ids the call and its message are found by */
  instanceId?: string | null
  customerId?: string | null
  productRef?: string | null
  /** what an activity that changes more than an instance changed, for a replay to show */
  changes?: { field: string; from: unknown; to: unknown }[]
  /** the instance whose delivery, or the licence whose issue, the answer could wait for */
  awaits?: string
  /** the licence the call is about */
  licenseId?: string
}

export type Touches = {
  instanceIds?: string[]
  purchaseKey?: string
  orderIds?: string[]
  /** dedupe keys this call may record */
  dedupeKeys?: string[]
  readOnly?: boolean
}

/** One activity: what it touches, what it is about, what it does. Adding one is a file and a line in the registry. */
export type Activity<C extends Command = Command> = {
  /** which messages belong together, without the activity's name and the test mark */
  businessKey(command: C): string
  touches(command: C, sentAt: Date): Touches
  decide(command: C, scene: Scene): Decision | Promise<Decision>
}

export const done: Answer = { code: ResultCode.success }

export function unknownInstance(instanceId: string): Decision {
  return {
    answer: { code: ResultCode.unknownInstance, message: `instanceId: no instance "${instanceId}" was opened here` },
    instanceId,
  }
}

/** Runs `act` on the instance a call names, or answers that there is none of its kind (real and test stay apart). */
export function withInstance(
  scene: Scene,
  command: { instanceId: string; test: boolean },
  act: (change: InstanceChange) => Decision,
): Decision {
  const change = scene.book.find(command.instanceId)
  if (!change || change.state.test !== command.test) return unknownInstance(command.instanceId)
  const decision = act(change)
  change.touchedAt = scene.receivedAt
  return {
    instanceId: change.state.instanceId,
    customerId: change.state.customerId,
    productRef: change.state.productRef,
    ...decision,
  }
}

export function releasedAnswer(state: InstanceState): Answer {
  return {
    code: ResultCode.unknownInstance,
    message: `instanceId: instance "${state.instanceId}" was released on ${state.releasedAt?.toISOString().slice(0, 10)}`,
  }
}

export function productOf(scene: Scene, state: InstanceState): Product | null {
  return scene.catalog.products.find((product) => product.id === state.productRef) ?? null
}

/** A marketplace time in the product's zone. The wire has checked its form. */
export function readTime(text: string, product: Product | null): Date {
  const read = parseWireTime(text, product?.timeZone ?? 'UTC')
  if (!read.ok) throw new Error('a time that passed the wire cannot be read')
  return read.value
}

/** Tells the seller's software about a change, where it asked for that. */
export function announce(scene: Scene, change: InstanceChange, type: JobData<'announce-instance'>['type']): void {
  if (productOf(scene, change.state)?.delivery.type !== 'webhook') return
  scene.jobs.push({
    name: 'announce-instance',
    data: { instanceId: change.state.instanceId, type, eventId: scene.origin.callId ?? undefined },
  })
}

export async function appInfosOf(scene: Scene, instanceIds: string[]): Promise<Map<string, AppInfo>> {
  const missing = instanceIds.filter((id) => !scene.book.find(id)?.appInfo)
  const infos = missing.length > 0 ? await loadAppInfos(scene.tx, missing) : new Map<string, AppInfo>()
  for (const id of instanceIds) {
    const fresh = scene.book.find(id)?.appInfo
    if (fresh) infos.set(id, fresh)
  }
  return infos
}
