/** What /api/v1 answers, as the browser reads it. Times are ISO 8601 UTC. */

export type Role = 'viewer' | 'operator' | 'admin'
export type Page<T> = { items: T[]; nextCursor: string | null; total?: number }

export type Desk = {
  environment: 'production' | 'sandbox'
  marketplaceHost: string
  mailConfigured: boolean
  counts: { openMessages: number; waitingDeliveries: number; waitingLicenses: number }
  user: { email: string; role: Role; locale: string | null } | null
  version: string
}

export type Outcome = 'succeeded' | 'processing' | 'failed' | 'rejected'
export type Source = 'marketplace' | 'replay' | 'rehearsal'
export type Protocol = 'saas-v1' | 'saas-v2' | 'kit-v1' | 'kit-v2' | 'license'
export type MessageState = 'open' | 'succeeded' | 'resolved'

export type Message = {
  id: string
  protocol: Protocol
  activity: string
  state: MessageState
  outcome: Outcome
  attempts: number
  firstAt: string
  lastAt: string
  retryUntil: string | null
  windowHours: number | null
  resultCode: string | null
  resultMsg: string | null
  orderId: string | null
  orderLineId: string | null
  instanceId: string | null
  customerId: string | null
  productName: string | null
  test: boolean
  replayable: boolean
  lastCallId: string
  notifiedAt: string | null
  resolvedNote: string | null
  resolvedBy: string | null
  closedAt: string | null
}

export type Call = {
  id: string
  messageId: string | null
  receivedAt: string
  protocol: Protocol
  activity: string
  source: Source
  outcome: Outcome
  resultCode: string | null
  resultMsg: string | null
  orderId: string | null
  orderLineId: string | null
  businessId: string | null
  instanceId: string | null
  customerId: string | null
  test: boolean
  durationMs: number | null
  replayOf: string | null
  actor: string | null
}

export type WireRequest = {
  method: string
  path: string
  query: [string, string][]
  headers: Record<string, string>
  body: string
}
export type WireAnswer = { status: number; headers: Record<string, string>; body: string }
export type SignatureCheck = {
  ok: boolean
  credentialName: string | null
  variant: string | null
  received: string | null
  computed: string | null
  signedText: string | null
  reason: string | null
  skewMs: number | null
}
export type CallDetail = Call & {
  request: WireRequest
  answer: WireAnswer | null
  signature: SignatureCheck | null
  /** request and answer are past their retention */
  payloadGone: boolean
}

export type Notice = {
  id: string
  kind: string
  state: 'composed' | 'sent' | 'failed' | 'copied'
  recipient: string
  subject: string
  body: string
  error: string | null
  createdBy: string
  createdAt: string
  sentAt: string | null
}

export type OrderLine = { orderLineId: string | null; chargingMode: string | null; [member: string]: unknown }
export type Order = {
  orderId: string
  orderType: string | null
  createdAt: string | null
  lines: OrderLine[]
  buyer: Record<string, unknown> | null
  fetchedAt: string
}

export type MessageDetail = Message & {
  calls: Call[]
  notices: Notice[]
  instance: Instance | null
  order: Order | null
}

export type Change = { field: string; from: unknown; to: unknown }
export type ReplayResult = { replayId: string | null; resultCode: string; resultMsg: string; changes: Change[] }

export type BulkFilter = Partial<
  Record<
    'state' | 'activity' | 'resultCode' | 'outcome' | 'productId' | 'q' | 'from' | 'to' | 'cause' | 'lostSince',
    string
  >
> & {
  closingWithin?: number
  /** exactly these messages */
  ids?: string[]
  test?: boolean
}
export type BulkReplay = {
  id: string
  state: 'planned' | 'running' | 'done' | 'cancelled'
  total: number
  succeeded: number
  failed: number
  skipped: number
  counts: Record<string, number>
  oldest: string | null
  newest: string | null
  skippedReasons: { reason: string; count: number }[]
}

export type PartnerMail = { to: string; subject: string; zh: string; en: string }

export type AppInfo = { frontEndUrl: string; adminUrl: string | null; userName: string | null; memo: string | null }
export type RevealedAppInfo = {
  frontEndUrl: string
  adminUrl?: string
  userName?: string
  password?: string
  memo?: string
}
export type DeliveryType = 'template' | 'pool' | 'webhook' | 'manual'
export type DeliveryState = 'waiting' | 'delivered' | 'refused'
export type InstanceState = 'pending' | 'active' | 'frozen' | 'released'

