import { parseBasicTime, parseWireTime, USAGE_AGE_DAYS } from '@/lib/marketplace'
import type { RecordFault, UsageRule } from './types'

/** A record as it passed its own checks: times cut to the second, `value` an exact decimal without idle zeros. */
export type CheckedRecord = {
  meteringSn: string
  instanceId: string
  beginAt: Date
  endAt: Date
  value: string
  /** empty for none */
  relatedPackageInstanceId: string
}

/** What the rules need to know of an instance; times in UTC. */
export type InstanceFacts = {
  instanceId: string
  productRef: string | null
  chargingMode: string | null
  test: boolean
  /** when it was delivered, or else created */
  openedAt: Date
  releasedAt: Date | null
}

export type Checked<T> = { ok: true; value: T } | { ok: false; fault: RecordFault }

const members = ['meteringSn', 'instanceId', 'beginAt', 'endAt', 'value', 'relatedPackageInstanceId']
const ID_LENGTH = 64
const DAY_MS = 86_400_000

/**
 * The form of one record: its members, their lengths, times with a zone, a decimal value above 0 with at most 4 decimals
 * and 12 digits before them. `zone` is how a time without one is read; without `zone` such a time is refused.
 */
export function checkForm(input: unknown, zone?: 'UTC' | 'Asia/Shanghai'): Checked<CheckedRecord> {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return refuse('', 'form', `a record must be an object with ${members.join(', ')}`, null, members.join(', '))
  }
  const given = input as Record<string, unknown>
  const stranger = Object.keys(given).find((name) => !members.includes(name))
  if (stranger !== undefined) {
    const allowed = members.join(', ')
    return refuse(
      shown(stranger),
      'unknown-member',
      `is not a member of a record; allowed are ${allowed}`,
      null,
      allowed,
    )
  }
  const meteringSn = checkId('meteringSn', given.meteringSn)
  if (!meteringSn.ok) return meteringSn
  const instanceId = checkId('instanceId', given.instanceId)
  if (!instanceId.ok) return instanceId
  const isPackaged = given.relatedPackageInstanceId !== undefined && given.relatedPackageInstanceId !== null
  const related = isPackaged ? checkId('relatedPackageInstanceId', given.relatedPackageInstanceId) : null
  if (related && !related.ok) return related
  const beginAt = checkTime('beginAt', given.beginAt, zone)
  if (!beginAt.ok) return beginAt
  const endAt = checkTime('endAt', given.endAt, zone)
  if (!endAt.ok) return endAt
  const value = checkValue(given.value)
  if (!value.ok) return value
  return {
    ok: true,
    value: {
      meteringSn: meteringSn.value,
      instanceId: instanceId.value,
      beginAt: beginAt.value,
      endAt: endAt.value,
      value: value.value,
      relatedPackageInstanceId: related?.value ?? '',
    },
  }
}

function checkId(field: string, given: unknown): Checked<string> {
  if (given === undefined || given === null || given === '') {
    return refuse(field, 'missing', `is missing; 1 to ${ID_LENGTH} characters are needed`, null, `1–${ID_LENGTH}`)
  }
  const text = typeof given === 'number' ? String(given) : given
  if (typeof text !== 'string' || text.length > ID_LENGTH || /\p{Cc}/u.test(text) || text.trim() !== text) {
    const allowed = `1–${ID_LENGTH}`
    const message = `${quoted(given)} must be a text of 1 to ${ID_LENGTH} characters without blanks around it`
    return refuse(field, 'form', message, shown(given), allowed)
  }
  return { ok: true, value: text }
}

const isoForm = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?(?:\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$/
const localForms = [
  /^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ]\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?)?$/,
  /^\d{14}(?:\d{3})?$/,
  /^\d{4}年\d{1,2}月\d{1,2}日(?: ?\d{1,2}:\d\d(?::\d\d)?)?$/,
  /^\d{1,2}[/.]\d{1,2}[/.]\d{4}(?: \d{1,2}:\d\d(?::\d\d)?)?$/,
]
const EXAMPLE = '2026-01-31T16:00:00Z'

