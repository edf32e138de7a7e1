import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { MINUTE, orderIdAt, type Random, randomBuyer, SECOND, unseeded, utc14, utc17 } from './believable'
import { LICENSE_ACTIVITIES, licenseFields } from './license-calls'
import { bodySignFits, decryptField, type EncryptType, encryptField, signV1, signV2 } from './oracle'
import { lineOf, periodLater } from './orders'

export type Version = 'v1' | 'v2'

export const ACTIVITIES = {
  v1: [
    'newInstance',
    'refreshInstance',
    'expireInstance',
    'releaseInstance',
    'upgrade',
    'instanceStatus',
    'queryInstance',
    ...LICENSE_ACTIVITIES.v1,
  ],
  v2: [
    'newInstance',
    'queryInstance',
    'refreshInstance',
    'updateInstanceStatus',
    'releaseInstance',
    'upgradeInstance',
    'changeInstanceCheck',
    'orderNotify',
    ...LICENSE_ACTIVITIES.v2,
  ],
} as const
export type Activity = (typeof ACTIVITIES)[Version][number]

/** Members of the V2 body or parameters of the V1 query, before signing. */
export type Fields = Record<string, unknown>

export type CallSpec = {
  /** The whole address of the production interface. */
  target: string
  version: Version
  activity: Activity
  /**
   * Laid over believable defaults; `undefined` takes a default away. V1: `mobilePhone` and `email` are given plain and sent
   * encrypted, `saasExtendParams` may be a list of `{ name, value }`.
   */
  fields?: Fields
  /** The access key of the base interface. */
  key: string
  /** When it is sent; decides the V2 timestamp and the V1 timeStamp. */
  at?: Date
  /** V2 only; any text instead of the milliseconds of `at`. */
  timestamp?: string
  /** V2 only. */
  nonce?: string
  /** V1 only; which cipher the product was published with. */
  encryptType?: EncryptType
  random?: Random
  /** What happens to the call between signing and sending. */
  tamper?: Tamper | ((call: SignedCall) => SignedCall)
}
export type Tamper = 'signature' | 'body' | 'nonce' | 'timestamp' | 'unsigned'

export type SignedCall = { method: 'GET' | 'POST'; url: string; headers: Record<string, string>; body: string }

export type AppInfo = Partial<Record<'frontEndUrl' | 'adminUrl' | 'userName' | 'password' | 'memo', string>>

export type Fired = {
  sent: SignedCall
  /** 0 when no answer came; then `error` says why. */
  status: number
  error: string | null
  /** Names as they came. */
  headers: Record<string, string>
  body: string
  /** The body as an object, `null` when it is none. */
  answer: Record<string, unknown> | null
  resultCode: string | null
  instanceId: string | null
  /** The licence text of getLicense. */
  license: string | null
  /** What the buyer is shown; V1 secrets decrypted, `null` when they cannot be. */
  appInfo: AppInfo | null
  /** Whether the answer's Body-Sign fits its bytes; `null` for a V2 answer without one. */
  bodySignOk: boolean | null
  ms: number
}

function defaultFields(version: Version, activity: Activity, at: Date, random: Random): Fields {
  const orderId = orderIdAt(at, random)
  const instanceId = random.uuid()
  const renewed = utc14(periodLater(at, { type: 'year', number: 1 }))
  const product = { productId: `OFFI${random.text(18, '0123456789')}`, skuCode: random.uuid() }
  const licensed = licenseFields(activity, { at, orderId, instanceId, renewed, random })
  if (licensed) return licensed
  if (version === 'v2') {
    switch (activity) {
      case 'newInstance':
        return { orderId, businessId: random.uuid() }
      case 'queryInstance':
      case 'releaseInstance':
        return { instanceId }
      case 'refreshInstance':
        return { scene: 'RENEWAL', orderId, instanceId, expireTime: renewed }
      case 'updateInstanceStatus':
        return { instanceId, status: 'FREEZE' }
      case 'upgradeInstance':
        return { orderId, instanceId }
      case 'changeInstanceCheck':
        return { instanceId, productInfo: { ...product, linearValue: 20 } }
      case 'orderNotify':
        return { orderId, testFlag: '0' }
    }
  }
  switch (activity) {
    case 'newInstance': {
      const { customerId, customerName, mobilePhone, email } = randomBuyer(random)
      const period = { periodType: 'year', periodNumber: 1, expireTime: renewed, orderAmount: '1999.00' }
      const buyer = { customerId, customerName, mobilePhone, email }
      const saasExtendParams = [{ name: 'emailDomainName', value: 'mail.example.com' }]
      return { ...buyer, orderId, businessId: random.uuid(), ...product, ...period, chargingMode: 1, saasExtendParams }
    }
    case 'refreshInstance':
      return { orderId, instanceId, expireTime: renewed, periodType: 'year', periodNumber: 1, orderAmount: '1999.00' }
    case 'expireInstance':
    case 'releaseInstance':
      return { orderId, instanceId }
    case 'upgrade':
      return { orderId, instanceId, ...product, amount: 20 }
    case 'instanceStatus':
      return { instanceId, instanceStatus: 'FREEZE' }
    case 'queryInstance':
      return { instanceId }
  }
  return {}
}