export type Instance = {
  instanceId: string
  state: InstanceState
  productId: string | null
  productName: string | null
  skuCode: string | null
  orderId: string
  orderLineId: string | null
  customerId: string | null
  customerName: string | null
  test: boolean
  trial: boolean
  expiresAt: string | null
  createdAt: string
  lastCallAt: string | null
  deliveryType: DeliveryType | null
  deliveryState: DeliveryState
  deliveryError: string | null
  deliveryAttempts: number
  deliveredAt: string | null
  releasedAt: string | null
  frozenReason: 'expired' | 'status' | null
  chargingMode: string | null
  periodType: string | null
  periodNumber: number | null
  quantity: Record<string, number> | null
  businessId: string | null
  appInfo: AppInfo | null
}
export type TimelineEntry = {
  id: string
  at: string
  kind: 'event' | 'call' | 'audit' | 'notice'
  type: string
  applied?: boolean | null
  reason?: string | null
  data: Record<string, unknown>
  callId?: string | null
  actor?: string | null
}
export type InstanceDetail = Instance & { timeline: TimelineEntry[] }

export type Delivery =
  | {
      type: 'template'
      frontEndUrl: string
      adminUrl: string | null
      userName: string | null
      password: 'generate' | null
      passwordSet: boolean
      memo: string | null
    }
  | { type: 'pool' }
  | { type: 'webhook'; url: string; secretSet: boolean; timeoutSeconds: number }
  | { type: 'manual' }
export type ProductKind = 'saas' | 'license-id' | 'license-code' | 'license-online'
export type Product = {
  id: string
  name: string
  kind: ProductKind
  productIds: string[]
  skuCodes: string[]
  delivery: Delivery
  timeZone: 'UTC' | 'Asia/Shanghai'
  encryptType: '1' | '2'
  licenseRules: { checkQuota: boolean; checkDates: boolean; needsDevice: boolean }
  isDefault: boolean
  poolLeft: number | null
}
export type PoolImport = {
  rows: number
  added: number
  duplicates: number
  errors: { row: number; message: string }[]
  left: number
}

export type WebhookTest = {
  outcome: 'delivered' | 'waiting' | 'refused' | 'failed'
  message: string | null
  durationMs: number
}

export type CredentialKind = 'base' | 'kit' | 'license' | 'kit-private-key' | 'ak-sk'
export type Credential = {
  id: string
  name: string
  kind: CredentialKind
  accessKeyId: string | null
  hint: string
  active: boolean
  createdAt: string
  lastUsedAt: string | null
}

export type StaffUser = {
  id: string
  email: string
  role: Role
  active: boolean
  createdAt: string
  lastSignInAt: string | null
}
export type ApiToken = {
  id: string
  name: string
  hint: string
  role: Role
  scopes: string[]
  createdBy: string
  createdAt: string
  lastUsedAt: string | null
  revokedAt: string | null
}
export type AuditEntry = {
  id: string
  at: string
  actor: string
  via: string
  action: string
  subject: string
  target: string | null
  data: Record<string, unknown>
}

/** One hour of the marketplace's real calls. */
export type CallHour = {
  at: string
  succeeded: number
  processing: number
  failed: number
  rejected: number
  p50Ms: number | null
  p99Ms: number | null
}

export type ProductHealth = {
  id: string | null
  name: string | null
  failedOrders: number
  ordersAtRisk: number
  failingProbeDays: number
  probe: 'passed' | 'failed' | null
  probedAt: string | null
}
export type StuckDelivery = {
  instanceId: string
  customerName: string | null
  productName: string | null
  createdAt: string
  deliveryType: DeliveryType | null
  deliveryState: DeliveryState
  deliveryError: string | null
  deliveryAttempts: number
}
export type Overview = {
  monthFrom: string
  limits: { failedOrders: number; probeDays: number }
  products: ProductHealth[]
  openMessages: number
  closingMessages: number
  urgent: Message[]
  waitingDeliveries: number
  stuck: StuckDelivery[]
  instances: Record<InstanceState, number>
  expiring: { days7: number; days30: number }
  licenses: { waiting: number; uploadFailed: number; expiring30: number }
  usage: { month: string; collected: number; pushed: number; rejected: number; silent: number }
  alerts: Alert[]
}

export type AlertKind =
  | 'message-window'
  | 'failed-orders'
  | 'probe-failed'
  | 'delivery-stuck'
  | 'usage-late'
  | 'pool-low'
export type Alert = {
  id: string
  kind: AlertKind
  state: 'firing' | 'recovered' | 'lapsed'
  productName: string | null
  activity: string | null
  messageId: string | null
  orderId: string | null
  instanceId: string | null
  cause: string | null
  count: number | null
  limit: number | null
  until: string | null
  path: string
  firedAt: string
  recoveredAt: string | null
  notifiedAt: string | null
  sent: number
  failed: number
}
export type AlertSettings = {
  mailTo: string[]
  language: 'both' | 'zh-CN' | 'en'
  kinds: Record<AlertKind, boolean>
  thresholds: { windowMinutes: number; failedOrders: number; stuckMinutes: number; poolLow: number }
  quietHours: { from: string; to: string; timeZone: 'Asia/Shanghai' | 'UTC' } | null
  urgentThroughQuiet: boolean
  webhook: { url: string; secretSet: boolean } | null
}
export type AlertTest = { results: { channel: 'mail' | 'webhook'; recipient: string; error: string | null }[] }