function checkTime(field: string, given: unknown, zone?: 'UTC' | 'Asia/Shanghai'): Checked<Date> {
  if (given === undefined || given === null || given === '') {
    return refuse(field, 'missing', `is missing; a time in UTC such as ${EXAMPLE} is needed`, null, EXAMPLE)
  }
  const text = typeof given === 'string' ? given.trim() : ''
  const time = timeOf(text) ?? (zone ? timeInZone(text, zone) : null)
  if (time) return { ok: true, value: time }
  if (localForms.some((form) => form.test(text)) && !zone) {
    const message = `${quoted(given)} has no time zone; give it in UTC, such as ${EXAMPLE}, or with an offset such as +08:00`
    return refuse(field, 'time-local', message, shown(given), EXAMPLE)
  }
  const message = `${quoted(given)} is no time; a time in UTC such as ${EXAMPLE} is needed`
  return refuse(field, 'time-form', message, shown(given), EXAMPLE)
}

/** With a zone: ISO 8601, or the marketplace's own yyyyMMdd'T'HHmmss'Z'. Parts of a second are cut off. */
function timeOf(text: string): Date | null {
  const basic = parseBasicTime(text)
  if (basic.ok) return basic.value
  const [, day, clock, seconds = ':00', offset = ''] = isoForm.exec(text) ?? []
  if (!day || !clock) return null
  const withColon = offset.length === 5 ? `${offset.slice(0, 3)}:${offset.slice(3)}` : offset
  const time = new Date(`${day}T${clock}${seconds}${withColon}`)
  // Some engines carry February 30 over to March.
  const isReal = !Number.isNaN(new Date(`${day}T00:00:00Z`).getTime()) && sameDay(day)
  return isReal && !Number.isNaN(time.getTime()) ? time : null
}