const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

const HAS_LINE = new Set<Activity>([
  'newInstance',
  'refreshInstance',
  'upgradeInstance',
  'orderNotify',
  'refreshLicenseCode',
])

/** A call as the marketplace would sign it. Throws for an activity the version does not have. */
export function signCall(spec: CallSpec): SignedCall {
  const { version, activity, key, random = unseeded(), at = new Date() } = spec
  if (!(ACTIVITIES[version] as readonly Activity[]).includes(activity)) {
    throw new Error(`${activity} is no activity of ${version}`)
  }
  const fields: Fields = { activity, ...defaultFields(version, activity, at, random), ...spec.fields }
  const call = version === 'v2' ? signedPost(spec, present(fields), at, random) : signedGet(spec, present(fields), at)
  if (typeof spec.tamper === 'function') return spec.tamper(call)
  return spec.tamper ? tamperWith(call, spec.tamper, key) : call
}

function signedPost(spec: CallSpec, fields: Fields, at: Date, random: Random): SignedCall {
  if (HAS_LINE.has(spec.activity) && typeof fields.orderId === 'string' && !('orderLineId' in (spec.fields ?? {}))) {
    fields.orderLineId = lineOf(fields.orderId)
  }
  const body = JSON.stringify(fields)
  const nonce = spec.nonce ?? random.text(64, '0123456789ABCDEF')
  const timestamp = spec.timestamp ?? String(at.getTime())
  const signature = signV2({ key: spec.key, nonce, timestamp, body })
  return {
    method: 'POST',
    url: `${spec.target}?${new URLSearchParams({ signature, timestamp, nonce })}`,
    headers: { 'Content-Type': 'application/json;charset=utf8', Accept: 'application/json' },
    body,
  }
}

function signedGet(spec: CallSpec, fields: Fields, at: Date): SignedCall {
  const { key, encryptType = '1' } = spec
  const parameters: Record<string, string> = {}
  for (const [name, value] of Object.entries({ timeStamp: utc17(at), ...fields }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  )) {
    if (value === null) continue
    if (name === 'mobilePhone' || name === 'email') parameters[name] = encryptField(String(value), key, encryptType)
    else if (typeof value === 'object') parameters[name] = Buffer.from(JSON.stringify(value)).toString('base64')
    else parameters[name] = String(value)
  }
  const search = new URLSearchParams({ ...parameters, authToken: signV1(key, parameters) })
  return { method: 'GET', url: `${spec.target}?${search}`, headers: { Accept: 'application/json' }, body: '' }
}

const otherEnding = (text: string, one: string, other: string) => text.slice(0, -1) + (text.endsWith(one) ? other : one)

function tamperWith(call: SignedCall, tamper: Tamper, key: string): SignedCall {
  const url = new URL(call.url)
  const v1 = call.method === 'GET'
  const change = (name: string, to: (value: string) => string) => {
    const value = url.searchParams.get(name)
    if (value === null) throw new Error(`a ${v1 ? 'V1' : 'V2'} call has no ${name} to tamper with`)
    url.searchParams.set(name, to(value))
  }
  const moved = (time: string) => otherEnding(time, '1', '2')
  let { body } = call
  if (tamper === 'unsigned') url.searchParams.delete(v1 ? 'authToken' : 'signature')
  else if (tamper === 'timestamp') change(v1 ? 'timeStamp' : 'timestamp', moved)
  else if (tamper === 'nonce') change('nonce', (nonce) => otherEnding(nonce, 'A', 'B'))
  else if (tamper === 'body' && v1) change('activity', () => 'releaseInstance')
  else if (tamper === 'body') body = JSON.stringify({ ...JSON.parse(body), tampered: 'yes' })
  else if (v1) change('authToken', () => signV1(`${key}?`, Object.fromEntries(url.searchParams)))
  else change('signature', (signature) => otherEnding(signature, 'A', 'B'))
  return { ...call, url: url.href, body }
}