export type Cause = {
  id: string
  state: 'open' | 'acknowledged'
  activity: string
  resultCode: string | null
  error: string | null
  messages: number
  attempts: number
  firstAt: string
  lastAt: string
  retryUntil: string | null
  cameBack: boolean
  acknowledgedAt: string | null
  acknowledgedBy: string | null
  note: string | null
}

export type SavedView = {
  id: string
  page: 'calls' | 'instances' | 'audit'
  name: string
  query: string
  shared: boolean
  own: boolean
  owner: string
}

export type SearchHit = {
  kind: 'message' | 'call' | 'instance' | 'order' | 'customer' | 'license' | 'tenant'
  id: string
  title: string
  hint: string | null
  activity: string | null
  state: string | null
  exact: boolean
  path: string
}

export type Retention = { payloadDays: number; rowDays: number }

export type LicenseKind = 'license-id' | 'license-code' | 'license-online'
export type LicenseState =
  | 'waiting'
  | 'denied'
  | 'issued'
  | 'generated'
  | 'collected'
  | 'active'
  | 'expired'
  | 'frozen'
  | 'released'
export type License = {
  id: string
  kind: LicenseKind
  license: string | null
  state: LicenseState
  reason: string
  nextEvent: { type: string; at: string | null } | null
  errorCode: string | null
  error: string | null
  orderId: string | null
  orderLineId: string | null
  productId: string | null
  productName: string | null
  skuCode: string | null
  instanceId: string | null
  customerId: string | null
  customerName: string | null
  eventId: string | null
  amount: number | null
  effectiveAt: string | null
  expiresAt: string | null
  issuedAt: string | null
  deliveredAt: string | null
  activatedAt: string | null
  queriedAt: string | null
  releasedAt: string | null
  createdAt: string
  test: boolean
}
export type LicenseTimelineEntry = {
  id: string
  at: string
  kind: 'event' | 'call' | 'audit'
  type: string
  data: Record<string, unknown>
  callId?: string | null
  actor?: string | null
}
export type LicenseDetail = License & {
  identificationCode: boolean
  deviceFingerprint: boolean
  deliveryType: DeliveryType | null
  timeline: LicenseTimelineEntry[]
}
export type LicenseImport = {
  rows: number
  added: number
  duplicates: number
  errors: { row: number; message: string }[]
}

export type TenantState = 'announced' | 'bound' | 'unbound'
export type MemberState = 'granted' | 'disabled' | 'revoked' | 'deleted'
export type TenantLoginState = 'exchanging' | 'failed' | 'signed-in' | 'ended'

export type Tenant = {
  id: string
  tenantId: string
  test: boolean
  state: TenantState
  tenantCode: string | null
  name: string | null
  domainName: string | null
  createdAt: string
  lastSyncAt: string
  apps: number
  members: number
  departments: number
}

export type TenantDetail = Tenant & {
  bindings: {
    instanceId: string | null
    orderId: string | null
    active: boolean
    asOf: string | null
    known: boolean
  }[]
  applications: {
    appId: string
    instanceId: string | null
    clientId: string | null
    secretSet: boolean
    keyName: string | null
    active: boolean
    asOf: string
  }[]
  memberCounts: Record<MemberState, number>
  problems: { orphans: number; circles: number; withoutDepartment: number }
}

export type TenantMember = {
  appId: string
  userName: string
  state: MemberState
  name: string | null
  role: 'user' | 'admin' | null
  orgCode: string | null
  department: string | null
  position: string | null
  mobile: string | null
  email: string | null
  changedAt: string | null
}

export type Department = {
  orgCode: string
  name: string | null
  parentCode: string | null
  children: number
  members: number
  problem: 'orphan' | 'circle' | null
  path: { orgCode: string; name: string | null }[]
}

export type TenantSync = {
  id: string
  receivedAt: string
  activity: string
  source: Source
  outcome: Outcome
  resultCode: string | null
  resultMsg: string | null
  late: boolean
  changes: Change[]
}

export type TenantLogin = {
  id: string
  appId: string
  userName: string | null
  name: string | null
  state: TenantLoginState
  reason: string | null
  createdAt: string
  takenAt: string | null
}

export type LoginApp = {
  appId: string
  name: string
  returnUrls: string[]
  entry: 'unified' | 'domain'
  loginUrl: string | null
}
