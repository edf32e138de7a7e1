import type { Instance, License } from '../types'

/** What /api/v1 answers about orders, as the browser reads it. */

export type OrderItem = {
  orderId: string
  orderType: string
  createdAt: string | null
  fetchedAt: string
  lines: number
  productName: string | null
  chargingMode: string | null
  periodType: string | null
  periodNumber: number | null
  quantity: number | null
  expiresAt: string | null
  customerId: string | null
  customerName: string | null
  amount: string | null
  amountAfterDiscount: string | null
  supervision: string | null
  openDrifts: number
  mock: boolean
}

export type LookUpFailure = {
  family: string
  status: number
  code: string | null
  message: string
  skewMs?: number | null
}

type Param = { name: string; value: string }
export type OrderLine = {
  orderLineId: string
  chargingMode: string | null
  periodType: string | null
  periodNumber: number | null
  expiresAt: string | null
  products: {
    productId: string | null
    skuCode: string | null
    productName: string | null
    linearValue: number | null
  }[]
  extendParams: Param[]
  amount: string | null
  amountAfterDiscount: string | null
}
export type Buyer = {
  customerId: string | null
  customerName: string | null
  customerRealName: string | null
  customerType: number | null
  userId: string | null
  userName: string | null
  mobilePhone: string | null
  email: string | null
}
export type LookedUpOrder = {
  orderId: string
  orderType: string
  createdAt: string | null
  lines: OrderLine[]
  buyer: Buyer | null
  extendParams: Param[]
  fetchedAt: string
  refreshFailure?: LookUpFailure
  clockSkewMs?: number
}

export type DriftKind = 'no-call' | 'no-order' | 'no-instance' | 'fields'
export type Drift = {
  id: string
  kind: DriftKind
  orderId: string
  orderLineId: string | null
  instanceId: string | null
  messageId: string | null
  reason: string | null
  fields: { field: string; order: string | null; instance: string | null }[]
  state: 'open' | 'accepted' | 'mended'
  customerName: string | null
  foundAt: string
  closedAt: string | null
  closedBy: string | null
  note: string | null
}

export type Comparison = {
  order: { orderId: string; orderLineId: string | null; orderType: string; fetchedAt: string } | null
  failure: string | null
  fields: {
    field: string
    order: string | null
    instance: string | null
    verdict: 'same' | 'differs' | 'moved-on' | 'untold'
  }[]
  drift: Drift | null
}

export type SupervisionNote = { id: string; state: string; note: string | null; actor: string; at: string }

export type Dossier = {
  messages: {
    id: string
    activity: string
    state: 'open' | 'succeeded' | 'resolved'
    outcome: 'succeeded' | 'processing' | 'failed' | 'rejected'
    resultCode: string | null
    instanceId: string | null
    test: boolean
    lastAt: string
  }[]
  instances: Instance[]
  licenses: License[]
  expected: {
    step: string
    state: 'done' | 'waiting' | 'failed'
    at: string | null
    orderLineId: string | null
    instanceId: string | null
    messageId: string | null
  }[]
  drifts: Drift[]
  supervision: SupervisionNote[]
  lookUps: (Partial<LookUpFailure> & {
    id: string
    at: string
    actor: string
    outcome: 'new' | 'changed' | 'unchanged' | 'failed'
    durationMs: number
  })[]
  answers: { since: string; until: string; changes: { path: string; from: unknown; to: unknown }[] }[]
}

export const rowResults = ['matched', 'differs', 'no-order', 'no-call', 'missing', 'unreadable'] as const
export type RowResult = (typeof rowResults)[number]
export type OrderImport = {
  id: string
  kind: 'transactions' | 'bill'
  fileName: string
  columns: Record<string, string>
  ignored: string[]
  rows: number
  counts: Record<RowResult, number>
  createdBy: string
  createdAt: string
  matchedAt: string
}
export type ImportRow = {
  position: number
  orderId: string | null
  orderLineId: string | null
  instanceId: string | null
  facts: Record<string, string>
  result: RowResult
  differences: { field: string; file: string | null; desk: string | null }[]
}

export const orderTypes = ['NEW', 'TRIAL', 'TRIAL_TO_FORMAL', 'RENEW', 'CHANGE', 'UNSUBSCRIBE']
export const chargingModes = ['PERIOD', 'ONE_TIME', 'ON_DEMAND', 'ON_DEMAND_PKG']
export const supervisionStates = [
  'not-applicable',
  'buyer-submits',
  'seller-confirms',
  'in-service',
  'code-to-collect',
  'code-to-activate',
  'proof-to-upload',
  'marketplace-reviews',
  'buyer-accepts',
  'appealed',
  'completed',
]

/** The nine orders the marketplace answers to without a purchase; spelt as it does. */
export const mockOrders = [
  'MOCKPERIODYEARNEW',
  'MOCKONETIMENEW',
  'MOCKONDEMAND',
  'MOCKONDEMANDPKG',
  'MOCKPERIODDAYTRIAL',
  'MOCKMONTYTRIALTOFORMAL',
  'MOCKMONTYUNSUBSCRIBE',
  'MOCKMONTYRENEW',
  'MOCKMONTYCHANGE',
]