/** How long the marketplace waits for an answer: saas-v1.md §1.7, saas-v2.md §2. */
const PATIENCE: Record<Version, number> = { v1: 20 * SECOND, v2: 5 * SECOND }

/** Signs a call, sends it, and checks the answer as the marketplace would. Never throws for what the other side does. */
export async function fire(spec: CallSpec & { timeoutMs?: number }): Promise<Fired> {
  return sendCall(signCall(spec), spec)
}

/** Sends a call that is signed already. */
export async function sendCall(
  sent: SignedCall,
  spec: Pick<CallSpec, 'version' | 'key'> & { timeoutMs?: number },
): Promise<Fired> {
  const started = performance.now()
  const received = await exchange(sent, spec.timeoutMs ?? PATIENCE[spec.version])
  const ms = performance.now() - started
  const { status, headers, bytes, error } = received
  const body = bytes.toString('utf8')
  const answer = asObject(body)
  const signature = headers['Body-Sign'] ?? null
  return {
    sent,
    status,
    error,
    headers,
    body,
    answer,
    resultCode: typeof answer?.resultCode === 'string' ? answer.resultCode : null,
    instanceId: typeof answer?.instanceId === 'string' ? answer.instanceId : null,
    license: typeof answer?.license === 'string' ? answer.license : null,
    appInfo: answer && appInfoOf(answer, spec),
    bodySignOk: signature === null && spec.version === 'v2' ? null : bodySignFits(signature, bytes, spec.key),
    ms,
  }
}

type Received = { status: number; headers: Record<string, string>; bytes: Buffer; error: string | null }

const httpAgent = new HttpAgent({ keepAlive: true })
const httpsAgent = new HttpsAgent({ keepAlive: true })

// Not fetch(): the marketplace looks for `Body-Sign` in exactly this spelling, and fetch() hides the spelling.
function exchange(call: SignedCall, timeoutMs: number): Promise<Received> {
  return new Promise((resolve) => {
    const failed = (error: Error & { code?: string }) => {
      const why = error.code === 'ABORT_ERR' ? `no answer within ${timeoutMs} ms` : (error.code ?? error.message)
      resolve({ status: 0, headers: {}, bytes: Buffer.alloc(0), error: why })
    }
    const secure = call.url.startsWith('https:')
    const options = {
      method: call.method,
      headers: call.body ? { ...call.headers, 'Content-Length': Buffer.byteLength(call.body) } : call.headers,
      agent: secure ? httpsAgent : httpAgent,
      signal: AbortSignal.timeout(timeoutMs),
    }
    const request = (secure ? httpsRequest : httpRequest)(call.url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', failed)
      response.on('end', () => {
        const headers: Record<string, string> = {}
        for (let at = 0; at < response.rawHeaders.length; at += 2) {
          headers[response.rawHeaders[at] as string] = response.rawHeaders[at + 1] as string
        }
        resolve({ status: response.statusCode ?? 0, headers, bytes: Buffer.concat(chunks), error: null })
      })
    })
    request.on('error', failed)
    request.end(call.body)
  })
}

function asObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : null
  } catch {
    return null
  }
}

function appInfoOf(
  answer: Record<string, unknown>,
  { version, key }: Pick<CallSpec, 'version' | 'key'>,
): AppInfo | null {
  const info = Array.isArray(answer.info) ? (answer.info[0] as { appInfo?: AppInfo } | undefined) : undefined
  const given = (answer.appInfo ?? info?.appInfo) as AppInfo | undefined
  if (!given) return null
  if (version === 'v2') return given
  const encryptType = answer.encryptType === '2' ? '2' : '1'
  const opened = { ...given }
  try {
    if (given.userName) opened.userName = decryptField(given.userName, key, encryptType)
    if (given.password) opened.password = decryptField(given.password, key, encryptType)
    return opened
  } catch {
    return null
  }
}

/**
 * How often and how long a failing call is repeated, in minutes: saas-v1.md §7, saas-v2.md §8.1, open-api.md §7.7. Where the
 * documents give no interval, a quarter of the window.
 */
