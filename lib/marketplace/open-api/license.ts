import { createHash } from 'node:crypto'
import { type JsonValue, readJson, toValue } from '../json'
import { failure, type Result, success } from '../result'
import { type AccessKey, encode, signSdkHmac } from '../signing/sdk-hmac'
import { cutText, escapeControls } from '../text'
import { formatWireTime, parseLicenseTime } from '../times'

const BASE = '/api/mkp-openapi-public/global'
/** Codes in one question to the batch interfaces (zh-cn_topic_0070649244). */
export const LICENSE_BATCH = 100
/** Longest licence that can be uploaded as characters; longer ones go as a file (zh-cn_topic_0070649351). */
export const CHARACTERS_LIMIT = 1024

type To = AccessKey & { baseUrl: string; now: Date }
export type LicenseRequest = { url: string; headers: Record<string, string>; body: string | Uint8Array }

/** One code goes by the first version, which answers what it knows of it; several by the second. */
export function buildActivation(to: To, codes: string[], realEffectTime?: Date): LicenseRequest {
  const when = realEffectTime ? { real_effect_time: formatWireTime(realEffectTime, 'UTC') } : {}
  const [first, ...more] = codes
  return more.length === 0
    ? post(to, '/v1/license/activate', { license: first, ...when })
    : post(to, '/v2/license/activate', { license_list: codes, ...when })
}

/** The same for the query, once called heartbeat (zh-cn_topic_0070649245). */
export function buildLicenseQuery(to: To, codes: string[]): LicenseRequest {
  const [first, ...more] = codes
  return more.length === 0
    ? post(to, '/v1/license/heartbeat', { license: first })
    : post(to, '/v2/license/heartbeat', { license_list: codes })
}

export type LicenseUsage = { license: string; id: string } | { license: string; activeNumber: number }

/** Who used the software today, grouped by code (zh-cn_topic_0000002290055385; the capital letter is the document's). */
export function buildLicenseUsage(to: To, usage: LicenseUsage[]): LicenseRequest {
  const groups = new Map<string, object[]>()
  for (const entry of usage) {
    const group = groups.get(entry.license) ?? []
    group.push('id' in entry ? { id: entry.id } : { active_num: entry.activeNumber })
    groups.set(entry.license, group)
  }
  const usage_info = [...groups].map(([license, entries]) => ({ license, software_usage_Info: entries }))
  return post(to, '/v2/license/software-usage-info', { usage_info })
}

export type LicenseFile =
  | { type: 'CHARACTERS'; characters: string }
  | { type: 'FILE'; fileName: string; content: Uint8Array }

/**
 * The upload of a licence for an event, as multipart/form-data. How the body enters the signature is not documented: it is
 * hashed like any other, or with `unsignedBody` left out the way the signing guide allows.
 */
export function buildUpload(
  to: To,
  eventId: string,
  file: LicenseFile,
  { boundary, unsignedBody }: { boundary: string; unsignedBody: boolean },
): LicenseRequest {
  const sha256 = file.type === 'FILE' ? createHash('sha256').update(file.content).digest('hex') : null
  const facts =
    file.type === 'FILE'
      ? { type: file.type, file_name: file.fileName, sha256 }
      : { type: file.type, characters: file.characters }
  const parts: (string | Uint8Array)[] = []
  if (file.type === 'FILE') {
    const name = file.fileName.replace(/["\r\n\\]/g, '_')
    parts.push(
      `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n`,
      'Content-Type: application/octet-stream\r\n\r\n',
      file.content,
      '\r\n',
    )
  }
  parts.push(
    `--${boundary}\r\nContent-Disposition: form-data; name="isvUpdateFileReq"\r\nContent-Type: application/json\r\n\r\n`,
    `${JSON.stringify(facts)}\r\n--${boundary}--\r\n`,
  )
  const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)))
  const url = `${to.baseUrl.replace(/\/+$/, '')}${BASE}/v1/market-event/${encode(eventId)}/file`
  const hash: Record<string, string> = unsignedBody ? { 'X-Sdk-Content-Sha256': 'UNSIGNED-PAYLOAD' } : {}
  const signed = signSdkHmac({ method: 'POST', url, headers: hash, body }, to, to.now)
  // The official signer leaves a multipart content type out of what it signs.
  return { url, headers: { ...signed, 'content-type': `multipart/form-data; boundary=${boundary}` }, body }
}

function post(to: To, path: string, members: object): LicenseRequest {
  const url = `${to.baseUrl.replace(/\/+$/, '')}${BASE}${path}`
  const body = JSON.stringify(members)
  const headers = { 'Content-Type': 'application/json' }
  return { url, headers: signSdkHmac({ method: 'POST', url, headers, body }, to, to.now), body }
}

/** What the marketplace tells of an activation code; times in UTC. */
export type LicenseInfo = {
  license: string | null
  status: 'ALIVE' | 'EXPIRED' | 'RELEASED' | null
  activateTime: Date | null
  expireTime: Date | null
  productId: string | null
  skuCode: string | null
  orderId: string | null
  amount: number | null
}