function sameDay(day: string): boolean {
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

function timeInZone(text: string, zone: 'UTC' | 'Asia/Shanghai'): Date | null {
  const parts = /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[T ]?(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?)?$/.exec(
    text,
  )
  const two = (part = '0') => part.padStart(2, '0')
  const digits = parts
    ? `${parts[1]}${two(parts[2])}${two(parts[3])}${two(parts[4])}${two(parts[5])}${two(parts[6])}`
    : text.slice(0, 14)
  if (!parts && !/^\d{14}(?:\d{3})?$/.test(text)) return null
  const read = parseWireTime(digits, zone)
  return read.ok ? read.value : null
}

function checkValue(given: unknown): Checked<string> {
  const field = 'value'
  if (given === undefined || given === null || given === '') {
    return refuse(field, 'missing', 'is missing; a decimal number above 0 such as "12.5" is needed', null, '12.5')
  }
  const text = (typeof given === 'number' ? String(given) : typeof given === 'string' ? given : '').trim()
  const [, sign, whole = '', decimals = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  if (whole === '') {
    return refuse(field, 'value-form', `${quoted(given)} is no decimal number such as "12.5"`, shown(given), '12.5')
  }
  const significant = decimals.replace(/0+$/, '')
  const digits = whole.replace(/^0+(?=\d)/, '')
  if (sign === '-' || (digits === '0' && significant === '')) {
    return refuse(field, 'value-positive', `${quoted(given)} must be above 0`, shown(given), '> 0')
  }
  if (significant.length > 4) {
    const message = `${quoted(given)} has ${significant.length} decimals; at most 4 are allowed`
    return refuse(field, 'value-decimals', message, shown(given), '4')
  }
  if (digits.length > 12) {
    const message = `${quoted(given)} has ${digits.length} digits before the decimals; at most 12 are allowed`
    return refuse(field, 'value-size', message, shown(given), '12')
  }
  return { ok: true, value: significant ? `${digits}.${significant}` : digits }
}

/**
 * What the marketplace would refuse of a record about this instance (open-api.md, rules for records), checked before
 * anything is sent. `related` is the package's instance where one is named; undefined: no such instance.
 */
export function checkRules(
  record: CheckedRecord,
  instance: InstanceFacts | undefined,
  related: InstanceFacts | undefined,
  now: Date,
): RecordFault | null {
  const fail = (field: string, rule: UsageRule, message: string, came: string | null, allowed: string | null = null) =>
    faultOf(field, rule, message, came, allowed)
  const { instanceId, beginAt, endAt } = record
  if (!instance) {
    return fail('instanceId', 'stranger', `no instance "${instanceId}" was opened here`, instanceId)
  }
  if (instance.test) {
    return fail('instanceId', 'test', `"${instanceId}" is a test instance; nothing is billed for it`, instanceId)
  }
  const mode = instance.chargingMode
  if (mode === 'ON_DEMAND_PKG') {
    const message = `"${instanceId}" is a package; give the pay-per-use instance, and the package as relatedPackageInstanceId`
    return fail('instanceId', 'package', message, instanceId)
  }
  if (mode && mode !== 'ON_DEMAND') {
    const message = `"${instanceId}" is charged by ${mode}, not by use (ON_DEMAND)`
    return fail('instanceId', 'not-pay-per-use', message, mode, 'ON_DEMAND')
  }
  const packageId = record.relatedPackageInstanceId
  if (packageId && (!related || related.test || (related.chargingMode && related.chargingMode !== 'ON_DEMAND_PKG'))) {
    const message = `"${packageId}" is no package instance (ON_DEMAND_PKG) of this desk`
    return fail('relatedPackageInstanceId', 'package-stranger', message, packageId, 'ON_DEMAND_PKG')
  }
  if (beginAt > endAt) {
    const message = `${iso(beginAt)} is after endAt, ${iso(endAt)}; use begins before it ends`
    return fail('beginAt', 'order', message, iso(beginAt), iso(endAt))
  }
  if (endAt > now) {
    return fail('endAt', 'future', `${iso(endAt)} is in the future; it is ${iso(now)} now`, iso(endAt), iso(now))
  }
  const oldest = new Date(now.getTime() - USAGE_AGE_DAYS * DAY_MS)
  if (beginAt < oldest) {
    const message = `${iso(beginAt)} is more than ${USAGE_AGE_DAYS} days ago; the earliest the marketplace takes is ${iso(oldest)}`
    return fail('beginAt', 'too-old', message, iso(beginAt), iso(oldest))
  }
  const opened = cut(instance.openedAt)
  if (beginAt < opened) {
    const message = `${iso(beginAt)} is before the instance was opened, ${iso(opened)}`
    return fail('beginAt', 'before-opening', message, iso(beginAt), iso(opened))
  }
  if (instance.releasedAt && endAt > instance.releasedAt) {
    const closed = cut(instance.releasedAt)
    return fail(
      'endAt',
      'after-closing',
      `${iso(endAt)} is after the instance was closed, ${iso(closed)}`,
      iso(endAt),
      iso(closed),
    )
  }
  return null
}

export function samePeriod(record: CheckedRecord, otherSn: string): RecordFault {
  const period = `${iso(record.beginAt)} – ${iso(record.endAt)}`
  const message = `instance "${record.instanceId}" already has a record of ${period}: "${otherSn}"`
  return faultOf('beginAt', 'same-period', message, period, otherSn)
}

/** yyyy-MM of a time in UTC+8, the zone months are billed in. */
export function monthOf(time: Date): string {
  return new Date(time.getTime() + 8 * 3_600_000).toISOString().slice(0, 7)
}

function cut(time: Date): Date {
  return new Date(Math.floor(time.getTime() / 1000) * 1000)
}

function iso(time: Date): string {
  return time.toISOString().replace(/\.\d{3}Z$/, 'Z')
}

function refuse(
  field: string,
  rule: UsageRule,
  message: string,
  came: string | null,
  allowed: string | null,
): { ok: false; fault: RecordFault } {
  return { ok: false, fault: faultOf(field, rule, message, came, allowed) }
}

function faultOf(field: string, rule: UsageRule, message: string, came: string | null, allowed: string | null) {
  return { field, message: field ? `${field}: ${message}` : message, rule, came, allowed }
}

function shown(given: unknown): string {
  const text = typeof given === 'string' ? given : (JSON.stringify(given) ?? '')
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

function quoted(given: unknown): string {
  return `"${shown(given)}"`
}