export const RETRIES: Record<Version, Partial<Record<Activity, { every: number; during: number }>>> = {
  v1: {
    newInstance: { every: 3, during: 180 },
    upgrade: { every: 45, during: 180 },
    refreshInstance: { every: 15, during: 60 },
    expireInstance: { every: 15, during: 60 },
    releaseInstance: { every: 15, during: 60 },
    instanceStatus: { every: 15, during: 60 },
    // license.md §1.4: the other licence 1.0 calls come once.
    getLicense: { every: 60, during: 180 },
  },
  v2: {
    newInstance: { every: 60, during: 180 },
    upgradeInstance: { every: 45, during: 180 },
    refreshInstance: { every: 30, during: 120 },
    updateInstanceStatus: { every: 15, during: 60 },
    releaseInstance: { every: 15, during: 60 },
    orderNotify: { every: 45, during: 180 },
    refreshLicenseCode: { every: 2, during: 120 },
    updateLicenseCodeStatus: { every: 2, during: 120 },
    releaseLicenseCode: { every: 2, during: 120 },
  },
}

export type Pace = {
  /** How many times faster than the real marketplace time runs; 3600 makes an hour a second. */
  speed?: number
  signal?: AbortSignal
}

/** Fires a call and repeats it by the retry table until it is answered 000000 (or `enough` says so). All attempts, in order. */
export async function insist(
  spec: CallSpec,
  { speed = 3600, signal }: Pace = {},
  enough = (fired: Fired) => fired.resultCode === '000000',
): Promise<Fired[]> {
  const { every, during } = RETRIES[spec.version][spec.activity] ?? { every: 1, during: 0 }
  const attempts: Fired[] = []
  for (let minutes = 0; minutes <= during; minutes += every) {
    if (minutes > 0) await pause((every * MINUTE) / speed, signal)
    if (signal?.aborted) break
    const fired = await fire(spec)
    attempts.push(fired)
    if (enough(fired)) break
  }
  return attempts
}

export type Purchase = {
  outcome: 'delivered' | 'cancelled'
  orderId: string
  instanceId: string | null
  appInfo: AppInfo | null
  attempts: Fired[]
  polls: Fired[]
}

const POLL = { every: 10, during: 180 }

/**
 * What the marketplace does after a payment: newInstance until it is accepted, then (V2) queryInstance until the instance is
 * reported. An order that is not open when the window closes is cancelled and refunded. The order itself must be known to
 * the sandbox beforehand when the seller is going to ask for it.
 */
export async function purchase(
  spec: Omit<CallSpec, 'activity'> & { fields?: Fields },
  pace: Pace = {},
): Promise<Purchase> {
  const { random = unseeded(), version } = spec
  const orderId = String(spec.fields?.orderId ?? orderIdAt(spec.at ?? new Date(), random))
  const order: CallSpec = { ...spec, random, activity: 'newInstance', fields: { ...spec.fields, orderId } }
  const accepted = ({ resultCode, instanceId }: Fired) =>
    instanceId !== null && (resultCode === '000000' || (version === 'v2' && resultCode === '000004'))

  const attempts = await insist(order, pace, accepted)
  const last = attempts.at(-1)
  const cancelled = { outcome: 'cancelled', orderId, instanceId: null, appInfo: null, attempts } as const
  if (!last || !accepted(last)) return { ...cancelled, polls: [] }
  const { instanceId } = last
  if (version === 'v1') return { outcome: 'delivered', orderId, instanceId, appInfo: last.appInfo, attempts, polls: [] }

  const polls: Fired[] = []
  const query: CallSpec = {
    ...spec,
    random,
    activity: 'queryInstance',
    fields: { instanceId, testFlag: spec.fields?.testFlag },
  }
  for (let minutes = 0; minutes <= POLL.during; minutes += POLL.every) {
    if (minutes > 0) await pause((POLL.every * MINUTE) / (pace.speed ?? 3600), pace.signal)
    if (pace.signal?.aborted) break
    const poll = await fire(query)
    polls.push(poll)
    if (poll.resultCode === '000000') {
      return { outcome: 'delivered', orderId, instanceId, appInfo: poll.appInfo, attempts, polls }
    }
  }
  return { ...cancelled, instanceId, polls }
}

const pause = (ms: number, signal?: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})