/**
 * `code` is the marketplace's or the gateway's. `auth`: this key may not ask; `unknown`: no such code, perhaps another
 * account's; `refused`: asked again it would say the same; `later`: it may not.
 */
export type LicenseApiError = {
  kind: 'auth' | 'unknown' | 'refused' | 'later'
  status: number
  code: string | null
  message: string
}

export type LicenseAnswer = {
  /** one per code the answer tells of; empty where it tells nothing */
  infos: LicenseInfo[]
  /** entries of a usage report that were not taken */
  failed: unknown[]
}

const good = /^(?:92020000|0|(?:CBC|MKT)\.0000)$/
const auth = /^(?:CBC\.015\d|91380150|APIG(?:W)?\.03\d\d)$/
/** May be otherwise a moment later, or when somebody did something first. */
const passing = /^(?:92020001|91381036|CBC\.0999|CBC\.0250|APIG(?:W)?\.0(?:2|308)\d*)$/

/** Reads the answer of any licence interface. Never judges by the status alone: failures come with 200 as well. */
export function parseLicenseAnswer(status: number, bodyText: string): Result<LicenseAnswer, LicenseApiError> {
  const read = readJson(bodyText)
  const answer = read.ok ? asObject(toValue(read.value)) : null
  const code = answer && text(answer.error_code ?? answer.resultCode ?? answer.errorCode)?.replace(/\s+/g, '')
  if (!answer || !code) {
    const start = cutText(escapeControls(bodyText.slice(0, 200).trim()), 120)
    const message = `HTTP ${status} without a code${start ? `: ${start}` : ''}`
    return failure({ kind: status === 401 || status === 403 ? 'auth' : 'later', status, code: null, message })
  }
  if (good.test(code)) return success({ infos: infosOf(answer.data), failed: failedOf(answer.data) })
  const said = text(answer.error_msg ?? answer.resultMsg ?? answer.errorMsg) ?? ''
  const message = cutText(escapeControls(said), 255)
  return failure({ kind: kindOf(code, status), status, code: cutText(escapeControls(code), 64), message })
}

function kindOf(code: string, status: number): LicenseApiError['kind'] {
  if (code === '92020005') return 'unknown'
  // An older copy of the table prints 92020001 with 403 for a key that may not ask.
  if (auth.test(code) || status === 401 || status === 403) return 'auth'
  return passing.test(code) || status >= 500 || status === 429 || status === 406 ? 'later' : 'refused'
}

type Members = { [name: string]: JsonValue }

/** The first version answers an object (the activation: JSON in a text), the form of the second is not documented. */
function infosOf(data: JsonValue | undefined): LicenseInfo[] {
  const value = unpacked(data)
  if (Array.isArray(value)) return value.flatMap(infosOf)
  const members = asObject(value)
  if (!members) return []
  if (members.license_code_info !== undefined) return infosOf(members.license_code_info)
  if (members.status !== undefined || members.license_code !== undefined) return [infoOf(members)]
  return Object.values(members).flatMap((inner) => (Array.isArray(inner) ? infosOf(inner) : []))
}

function unpacked(data: JsonValue | undefined): JsonValue | undefined {
  if (typeof data !== 'string' || !/^\s*[[{]/.test(data)) return data
  const read = readJson(data)
  return read.ok ? toValue(read.value) : undefined
}

const statuses = ['ALIVE', 'EXPIRED', 'RELEASED'] as const

function infoOf(members: Members): LicenseInfo {
  const amount = Number(text(members.amount) ?? Number.NaN)
  const status = text(members.status)?.toUpperCase()
  return {
    license: text(members.license_code ?? members.licenseCode ?? members.license),
    status: statuses.find((known) => known === status) ?? null,
    activateTime: timeOf(members.activate_time ?? members.activateTime),
    expireTime: timeOf(members.expire_time ?? members.expireTime),
    productId: text(members.product_id ?? members.productId),
    skuCode: text(members.sku_code ?? members.skuCode),
    orderId: text(members.order_id ?? members.orderId),
    amount: Number.isInteger(amount) ? amount : null,
  }
}

function failedOf(data: JsonValue | undefined): unknown[] {
  const members = asObject(data)
  const [, failed] = Object.entries(members ?? {}).find(([name]) => name.startsWith('check_fail')) ?? []
  return Array.isArray(failed) ? failed : failed ? [failed] : []
}

function timeOf(value: JsonValue | undefined): Date | null {
  const written = text(value)
  if (!written) return null
  if (/^\d{13}$/.test(written)) return new Date(Number(written))
  const time = parseLicenseTime(written)
  return time.ok ? time.value : null
}

function asObject(value: JsonValue | undefined): Members | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}

function text(value: JsonValue | undefined): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  return String(value).trim() || null
}
