export const licenseKinds = ['license-id', 'license-code', 'license-online'] as const
export type LicenseKind = (typeof licenseKinds)[number]

/**
 * waiting: nothing issued yet; denied: by staff; issued: there, but the marketplace has not got it; generated, collected:
 * an activation code the buyer has not collected, not activated; the rest as the marketplace has it.
 */
export const licenseStates = [
  'waiting',
  'denied',
  'issued',
  'generated',
  'collected',
  'active',
  'expired',
  'frozen',
  'released',
] as const
export type LicenseState = (typeof licenseStates)[number]

/** Why a licence is in its state. */
export const licenseReasons = [
  'waits-for-staff',
  'waits-for-webhook',
  'no-product',
  'pool-empty',
  'webhook-refused',
  'webhook-failed',
  'denied',
  'not-fetched',
  'uploading',
  'upload-failed',
  'upload-refused',
  'not-seen',
  'not-collected',
  'not-activated',
  'in-use',
  'renewed',
  'expiry-call',
  'expiry-query',
  'freeze-call',
  'release-call',
  'release-query',
] as const
export type LicenseReason = (typeof licenseReasons)[number]

export const nextEventTypes = [
  'issue',
  'retry',
  'restart',
  'upload',
  'collect',
  'activate',
  'query',
  'expire',
  'renew',
  'release',
] as const
/** What is expected to happen next; `at` null: nobody can say when; a past `at`: overdue. */
export type NextEvent = { type: (typeof nextEventTypes)[number]; at: Date | null }

export type LicenseEventType =
  | 'requested'
  | 'known'
  | 'waits'
  | 'issued'
  | 'fetched'
  | 'uploaded'
  | 'upload-failed'
  | 'denied'
  | 'renewed'
  | 'renewal-refunded'
  | 'expired'
  | 'frozen'
  | 'unfrozen'
  | 'released'
  | 'activated'
  | 'queried'
  | 'usage-reported'

/** One thing that happened. `key` tells it from others of its type (the order of a renewal); times are ISO 8601 texts. */
export type LicenseFact = {
  type: LicenseEventType
  key: string
  occurredAt: Date
  data: FactData
}

export type FactData = {
  productId?: string | null
  skuCode?: string | null
  orderId?: string | null
  orderLineId?: string | null
  customerId?: string | null
  customerName?: string | null
  amount?: number | null
  expiresAt?: string | null
  activatedAt?: string | null
  effectiveAt?: string | null
  /** an expiry nobody vouches for */
  estimated?: boolean
  scene?: string
  reason?: LicenseReason
  /** the marketplace's or the webhook's word */
  code?: string | null
  message?: string | null
  status?: 'ALIVE' | 'EXPIRED' | 'RELEASED' | null
  /** asked again it would be refused again */
  final?: boolean
  via?: string
  hint?: string
  count?: number
}
