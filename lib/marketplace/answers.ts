import { refuseMissing, refuseValue, type WireError } from './errors'
import { asciiJson, lowerControlEscapes, quote } from './json'
import { limitMessage, type ResultCode, resultMessage } from './result-codes'
import { type EncryptType, encryptField, fitsField } from './signing/field-cipher'
import { cutText } from './text'
import { formatWireTimeMs } from './times'

/** What the buyer is shown. userName and password are plain here; V1 encrypts them on the way out. */
export type AppInfo = {
  frontEndUrl: string
  adminUrl?: string | null
  userName?: string | null
  password?: string | null
  memo?: string | null
}

/** `usageValue` is an exact decimal text of at most 4 decimals; `statisticalTime` is written in UTC. */
export type UsageInfo = {
  relatedInstanceId?: string | null
  usageValue: string
  statisticalTime: Date
  dashboardUrl?: string | null
}

export type InstanceInfo = { instanceId: string; appInfo?: AppInfo | null; usageInfo?: UsageInfo[] | null }

/**
 * `message` replaces the text of the code in `resultMsg`; `appInfo` belongs to V1 newInstance, `info` to queryInstance,
 * `license` (a secret) to getLicense.
 */
export type Answer = {
  code: ResultCode
  message?: string
  instanceId?: string
  appInfo?: AppInfo | null
  info?: InstanceInfo[]
  license?: string
}

/** How a V1 answer encrypts; `iv` gives 16 letters or digits per field and is random by default. */
export type FieldEncryption = { key: string; encryptType: EncryptType; iv?: () => string }

const URL_LIMIT = 512
const MEMO_LIMIT = 1024
const PLAIN_LIMIT = 128

/** An answer that cannot be written because a field breaks a limit of the documents. Check app info before storing it. */
export class UnwritableAnswer extends Error {
  readonly error: WireError

  constructor(error: WireError) {
    super(error.message)
    this.name = 'UnwritableAnswer'
    this.error = error
  }
}

/**
 * What the marketplace would refuse in app info: no frontEndUrl, URLs over 512 characters, userName or password over
 * 79 UTF-8 bytes (V1, where the ciphertext has 128 characters) or 128 characters (V2). A long memo is cut, not refused.
 */
export function appInfoProblem(appInfo: AppInfo, protocol: 'saas-v1' | 'saas-v2'): WireError | null {
  if (!appInfo.frontEndUrl) return refuseMissing('frontEndUrl', `1 to ${URL_LIMIT} characters`)
  for (const field of ['frontEndUrl', 'adminUrl'] as const) {
    const url = appInfo[field] ?? ''
    if (url.length > URL_LIMIT) return refuseValue(field, url, `at most ${URL_LIMIT} characters, not ${url.length}`)
  }
  for (const field of ['userName', 'password'] as const) {
    const text = appInfo[field] ?? ''
    if (protocol === 'saas-v1' && !fitsField(text)) return refuseValue(field, text, 'at most 79 bytes of UTF-8')
    if (text.length > PLAIN_LIMIT) return refuseValue(field, text, `at most ${PLAIN_LIMIT} characters`)
  }
  return null
}

/** The body of a V2 answer, UTF-8 JSON text. Throws `UnwritableAnswer` where app info breaks a limit. */
export function writeV2(answer: Answer): string {
  const parts = envelope(answer)
  if (answer.instanceId !== undefined) parts.push(member('instanceId', answer.instanceId))
  if (answer.info) parts.push(`"info":${infoList(answer.info, null)}`)
  return object(parts)
}

/**
 * The body of a V1 answer, UTF-8 JSON text: sign exactly this with `Body-Sign` and send exactly this. userName and
 * password are encrypted. Throws `UnwritableAnswer` where app info breaks a limit.
 */
export function writeV1(answer: Answer, encryption: FieldEncryption): string {
  const parts = envelope(answer)
  if (answer.appInfo || answer.info) parts.push(member('encryptType', encryption.encryptType))
  if (answer.instanceId !== undefined) parts.push(member('instanceId', answer.instanceId))
  if (answer.appInfo) parts.push(`"appInfo":${appInfoObject(answer.appInfo, encryption)}`)
  if (answer.info) parts.push(`"info":${infoList(answer.info, encryption)}`)
  if (answer.license !== undefined) parts.push(member('license', answer.license))
  return object(parts)
}

function envelope({ code, message }: Answer): string[] {
  return [member('resultCode', code), member('resultMsg', message ? limitMessage(message) : resultMessage(code))]
}

function infoList(info: InstanceInfo[], encryption: FieldEncryption | null): string {
  const items = info.map(({ instanceId, appInfo, usageInfo }) => {
    const parts = [member('instanceId', instanceId)]
    if (appInfo) parts.push(`"appInfo":${appInfoObject(appInfo, encryption)}`)
    if (usageInfo) parts.push(`"usageInfo":[${usageInfo.map(usageObject).join(',')}]`)
    return object(parts)
  })
  return `[${items.join(',')}]`
}

function appInfoObject(appInfo: AppInfo, encryption: FieldEncryption | null): string {
  const problem = appInfoProblem(appInfo, encryption ? 'saas-v1' : 'saas-v2')
  if (problem) throw new UnwritableAnswer(problem)
  const closed = (text: string) =>
    encryption ? encryptField(text, encryption.key, encryption.encryptType, encryption.iv?.()) : text
  const parts = [member('frontEndUrl', appInfo.frontEndUrl)]
  if (appInfo.adminUrl) parts.push(member('adminUrl', appInfo.adminUrl))
  if (appInfo.userName) parts.push(member('userName', closed(appInfo.userName)))
  if (appInfo.password) parts.push(member('password', closed(appInfo.password)))
  // The memo alone must be ASCII on the wire (zh-cn_topic_0070649013).
  if (appInfo.memo) parts.push(`"memo":${asciiText(cutText(appInfo.memo, MEMO_LIMIT))}`)
  return object(parts)
}

function usageObject(usage: UsageInfo): string {
  if (!/^\d{1,12}(?:\.\d{1,4})?$/.test(usage.usageValue)) {
    throw new UnwritableAnswer(refuseValue('usageValue', usage.usageValue, 'a decimal number of at most 4 decimals'))
  }
  const parts: string[] = []
  if (usage.relatedInstanceId) parts.push(member('relatedInstanceId', usage.relatedInstanceId))
  parts.push(`"usageValue":${usage.usageValue.replace(/^0+(?=\d)/, '')}`)
  parts.push(member('statisticalTime', formatWireTimeMs(usage.statisticalTime, 'UTC')))
  if (usage.dashboardUrl) parts.push(member('dashboardUrl', usage.dashboardUrl))
  return object(parts)
}

const member = (name: string, text: string) => `"${name}":${JSON.stringify(text)}`
const object = (parts: string[]) => `{${parts.join(',')}}`
const asciiText = (text: string) => asciiJson(lowerControlEscapes(quote(text)), 'lower')
