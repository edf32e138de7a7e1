import { type JsonValue, readJson, toValue } from '../json'
import { type AccessKey, signSdkHmac } from '../signing/sdk-hmac'
import { signUsage } from '../signing/usage-signature'
import { cutText, escapeControls } from '../text'
import { formatBasicTime } from '../times'

const NEW_PATH = '/api/mkp-openapi-public/global/v1/isv/usage-data'
const OLD_PATH = '/rest/marketplace/v1/isv/usage-data'

/** Records in one request, by both documents. */
export const USAGE_BATCH_LIMIT = 1000
/** The marketplace takes no record whose use began longer ago (MKT.9004, record code 007). */
export const USAGE_AGE_DAYS = 21

/** `value` is an exact decimal above 0 with at most 4 decimals. Times are cut to the second and written in UTC. */
export type UsageEntry = {
  meteringSn: string
  instanceId: string
  /** of the marketplace; only the old interface wants it */
  productId: string | null
  recordedAt: Date
  beginAt: Date
  endAt: Date
  value: string
  relatedPackageInstanceId: string | null
}

export type UsagePushRequest = { url: string; headers: Record<string, string>; body: string }

/**
 * Builds a push through the newer interface (zh-cn_topic_0070649410): signed with the key of the base interface. `nonce`
 * has at most 64 characters and is used once, `nowMs` is Unix milliseconds. At most 1000 entries.
 */
export function buildUsagePush(push: {
  baseUrl: string
  key: string
  entries: UsageEntry[]
  nonce: string
  nowMs: number
}): UsagePushRequest {
  const unsigned = JSON.stringify({
    usage_records: push.entries.map((entry) => ({ ...commonMembers(entry), metering_sn: entry.meteringSn })),
  })
  const ts = String(push.nowMs)
  const { signature, body } = signUsage({ ts, nonce: push.nonce, body: unsigned }, push.key)
  return {
    url: `${push.baseUrl.replace(/\/+$/, '')}${NEW_PATH}`,
    headers: { 'Content-Type': 'application/json', signature, ts, nonce: push.nonce },
    body,
  }
}

/** Builds a push through the older interface (按需使用量推送(旧)): AK/SK, a product id and no number for each record. */
export function buildOldUsagePush(
  push: AccessKey & { baseUrl: string; entries: UsageEntry[]; now: Date },
): UsagePushRequest {
  const url = `${push.baseUrl.replace(/\/+$/, '')}${OLD_PATH}`
  const body = JSON.stringify({
    usage_records: push.entries.map((entry) => ({
      ...commonMembers(entry),
      ...(entry.productId && { product_id: entry.productId }),
    })),
  })
  const headers = { 'Content-Type': 'application/json' }
  return { url, headers: signSdkHmac({ method: 'POST', url, headers, body }, push, push.now), body }
}

function commonMembers(entry: UsageEntry) {
  return {
    instance_id: entry.instanceId,
    record_time: formatBasicTime(entry.recordedAt),
    begin_time: formatBasicTime(entry.beginAt),
    end_time: formatBasicTime(entry.endAt),
    usage_value: entry.value,
    ...(entry.relatedPackageInstanceId && { relate_pkg_instance: entry.relatedPackageInstanceId }),
  }
}

/** The codes a single record is refused with (话单级错误码); 008 is in no document. */
export const usageRecordCodes = [
  '001',
  '002',
  '003',
  '004',
  '005',
  '006',
  '007',
  '009',
  '010',
  '011',
  '012',
  '013',
  '014',
  '015',
] as const
export type UsageRecordCode = (typeof usageRecordCodes)[number]

/** The codes that say: this record was taken before. */
export const duplicateUsageCodes: readonly string[] = ['005', '010'] satisfies UsageRecordCode[]

export type AbnormalUsage = {
  meteringSn: string | null
  instanceId: string | null
  /** three digits where the marketplace follows its table */
  code: string
  message: string
}

/**
 * What became of a push. `refused`: certainly nothing of it was taken, because of its records, of who asks, or of how
 * often; `unknown`: nobody can say, so the same records with the same numbers have to be sent again.
 */
export type UsageOutcome =
  | { kind: 'accepted' }
  | { kind: 'partly'; code: string; abnormal: AbnormalUsage[] }
  | { kind: 'refused'; because: 'records' | 'caller' | 'rate'; code: string; message: string }
  | { kind: 'unknown'; code: string | null; message: string }

