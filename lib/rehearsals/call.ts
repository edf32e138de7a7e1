import { randomBytes, randomUUID } from 'node:crypto'
import type { CredentialKind } from '@/lib/credentials'
import { DeskError } from '@/lib/errors'
import {
  authToken,
  encryptField,
  formatWireTime,
  formatWireTimeMs,
  isLicenseActivity,
  kitNames,
  licenseV1Activities,
  licenseV2Activities,
  onlineLicenseActivities,
  readBodySign,
  signV2,
  v1Activities,
  v2Activities,
  verifyBodySign,
} from '@/lib/marketplace'
import { kitCall } from './kit'
import { inAYear, licenseMembersV1, licenseMembersV2 } from './licenses'

export type Version = 'v1' | 'v2'
export type SignedCall = { method: 'GET' | 'POST'; url: string; headers: Record<string, string>; body: string }

const activitiesV1 = [...v1Activities, ...licenseV1Activities]
const activitiesV2 = [...v2Activities, ...licenseV2Activities, ...onlineLicenseActivities]

/** What can be rehearsed in each version: the SaaS, licence and joint-operation interfaces. */
export const rehearsable = {
  v1: [...activitiesV1, ...kitNames],
  v2: [...activitiesV2, ...kitNames],
} as const

export function isKit(activity: string): boolean {
  return isOneOf(kitNames, activity)
}

/** The classes of keys that may sign a call, the usual one first. */
export function signingKinds(activity: string): CredentialKind[] {
  if (isKit(activity)) return ['kit']
  return isLicenseActivity(activity) ? ['license', 'base'] : ['base']
}

/** What stands in a call unless `set` says otherwise. */
export type Defaults = { instanceId: string; productId: string; skuCode: string }

/**
 * A call as the marketplace would send it, signed with `key`. `set` replaces or adds members; in V2 a value that is a JSON
 * object or list is sent as one. `to` is the production address. Throws DeskError 'invalid' for an unknown activity.
 */
export function signedCall(order: {
  activity: string
  version?: Version
  set?: Record<string, string>
  defaults: Defaults
  key: string
  to: string
  now: Date
}): SignedCall {
  const kit = kitNames.find((name) => name === order.activity)
  if (kit) {
    const set = Object.fromEntries(Object.entries(order.set ?? {}).map(([name, value]) => [name, structured(value)]))
    const { version = 'v2', key, to, now } = order
    return kitCall({ name: kit, version, set, instanceId: order.defaults.instanceId, key, to, now })
  }
  const version = order.version ?? (isOneOf(activitiesV2, order.activity) ? 'v2' : 'v1')
  const known = version === 'v1' ? activitiesV1 : activitiesV2
  if (!isOneOf(known, order.activity)) {
    const allowed = rehearsable[version].join(', ')
    throw new DeskError('invalid', `${order.activity} is no activity of ${version}; allowed are ${allowed}.`, {
      field: 'activity',
    })
  }
  return version === 'v1' ? callV1(order) : callV2(order)
}

type Order = Parameters<typeof signedCall>[0]

function callV1({ activity, set, defaults, key, to, now }: Order): SignedCall {
  const params: Record<string, string> = {
    activity,
    ...membersV1(activity, defaults, key, now),
    testFlag: '1',
    timeStamp: formatWireTimeMs(now, 'UTC'),
    ...set,
  }
  const query = new URLSearchParams({ ...params, authToken: authToken({ key, params }) })
  return { method: 'GET', url: withQuery(to, query), headers: { accept: 'application/json' }, body: '' }
}

function callV2({ activity, set = {}, defaults, key, to, now }: Order): SignedCall {
  const members: Record<string, unknown> = { activity, ...membersV2(activity, defaults, now), testFlag: '1' }
  for (const [name, value] of Object.entries(set)) members[name] = structured(value)
  const body = JSON.stringify(members)
  const timestamp = String(now.getTime())
  const nonce = randomBytes(32).toString('hex').toUpperCase()
  const query = new URLSearchParams({ signature: signV2({ body, timestamp, nonce }, key), timestamp, nonce })
  const headers = { accept: 'application/json', 'content-type': 'application/json;charset=utf8' }
  return { method: 'POST', url: withQuery(to, query), headers, body }
}

