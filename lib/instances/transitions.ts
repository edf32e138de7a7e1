import type { AppInfo } from '@/lib/marketplace'
import type { EventDraft, InstanceSet, InstanceState, Quantity } from './state'

/**
 * The rules by which an instance changes. Each takes the state and a change the marketplace or the staff asks for and
 * gives the event to record, or null when a repeat changes nothing. Pure; `sentAt` is the marketplace's own time of
 * the change, and what is older than the change last applied to the same field is recorded but not applied.
 */

export type Refresh = {
  scene: 'TRIAL_TO_FORMAL' | 'RENEWAL' | 'UNSUBSCRIBE_RENEWAL_PERIOD' | 'RENEWAL_CHANGE'
  /** order line, or the order where no line is sent (V1) */
  order: string
  expiresAt: Date
  productId: string | null
  periodType?: string | null
  periodNumber?: number | null
  /** V1 has no call that lifts an expiry freeze: its renewal does. */
  liftsExpiry: boolean
  sentAt: Date
}

export function refresh(state: InstanceState, change: Refresh): EventDraft {
  const refund = change.scene === 'UNSUBSCRIBE_RENEWAL_PERIOD'
  const type = refund ? 'renewal-refunded' : change.scene === 'TRIAL_TO_FORMAL' ? 'converted' : 'renewed'
  const draft = {
    type,
    dedupeKey: `${refund ? 'refund' : 'refresh'}:${change.order}`,
    occurredAt: change.sentAt,
  } as const
  const set: InstanceSet = {}
  const stale = whyExpiryIsStale(state, change)
  if (!stale) {
    set.expiresAt = change.expiresAt.toISOString()
    set.expiryAsOf = change.sentAt.toISOString()
    if (change.liftsExpiry && state.state === 'frozen' && state.frozenReason === 'expired') {
      set.state = unfrozen(state)
      set.frozenReason = null
    }
  }
  if (refund) set.refundedOrders = [...new Set([...state.refundedOrders, change.order])]
  else if (!stale || change.scene === 'TRIAL_TO_FORMAL') {
    if (change.productId) set.productId = change.productId
    if (change.periodType) set.periodType = change.periodType
    if (change.periodNumber) set.periodNumber = change.periodNumber
  }
  if (change.scene === 'TRIAL_TO_FORMAL') set.trial = false
  return { ...draft, applied: Object.keys(set).length > 0, set, ...(stale ? { reason: stale } : {}) }
}

function whyExpiryIsStale(state: InstanceState, change: Refresh): string | null {
  if (!state.expiresAt) return null
  const overtaken =
    state.expiryAsOf && change.sentAt < state.expiryAsOf ? `older than the change of ${iso(state.expiryAsOf)}` : null
  if (change.scene === 'UNSUBSCRIBE_RENEWAL_PERIOD') {
    if (overtaken) return overtaken
    if (change.expiresAt > state.expiresAt) return `would move the expiry from ${iso(state.expiresAt)} later`
    return null
  }
  if (state.refundedOrders.includes(change.order)) return 'this renewal was refunded before it arrived'
  // A trial is converted to whatever the formal order says; once it was renewed or converted, the expiry only moves on.
  if (change.scene === 'TRIAL_TO_FORMAL' && state.trial && !state.expiryAsOf) return null
  if (change.expiresAt < state.expiresAt) return `a newer change already set the expiry to ${iso(state.expiresAt)}`
  // A refund in V1 does not name the renewal it takes back: one that was sent before it must not bring its time again.
  return overtaken
}

export type StatusChange = { status: 'FREEZE' | 'UNFREEZE'; sentAt: Date; cause: 'expired' | 'status' }

/**
 * Freezing, unfreezing and V1's expiry. What finds the instance in that state already only notes its time, so that an older
 * call that arrives later cannot undo it. Null: the same call again.
 */
export function changeStatus(state: InstanceState, change: StatusChange): EventDraft | null {
  const freeze = change.status === 'FREEZE'
  const type = change.cause === 'expired' ? 'expired' : freeze ? 'frozen' : 'unfrozen'
  const draft = {
    type,
    dedupeKey: `${type}:${change.sentAt.getTime()}`,
    occurredAt: change.sentAt,
  } as const
  if (state.state === 'released') return notApplied(draft, 'the instance was released before')
  if (state.statusAsOf && change.sentAt < state.statusAsOf)
    return notApplied(draft, `older than the change of ${iso(state.statusAsOf)}`)
  if (change.cause === 'expired' && state.expiryAsOf && change.sentAt < state.expiryAsOf)
    return notApplied(draft, `older than the renewal of ${iso(state.expiryAsOf)}`)
  const set: InstanceSet = { statusAsOf: change.sentAt.toISOString() }
  if (freeze === (state.state === 'frozen') && (!freeze || state.frozenReason === change.cause)) {
    if (state.statusAsOf?.getTime() === change.sentAt.getTime()) return null
    return { ...draft, applied: true, reason: `it was ${freeze ? 'frozen' : 'not frozen'} already`, set }
  }
  if (freeze) {
    // Frozen for a violation stays so until the marketplace lifts that.
    set.frozenReason = state.frozenReason === 'status' ? 'status' : change.cause
    set.state = 'frozen'
  } else {
    set.frozenReason = null
    set.state = unfrozen(state)
  }
  return { ...draft, applied: true, set }
}

