import type { ExtendParam } from '../commands'

/** Licence 1.0, a purchase: the seller answers the licence text (zh-cn_topic_0000001353181669). */
export type GetLicense = {
  activity: 'getLicense'
  /** One order, one licence: the key of every repeat. */
  orderId: string
  businessId: string
  customerId: string
  customerName: string | null
  productId: string
  skuCode: string | null
  /** What the licence is bound to: system or hardware code; several are joined by commas. */
  identificationCode: string | null
  /** 14 or 17 digits as received; an estimate, the expiry call decides. */
  expireTime: string | null
  periodType: string | null
  periodNumber: number | null
  amount: number | null
  userId: string | null
  userName: string | null
  extendParams: ExtendParam[]
  test: boolean
}

/** Licence 1.0, a renewal or trial turned formal; `orderId` is that of the renewal (zh-cn_topic_0000001353381237). */
export type RefreshLicense = {
  activity: 'refreshLicense'
  orderId: string
  instanceId: string
  productId: string | null
  expireTime: string
  periodType: string | null
  periodNumber: number | null
  test: boolean
}

/** Licence 1.0: past the expiry, or past the retention. Licences older than these calls have no instance id. */
export type EndLicense = {
  activity: 'expireLicense' | 'releaseLicense'
  /** the purchase order */
  orderId: string | null
  instanceId: string | null
  test: boolean
}

/** Licence 2.0, a renewal or its refund (zh-cn_topic_0070649167). */
export type RefreshLicenseCode = {
  activity: 'refreshLicenseCode'
  scene: 'TRIAL_TO_FORMAL' | 'RENEWAL' | 'UNSUBSCRIBE_RENEWAL_PERIOD'
  orderId: string
  orderLineId: string | null
  license: string
  productId: string | null
  expireTime: string
  test: boolean
}

/** Licence 2.0 (zh-cn_topic_0070649168). */
export type ChangeLicenseCodeStatus = {
  activity: 'updateLicenseCodeStatus'
  license: string
  status: 'FREEZE' | 'UNFREEZE'
  test: boolean
}

/** Licence 2.0; the order is that of a refund (zh-cn_topic_0070649169). */
export type ReleaseLicenseCode = {
  activity: 'releaseLicenseCode'
  license: string
  orderId: string | null
  orderLineId: string | null
  test: boolean
}

/** Online licence: a buyer's device asks; event and fingerprint tell a repeat (zh-cn_topic_0070649255). */
export type GetLicenseAsync = {
  activity: 'getLicenseAsync'
  instanceId: string
  eventId: string
  effectiveTime: Date
  expireTime: Date | null
  deviceFingerprint: string | null
  test: boolean
}

export type LicenseCommand =
  | GetLicense
  | RefreshLicense
  | EndLicense
  | RefreshLicenseCode
  | ChangeLicenseCodeStatus
  | ReleaseLicenseCode
  | GetLicenseAsync