/** Every member the documents name, with a value the marketplace could send (saas-v1: zh-cn_topic_0070649013 ff.). */
function membersV1(activity: string, ids: Defaults, key: string, now: Date): Record<string, string> {
  const { instanceId, productId, skuCode } = ids
  const orderId = freshOrderId(now)
  switch (activity) {
    case 'newInstance':
      return {
        businessId: randomUUID(),
        orderId,
        productId,
        skuCode,
        customerId: '68cbc86abc2018ab880d92f36422fa0e',
        customerName: 'rehearsal',
        userId: '05ea08fe5a0026f51f8ac0187b7cd1a5',
        userName: 'rehearsal-user',
        mobilePhone: encryptField('13800000000', key, '1'),
        email: encryptField('rehearsal@example.com', key, '1'),
        trialFlag: '0',
        chargingMode: '1',
        periodType: 'year',
        periodNumber: '1',
        expireTime: inAYear(now),
        orderAmount: '99.9',
        amount: '1',
        provisionType: '1',
        saasExtendParams: Buffer.from('[{"name":"emailDomainName","value":"example.com"}]').toString('base64'),
      }
    case 'refreshInstance':
      return {
        orderId,
        instanceId,
        productId,
        expireTime: inAYear(now),
        periodType: 'year',
        periodNumber: '1',
        orderAmount: '99.9',
      }
    case 'upgrade':
      return { orderId, instanceId, productId, skuCode, amount: '2' }
    case 'instanceStatus':
      return { instanceId, instanceStatus: 'FREEZE' }
    case 'expireInstance':
    case 'releaseInstance':
      return { instanceId, orderId }
    default:
      return licenseMembersV1(activity, ids, orderId, now) ?? { instanceId }
  }
}

function membersV2(activity: string, { instanceId, productId, skuCode }: Defaults, now: Date): Record<string, unknown> {
  const orderId = freshOrderId(now)
  const order = { orderId, orderLineId: `${orderId}-000001` }
  switch (activity) {
    case 'newInstance':
      return { ...order, businessId: randomUUID() }
    case 'refreshInstance':
      return { ...order, instanceId, scene: 'RENEWAL', productId, expireTime: inAYear(now) }
    case 'updateInstanceStatus':
      return { instanceId, status: 'FREEZE' }
    case 'releaseInstance':
    case 'upgradeInstance':
      return { ...order, instanceId }
    case 'changeInstanceCheck':
      return { instanceId, productInfo: { productId, skuCode, linearValue: 1 } }
    case 'orderNotify':
      return order
    default:
      return licenseMembersV2(activity, { instanceId, productId }, order, now) ?? { instanceId }
  }
}

function freshOrderId(now: Date): string {
  return `CS${formatWireTime(now, 'Asia/Shanghai').slice(2, 12)}${randomBytes(4).toString('hex').slice(0, 5).toUpperCase()}`
}

function structured(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function withQuery(address: string, query: URLSearchParams): string {
  return `${address}${address.includes('?') ? '&' : '?'}${query}`
}

function isOneOf(list: readonly string[], text: string): boolean {
  return list.includes(text)
}

export type CallJudgement = {
  resultCode: string | null
  /** null: the answer has no Body-Sign, as V2 answers may */
  bodySign: boolean | null
  /** the marketplace would count it as done or under way */
  good: boolean
}

/** What the marketplace would make of an answer to `call`. */
export function judgeAnswer(
  call: SignedCall,
  answer: { status: number; bodySign: string | null; body: string },
  key: string,
): CallJudgement {
  const resultCode = resultCodeOf(answer.body)
  const bodySign =
    answer.bodySign === null
      ? null
      : readBodySign(answer.bodySign) !== null && verifyBodySign(answer.bodySign, answer.body, key)
  const signed = call.method === 'GET' ? bodySign === true : bodySign !== false
  const done = resultCode === '000000' || resultCode === '000004'
  return { resultCode, bodySign, good: answer.status === 200 && done && signed }
}

function resultCodeOf(body: string): string | null {
  try {
    const code: unknown = JSON.parse(body)?.resultCode
    return typeof code === 'string' ? code : null
  } catch {
    return null
  }
}