function unfrozen(state: InstanceState): 'active' | 'pending' {
  return state.deliveryState === 'delivered' ? 'active' : 'pending'
}

export function release(state: InstanceState, sentAt: Date): EventDraft | null {
  if (state.state === 'released') return null
  return {
    type: 'released',
    dedupeKey: 'released',
    applied: true,
    occurredAt: sentAt,
    set: { state: 'released', releasedAt: sentAt.toISOString(), frozenReason: null },
  }
}

export type Upgrade = {
  order: string
  productId: string | null
  skuCode: string | null
  quantity: Quantity | null
  sentAt: Date
}

export function upgrade(state: InstanceState, change: Upgrade): EventDraft {
  const draft = { type: 'upgraded', dedupeKey: `upgrade:${change.order}`, occurredAt: change.sentAt } as const
  if (state.specAsOf && change.sentAt < state.specAsOf)
    return notApplied(draft, `older than the change of ${iso(state.specAsOf)}`)
  return { ...draft, applied: true, set: { ...specification(change), specAsOf: change.sentAt.toISOString() } }
}

function specification(change: Pick<Upgrade, 'productId' | 'skuCode' | 'quantity'>): InstanceSet {
  const set: InstanceSet = {}
  if (change.productId) set.productId = change.productId
  if (change.skuCode) set.skuCode = change.skuCode
  if (change.quantity && Object.keys(change.quantity).length > 0) set.quantity = change.quantity
  return set
}

/** The access data is there, or none is needed (null). The first delivery opens the instance; a later one replaces the data. */
export function deliver(state: InstanceState, appInfo: AppInfo | null, at: Date, dedupeKey = 'delivered'): EventDraft {
  const draft = { type: 'delivered', dedupeKey, occurredAt: at } as const
  if (state.state === 'released') return notApplied(draft, 'the instance was released before')
  const first = state.deliveryState !== 'delivered'
  const set: InstanceSet = {
    ...(appInfo ? { frontEndUrl: appInfo.frontEndUrl } : {}),
    deliveryState: 'delivered',
    deliveryCode: null,
    deliveryError: null,
    ...(first ? { deliveredAt: at.toISOString() } : {}),
    ...(state.state === 'pending' ? { state: 'active' } : {}),
  }
  return { ...draft, applied: true, set, ...(appInfo ? { appInfo } : {}) }
}

export type DeliveryTrouble = {
  state: 'waiting' | 'refused'
  code: string | null
  error: string | null
  /** nothing went wrong: staff or the seller's software will finish it */
  expected?: boolean
}

/** A delivery that waits, was refused or failed. Null: nothing new to say. */
export function deliveryTrouble(state: InstanceState, trouble: DeliveryTrouble, at: Date): EventDraft | null {
  if (state.deliveryState === 'delivered' || state.state === 'released') return null
  const same =
    state.deliveryState === trouble.state &&
    state.deliveryCode === trouble.code &&
    state.deliveryError === trouble.error
  if (same) return null
  return {
    type: trouble.expected ? 'delivery-waits' : 'delivery-failed',
    dedupeKey: `delivery:${at.getTime()}:${trouble.state}`,
    applied: true,
    occurredAt: at,
    reason: trouble.error ?? undefined,
    set: { deliveryState: trouble.state, deliveryCode: trouble.code, deliveryError: trouble.error },
  }
}

/** Facts that became known later (the order query), or that staff corrected. Null: nothing differs. */
export function correct(
  state: InstanceState,
  facts: Partial<InstanceState>,
  why: { dedupeKey: string; reason: string; at: Date },
): EventDraft | null {
  const set: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(facts)) {
    const before = JSON.stringify(state[name as keyof InstanceState] ?? null)
    if (value !== undefined && JSON.stringify(value) !== before) set[name] = JSON.parse(JSON.stringify(value))
  }
  if (Object.keys(set).length === 0) return null
  return {
    type: 'corrected',
    dedupeKey: why.dedupeKey,
    applied: true,
    reason: why.reason,
    occurredAt: why.at,
    set: set as InstanceSet,
  }
}

function notApplied<D extends Pick<EventDraft, 'type' | 'dedupeKey' | 'occurredAt'>>(
  draft: D,
  reason: string,
): EventDraft {
  return { ...draft, applied: false, reason, set: {} }
}

function iso(at: Date): string {
  return at.toISOString().replace('.000Z', 'Z')
}
