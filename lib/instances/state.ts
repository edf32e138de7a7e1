import type { AppInfo, ExtendParam } from '@/lib/marketplace'

/** What the desk knows of one instance: the projection of its events, times in UTC. */
export type InstanceState = {
  instanceId: string
  /** One purchase, one instance: the database holds this unique. */
  purchaseKey: string
  state: 'pending' | 'active' | 'frozen' | 'released'
  protocol: string
  businessId: string | null
  productRef: string | null
  productId: string | null
  skuCode: string | null
  orderId: string
  orderLineId: string | null
  customerId: string | null
  customerName: string | null
  test: boolean
  trial: boolean
  chargingMode: string | null
  periodType: string | null
  periodNumber: number | null
  quantity: Quantity | null
  expiresAt: Date | null
  expiryAsOf: Date | null
  statusAsOf: Date | null
  specAsOf: Date | null
  refundedOrders: string[]
  frozenReason: 'expired' | 'status' | null
  frontEndUrl: string | null
  deliveryType: string | null
  deliveryState: 'waiting' | 'delivered' | 'refused'
  deliveryCode: string | null
  deliveryError: string | null
  createdAt: Date
  deliveredAt: Date | null
  releasedAt: Date | null
}

export type Quantity = { amount?: number; diskSize?: number; bandWidth?: number }

export type InstanceEventType =
  | 'purchased'
  | 'delivered'
  | 'delivery-failed'
  | 'delivery-waits'
  | 'renewed'
  | 'renewal-refunded'
  | 'converted'
  | 'upgraded'
  | 'frozen'
  | 'unfrozen'
  | 'expired'
  | 'released'
  | 'corrected'

/** The members an event sets, absolute, as they go into JSON: times are ISO 8601 texts. */
export type InstanceSet = { [K in keyof InstanceState]?: Json<InstanceState[K]> }
type Json<T> = T extends Date ? string : T

/** A change of one instance before it is written. A draft that is not applied is kept for the timeline only. */
export type EventDraft = {
  type: InstanceEventType
  /** Unique within the instance: the same change twice is one event. */
  dedupeKey: string
  applied: boolean
  /** Why it was not applied, or what staff noted. */
  reason?: string
  occurredAt: Date
  set: InstanceSet
  /** Access data of a delivery; stored sealed, never in `set`. */
  appInfo?: AppInfo
  /** What came with a purchase; stored sealed as well. */
  details?: PurchaseDetails
}

/** What a V1 purchase says of its buyer and no order query repeats: for the seller's software, decrypted. */
export type PurchaseDetails = {
  userId: string | null
  userName: string | null
  mobilePhone: string | null
  email: string | null
  extendParams: ExtendParam[]
}

const dates = [
  'expiresAt',
  'expiryAsOf',
  'statusAsOf',
  'specAsOf',
  'createdAt',
  'deliveredAt',
  'releasedAt',
] as const satisfies readonly (keyof InstanceState)[]

/** The state after an event; the only way a projection changes, also when it is rebuilt. */
export function applyEvent(state: InstanceState, event: Pick<EventDraft, 'applied' | 'set'>): InstanceState {
  if (!event.applied) return state
  return { ...state, ...readSet(event.set) }
}

/** The first event of an instance carries the whole state; what it leaves out was not known. */
export function stateFromPurchase(event: Pick<EventDraft, 'set'>): InstanceState {
  return { ...unknown, ...readSet(event.set) } as InstanceState
}

const unknown = {
  businessId: null,
  productRef: null,
  productId: null,
  skuCode: null,
  orderLineId: null,
  customerId: null,
  customerName: null,
  chargingMode: null,
  periodType: null,
  periodNumber: null,
  quantity: null,
  expiresAt: null,
  expiryAsOf: null,
  statusAsOf: null,
  specAsOf: null,
  frozenReason: null,
  frontEndUrl: null,
  deliveryType: null,
  deliveryCode: null,
  deliveryError: null,
  deliveredAt: null,
  releasedAt: null,
} satisfies { [K in keyof InstanceState as null extends InstanceState[K] ? K : never]: null }

function readSet(set: InstanceSet): Partial<InstanceState> {
  const read: Record<string, unknown> = { ...set }
  for (const name of dates) if (typeof read[name] === 'string') read[name] = new Date(read[name] as string)
  return read as Partial<InstanceState>
}

/** A state as the event that opens it stores it: without what is not known. */
export function writeSet(state: InstanceState): InstanceSet {
  const set: Record<string, unknown> = {}
  for (const name in state) {
    const value = state[name as keyof InstanceState]
    if (value !== null) set[name] = value instanceof Date ? value.toISOString() : value
  }
  return set as InstanceSet
}
