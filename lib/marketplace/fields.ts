import type { ExtendParam } from './commands'
import { refuseMissing, refuseValue, type WireError } from './errors'
import { type JsonValue, readJson, toValue } from './json'
import { failure, type Result, success } from './result'
import { hasControls } from './text'
import { parseWireTime } from './times'

class Refusal extends Error {
  readonly error: WireError

  constructor(error: WireError) {
    super(error.message)
    this.error = error
  }
}

/** Runs a reading of fields; the first field that is refused ends it. */
export function readFields<T>(read: () => T): Result<T, WireError> {
  try {
    return success(read())
  } catch (refusal) {
    if (refusal instanceof Refusal) return failure(refusal.error)
    throw refusal
  }
}

/** Ends the reading with an error. */
export function refuse(error: WireError): never {
  throw new Refusal(error)
}

/** Lengths the documents give, in characters. */
export const lengths = { id: 64, customerId: 100, activity: 32, encrypted: 512, extendParams: 2048 } as const

/** The members of a call, each read in the form the documents give it. Blank optional members count as absent. */
export class Fields {
  private readonly source: Readonly<Record<string, unknown>>

  constructor(source: Readonly<Record<string, unknown>>) {
    this.source = source
  }

  raw(name: string): unknown {
    return Object.hasOwn(this.source, name) ? this.source[name] : undefined
  }

  /** A mandatory text: trimmed, numbers taken as text, no control characters. */
  text(name: string, limit: number = lengths.id): string {
    return this.optionalText(name, limit) ?? refuse(refuseMissing(name, `1 to ${limit} characters`))
  }

  optionalText(name: string, limit: number = lengths.id): string | null {
    const came = this.raw(name)
    if (came === undefined || came === null) return null
    if (typeof came !== 'string' && typeof came !== 'number') refuse(refuseValue(name, came, 'a text'))
    const text = String(came).trim()
    if (text === '') return null
    if (text.length > limit) refuse(refuseValue(name, came, `1 to ${limit} characters, not ${text.length}`))
    if (hasControls(text)) refuse(refuseValue(name, came, `1 to ${limit} characters, none of them control characters`))
    return text
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T {
    const allowed = values.join(', ')
    const text = this.optionalText(name) ?? refuse(refuseMissing(name, allowed))
    return values.find((value) => value === text) ?? refuse(refuseValue(name, text, allowed))
  }

  /** 1 or true is set; 0, false, blank or absent is not. */
  flag(name: string): boolean {
    const came = this.raw(name)
    if (came === true) return true
    if (came === false) return false
    const text = this.optionalText(name)
    if (text !== null && text !== '0' && text !== '1') refuse(refuseValue(name, came, '0, 1 or absent'))
    return text === '1'
  }

  /** A whole number ≥ 0 of at most `digits` digits. */
  optionalInteger(name: string, digits: number): number | null {
    const text = this.optionalText(name)
    if (text === null) return null
    if (!/^\d+$/.test(text) || text.length > digits) {
      refuse(refuseValue(name, text, `a whole number of at most ${digits} digits`))
    }
    return Number(text)
  }

  /** An amount of money as exact text, at most 20 characters and 3 decimals. */
  optionalAmount(name: string, negative: 'negative too' | 'not negative'): string | null {
    const text = this.optionalText(name)
    if (text === null) return null
    const form = negative === 'negative too' ? /^-?\d+(?:\.\d{1,3}0*)?$/ : /^\d+(?:\.\d{1,3}0*)?$/
    if (text.length > 20 || !form.test(text)) {
      refuse(refuseValue(name, text, `a decimal number of at most 20 characters and 3 decimals, ${negative}`))
    }
    return text
  }

  /** A time of 14 or 17 digits as received; it is checked to be a possible date. */
  time(name: string): string {
    return this.optionalTime(name) ?? refuse(refuseMissing(name, 'yyyyMMddHHmmss or yyyyMMddHHmmssSSS'))
  }

  optionalTime(name: string): string | null {
    const text = this.optionalText(name)
    if (text === null) return null
    const time = parseWireTime(text, 'UTC')
    if (time.ok) return text
    const allowed = time.error === 'form' ? 'yyyyMMddHHmmss or yyyyMMddHHmmssSSS' : 'a date that exists'
    return refuse(refuseValue(name, text, allowed))
  }

  /** Ids joined by commas: 1 to 100 of them, each once, in the order they came. */
  ids(name: string): string[] {
    const allowed = '1 to 100 ids joined by commas, each of 1 to 64 characters'
    const joined = this.optionalText(name, 100 * (lengths.id + 8)) ?? refuse(refuseMissing(name, allowed))
    const ids = [...new Set(joined.split(',').map((id) => id.trim()))].filter((id) => id !== '')
    const long = ids.find((id) => id.length > lengths.id)
    if (long !== undefined) refuse(refuseValue(name, long, allowed))
    if (ids.length === 0) refuse(refuseMissing(name, allowed))
    if (ids.length > 100) refuse(refuseValue(name, `${ids.length} ids`, allowed))
    return ids
  }

  /** `urlEncode(base64(JSON))` of `[{"name":…,"value":…}]`; the URL encoding may be gone already. */
  extendParams(name: string): ExtendParam[] {
    const text = this.optionalText(name, lengths.extendParams)
    if (text === null) return []
    const allowed = 'base64 of a JSON list of {"name","value"}'
    const list = decodeExtendParams(text) ?? refuse(refuseValue(name, text, allowed))
    return list.map((item) => extendParam(item) ?? refuse(refuseValue(name, item, allowed)))
  }
}

/** A buyer's own parameter; some pages name its first member `key`. Null when it has no name. */
export function extendParam(item: unknown): ExtendParam | null {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return null
  const { name, key, value } = item as Record<string, JsonValue | undefined>
  const title = name ?? key
  if (typeof title !== 'string' && typeof title !== 'number') return null
  return { name: String(title), value: textOfValue(value) }
}

function textOfValue(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function decodeExtendParams(text: string): unknown[] | null {
  const base64 = percentDecoded(text).replaceAll(' ', '+').replaceAll('-', '+').replaceAll('_', '/')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null
  let json: string
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(base64, 'base64'))
  } catch {
    return null
  }
  const read = readJson(json)
  const value = read.ok ? toValue(read.value) : null
  return Array.isArray(value) ? value : null
}

function percentDecoded(text: string): string {
  if (!/%[0-9a-f]{2}/i.test(text)) return text
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
