import { isUtf8 } from 'node:buffer'
import type { CredentialKind } from '@/lib/credentials'
import type { RawCall } from '@/lib/http/door'
import {
  isLicenseActivity,
  kitCallOf,
  licenseV1Activities,
  parseWireTime,
  ResultCode,
  readQuery,
  refuseValue,
  SignedBody,
  type WireError,
} from '@/lib/marketplace'
import type { Hints } from './execute'
import type { Protocol, StoredRequest } from './types'

/** A call sorted by protocol, its parameters decoded, nothing of it believed yet. */
export type Recognised = {
  protocol: Protocol
  activity: string
  /** the classes of keys that may have signed it, in the order they are tried */
  keyKinds: CredentialKind[]
  /** the older rules: authToken on the way in, Body-Sign on the way out */
  v1: boolean
  query: Record<string, string>
  /** null for calls without a body */
  body: SignedBody | null
  /** parameters of a GET, members of a JSON body */
  value: unknown
  hints: Hints
  request: StoredRequest
}

export type Recognition =
  | { ok: true; value: Recognised }
  | { ok: false; error: WireError; v1: boolean; keyKinds: CredentialKind[]; request: StoredRequest }

const PRODUCE = '/api/produce'
const STORED_TEXT_LIMIT = 4 * 1024 * 1024

/** Sorts a call by path, method and parameters. An error is the sender's, in the protocol's words. */
export function recognise(raw: RawCall): Recognition {
  const query = readQuery(raw.query)
  const request = storedRequest(raw)
  const subPath = raw.path.slice(PRODUCE.length).replace(/\/+$/, '')
  const kit = subPath === '' ? null : kitCallOf(subPath)
  const v1 = kit ? kit.protocol === 'kit-v1' : raw.method === 'GET' || 'authtoken' in raw.headers
  const ofKit = kit !== null || (subPath !== '' && raw.method !== 'GET')
  const refuse = (error: WireError): Recognition => {
    return { ok: false, error, v1, keyKinds: [ofKit ? 'kit' : 'base'], request }
  }
  if (raw.bodyProblem) return refuse(bodyProblems[raw.bodyProblem])
  if (subPath !== '' && !kit)
    return refuse(refuseValue('path', subPath, '/api/produce, or the path of a kit interface'))
  if (!kit && raw.method === 'GET') return { ok: true, value: fromQuery(query, request) }
  if (raw.method !== 'POST') {
    const allowed = kit ? 'POST' : 'GET with authToken (V1) or POST with signature (V2)'
    return refuse(refuseValue('method', raw.method, allowed))
  }
  if (!isUtf8(raw.body)) return refuse(malformed('body', 'body: not UTF-8 text'))
  const body = new SignedBody(request.body.replace(/^\ufeff/, ''))
  if (body.problem) {
    const at = raw.body.length === 0 ? 'empty' : `not JSON at position ${body.problem.at}: ${body.problem.reason}`
    return refuse(malformed('body', `body: ${at}; allowed: a JSON object`))
  }
  const value = body.value()
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(refuseValue('body', value, 'a JSON object'))
  const members = value as Record<string, unknown>
  const activity = kit ? kit.name : textOf(members.activity)
  const license = !kit && isLicenseActivity(activity)
  const protocol = kit ? kit.protocol : license ? 'license' : 'saas-v2'
  return {
    ok: true,
    value: {
      protocol,
      activity: label(activity),
      // An online licence's purchases come by the SaaS interface, signed as its licence calls are.
      keyKinds: kit ? ['kit'] : license ? ['license', 'base'] : ['base', 'license'],
      v1,
      query,
      body,
      value,
      hints: hintsOf(members),
      request,
    },
  }
}

function fromQuery(query: Record<string, string>, request: StoredRequest): Recognised {
  const activity = query.activity ?? ''
  const license = (licenseV1Activities as readonly string[]).includes(activity)
  return {
    protocol: license ? 'license' : 'saas-v1',
    activity: label(activity),
    keyKinds: license ? ['license', 'base'] : ['base'],
    v1: true,
    query,
    body: null,
    value: query,
    hints: hintsOf(query),
    request,
  }
}

const bodyProblems: Record<NonNullable<RawCall['bodyProblem']>, WireError> = {
  'too-large': malformed('body', 'body: larger than 256 KiB (kit interfaces: 4 MiB)'),
  aborted: malformed('body', 'body: the connection ended before all of it came'),
  slow: malformed('body', 'body: not complete within 10 seconds'),
  busy: {
    code: ResultCode.internalError,
    field: 'body',
    message: 'body: too many large ones at the same time; please send this again',
  },
}

function malformed(field: string, message: string): WireError {
  return { code: ResultCode.invalidParameter, field, message }
}

function storedRequest(raw: RawCall): StoredRequest {
  return {
    method: raw.method,
    path: raw.path.slice(0, 2048),
    query: raw.query.slice(0, 65_536),
    headers: raw.headers,
    body: raw.body.toString('utf8').slice(0, STORED_TEXT_LIMIT).replaceAll('\0', '\ufffd'),
  }
}

/** What a list shows of an activity nobody knows: printable and short. */
function label(activity: string): string {
  return /^[\w.-]{1,40}$/.test(activity) ? activity : 'unknown'
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function hintsOf(members: Record<string, unknown>): Hints {
  const id = (name: string) => {
    const text = textOf(members[name])
    return /^[\x20-\x7e]{1,64}$/.test(text) ? text : null
  }
  return {
    orderId: id('orderId'),
    orderLineId: id('orderLineId'),
    businessId: id('businessId'),
    instanceId: id('instanceId'),
    // of the kit, where the enterprise is the customer
    customerId: id('customerId') ?? id('tenantId'),
    test: members.testFlag === '1' || members.testFlag === 1,
  }
}

/**
 * The marketplace's own time of a V1 call (17 digits; kit in UTC+8, else UTC). A call without one, or from a clock that
 * runs ahead, counts as sent when it was received, so that it cannot outrank what comes after it.
 */
export function sentAtOfV1(timeStamp: unknown, protocol: Protocol, receivedAt: Date): Date {
  if (typeof timeStamp !== 'string') return receivedAt
  const read = parseWireTime(timeStamp, protocol === 'kit-v1' ? 'Asia/Shanghai' : 'UTC')
  return read.ok && read.value < receivedAt ? read.value : receivedAt
}
