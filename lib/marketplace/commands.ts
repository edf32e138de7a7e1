import type { KitCommand } from './kit/commands'
import type { LicenseCommand } from './license/commands'

/** The protocol a SaaS call came in. */
export type SaasProtocol = 'saas-v1' | 'saas-v2'

export type ChargingMode = 'ON_DEMAND' | 'PERIOD' | 'ONE_TIME' | 'ON_DEMAND_PKG'
export type RefreshScene = 'TRIAL_TO_FORMAL' | 'RENEWAL' | 'UNSUBSCRIBE_RENEWAL_PERIOD' | 'RENEWAL_CHANGE'
export type ExtendParam = { name: string; value: string }

/** What a V1 purchase says itself; V2 leaves all of it to the order query. */
export type V1Purchase = {
  customerId: string
  customerName: string | null
  userId: string | null
  userName: string | null
  /** Ciphertext as received, see the field cipher. */
  mobilePhone: string | null
  /** Ciphertext as received, see the field cipher. */
  email: string | null
  skuCode: string | null
  trial: boolean
  /** Read as UTC; `expireTimeText` is the same as received, for products of another zone. */
  expireTime: Date | null
  expireTimeText: string | null
  chargingMode: ChargingMode | null
  extendParams: ExtendParam[]
  amount: number | null
  /** GB */
  diskSize: number | null
  /** Mbit/s */
  bandWidth: number | null
  periodType: string | null
  periodNumber: number | null
  /** Exact decimal text: yuan on the mainland site, US dollars on the international one. */
  orderAmount: string | null
  provisionType: string | null
}

export type TargetProduct = {
  productId: string | null
  skuCode: string | null
  linearValue: number | null
  productName: string | null
}

export type NewInstance = {
  activity: 'newInstance'
  protocol: SaasProtocol
  /** Differs on every call, also on repeats of the same purchase. */
  businessId: string
  orderId: string
  orderLineId: string | null
  productId: string | null
  test: boolean
  v1?: V1Purchase
}

export type QueryInstance = {
  activity: 'queryInstance'
  /** 1 to 100, each once, in the order asked. */
  instanceIds: string[]
  test: boolean
}

export type RefreshInstance = {
  activity: 'refreshInstance'
  scene: RefreshScene
  orderId: string
  orderLineId: string | null
  instanceId: string
  /** Only when the period type changed. */
  productId: string | null
  /** 14 or 17 digits as received, a possible date; its zone depends on the product. */
  expireTime: string
  orderAmount: string | null
  periodType: string | null
  periodNumber: number | null
  test: boolean
}

export type ChangeStatus = {
  activity: 'updateInstanceStatus' | 'instanceStatus'
  instanceId: string
  status: 'FREEZE' | 'UNFREEZE'
  test: boolean
}

export type ExpireInstance = {
  activity: 'expireInstance'
  instanceId: string
  orderId: string | null
  test: boolean
}

export type ReleaseInstance = {
  activity: 'releaseInstance'
  instanceId: string
  orderId: string | null
  orderLineId: string | null
  test: boolean
}

export type UpgradeInstance = {
  activity: 'upgradeInstance' | 'upgrade'
  instanceId: string
  orderId: string
  orderLineId: string | null
  skuCode: string | null
  productId: string | null
  amount: number | null
  diskSize: number | null
  bandWidth: number | null
  extendParams: ExtendParam[]
  test: boolean
}

export type ChangeInstanceCheck = {
  activity: 'changeInstanceCheck'
  instanceId: string
  products: TargetProduct[]
  test: boolean
}

export type OrderNotify = {
  activity: 'orderNotify'
  orderId: string
  orderLineId: string | null
  test: boolean
}

/** What a call of any protocol asks for. */
export type Command =
  | NewInstance
  | QueryInstance
  | RefreshInstance
  | ChangeStatus
  | ExpireInstance
  | ReleaseInstance
  | UpgradeInstance
  | ChangeInstanceCheck
  | OrderNotify
  | KitCommand
  | LicenseCommand

export const v1Activities = [
  'newInstance',
  'queryInstance',
  'refreshInstance',
  'expireInstance',
  'releaseInstance',
  'upgrade',
  'instanceStatus',
] as const

export const v2Activities = [
  'newInstance',
  'queryInstance',
  'refreshInstance',
  'updateInstanceStatus',
  'releaseInstance',
  'upgradeInstance',
  'changeInstanceCheck',
  'orderNotify',
] as const