const callerCodes = ['94060002', '94060003', 'MKT.0102', 'MKT.0151', 'MKT.0154']
const recordsCodes = [
  ...['94060004', 'MKT.0100', 'MKT.0101', 'MKT.0150', 'MKT.0199'],
  ...['MKT.9001', 'MKT.9002', 'MKT.9003', 'MKT.9004'],
]
const rateCodes = ['MKT.0250', 'APIGW.0308', 'APIG.0308']

/** Reads the answer of either interface. The status alone says little: rejected records come with 200. */
export function parseUsageAnswer(status: number, bodyText: string): UsageOutcome {
  const read = readJson(bodyText)
  const answer = read.ok ? membersOf(toValue(read.value)) : null
  const code = answer && codeOf(answer)
  if (!answer || !code) return outcomeOfStatus(status, null, `HTTP ${status} without a code`)
  const message = textOf(answer.error_msg) ?? textOf(answer.errorMsg) ?? textOf(answer.resultMsg) ?? ''
  if (/^(?:MKT|CBC)\.0000$/.test(code)) {
    // Not documented, but a list of abnormal records must never pass for success.
    const abnormal = abnormalOf(answer)
    return abnormal.length > 0 ? { kind: 'partly', code, abnormal } : { kind: 'accepted' }
  }
  if (code === '94060999') return { kind: 'partly', code, abnormal: abnormalOf(answer) }
  if (rateCodes.includes(code) || status === 406 || status === 429) {
    return { kind: 'refused', because: 'rate', code, message }
  }
  if (recordsCodes.includes(code)) return { kind: 'refused', because: 'records', code, message }
  if (callerCodes.includes(code)) return { kind: 'refused', because: 'caller', code, message }
  return outcomeOfStatus(status, code, message)
}

function outcomeOfStatus(status: number, code: string | null, message: string): UsageOutcome {
  const known = code ?? `HTTP ${status}`
  if (status === 413) return { kind: 'refused', because: 'records', code: known, message }
  if (status === 429 || status === 406) return { kind: 'refused', because: 'rate', code: known, message }
  if (status >= 400 && status < 500) return { kind: 'refused', because: 'caller', code: known, message }
  return { kind: 'unknown', code, message }
}

type Members = { [name: string]: JsonValue }

/** `abnormal_usage_data` stands in a member whose name no document tells; it is found wherever it is. */
function abnormalOf(answer: Members): AbnormalUsage[] {
  const list = findList(answer, 0)
  return (list ?? []).flatMap((item) => {
    const record = membersOf(item)
    if (!record) return []
    const code = textOf(record.error_code) ?? textOf(record.errorCode) ?? textOf(record.code) ?? ''
    const message = textOf(record.error_msg) ?? textOf(record.errorMsg) ?? textOf(record.message) ?? ''
    return [
      {
        meteringSn: textOf(record.metering_sn) ?? textOf(record.meteringSn),
        instanceId: textOf(record.instance_id) ?? textOf(record.instanceId),
        code: cleaned(/^\d{1,3}$/.test(code) ? code.padStart(3, '0') : code, 64),
        message: cleaned(message, 255),
      },
    ]
  })
}

function findList(value: Members, depth: number): JsonValue[] | null {
  for (const name of ['abnormal_usage_data', 'abnormalUsageData']) {
    const found = value[name]
    if (Array.isArray(found)) return found
  }
  if (depth === 3) return null
  for (const member of Object.values(value)) {
    const found = membersOf(member) ? findList(member as Members, depth + 1) : null
    if (found) return found
  }
  return null
}

function codeOf(answer: Members): string | null {
  const code = textOf(answer.error_code) ?? textOf(answer.errorCode) ?? textOf(answer.resultCode)
  return code && cleaned(code.replace(/\s+/g, '').toUpperCase(), 64)
}

function cleaned(text: string, length: number): string {
  return cutText(escapeControls(text), length)
}

function membersOf(value: JsonValue | undefined): Members | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null
}

function textOf(value: JsonValue | undefined): string | null {
  if (typeof value !== 'string' && typeof value !== 'number') return null
  const text = String(value).trim()
  return text === '' ? null : text
}
