import { failure, type Result, success } from './result'

/** The two zones of the wire. China has no daylight saving time, so Asia/Shanghai is always eight hours ahead. */
export type WireZone = 'UTC' | 'Asia/Shanghai'
export type TimeProblem = 'form' | 'impossible'

const offsetMs: Record<WireZone, number> = { UTC: 0, 'Asia/Shanghai': 8 * 3_600_000 }
const wireForm = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{3})?$/
const basicForm = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/

/** Reads `yyyyMMddHHmmss` or `yyyyMMddHHmmssSSS` (14 or 17 digits). Dates no calendar has are `impossible`. */
export function parseWireTime(text: string, zone: WireZone): Result<Date, TimeProblem> {
  return dateOf(wireForm.exec(text), offsetMs[zone])
}

/** Reads `yyyyMMdd'T'HHmmss'Z'`, UTC: usage records and `X-Sdk-Date`. */
export function parseBasicTime(text: string): Result<Date, TimeProblem> {
  return dateOf(basicForm.exec(text), 0)
}

/** Reads the `timeStamp` of a kit body: 17 digits in UTC+8 (zh-cn_topic_0070649109). */
export function parseKitTime(text: string): Result<Date, TimeProblem> {
  return text.length === 17 ? parseWireTime(text, 'Asia/Shanghai') : failure('form')
}

const spelledForm = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{3})\d*)?\s*(?:[zZ]|UTC|\+00:?00)?$/

/** Reads `yyyy-MM-dd HH:mm:ss z` (zh-cn_topic_0070649255), and the forms of digits other pages use. UTC. */
export function parseLicenseTime(text: string): Result<Date, TimeProblem> {
  const spelled = dateOf(spelledForm.exec(text.trim()), 0)
  if (spelled.ok || spelled.error === 'impossible') return spelled
  const basic = parseBasicTime(text.trim())
  return basic.ok || basic.error === 'impossible' ? basic : parseWireTime(text.trim(), 'UTC')
}

/** Writes `yyyyMMddHHmmss`; milliseconds are cut off. Years 0000 to 9999. */
export function formatWireTime(time: Date, zone: WireZone): string {
  return digitsOf(time, zone).slice(0, 14)
}

/** Writes `yyyyMMddHHmmssSSS`. Years 0000 to 9999. */
export function formatWireTimeMs(time: Date, zone: WireZone): string {
  return digitsOf(time, zone)
}

/** Writes `yyyyMMdd'T'HHmmss'Z'`, UTC; milliseconds are cut off. */
export function formatBasicTime(time: Date): string {
  const digits = digitsOf(time, 'UTC')
  return `${digits.slice(0, 8)}T${digits.slice(8, 14)}Z`
}

function digitsOf(time: Date, zone: WireZone): string {
  return new Date(time.getTime() + offsetMs[zone]).toISOString().replace(/\D/g, '')
}

function dateOf(parts: RegExpExecArray | null, offset: number): Result<Date, TimeProblem> {
  if (!parts) return failure('form')
  const [year, month, day, hour, minute, second, ms = '000'] = parts.slice(1)
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`
  const local = new Date(iso)
  // Feb 30 and hour 24 are carried over by some engines; what does not come back unchanged was no date.
  const same = !Number.isNaN(local.getTime()) && local.toISOString() === iso
  return same ? success(new Date(local.getTime() - offset)) : failure('impossible')
}
