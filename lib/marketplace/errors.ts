import { ResultCode } from './result-codes'
import { cutText, escapeControls } from './text'

/** Why a call is refused. `message` names the field, what came and what is allowed; it holds no secret. */
export type WireError = { code: ResultCode; field?: string; message: string }

const SHOWN = 40

// Lower case; compared with the last part of a field's path.
const secretFields = new Set([
  'mobilephone',
  'mobile',
  'email',
  'password',
  'clientsecret',
  'authtoken',
  'signature',
  'x-sign',
  'license',
  'userlist',
  'saasextendparams',
])

/** 000002 for a field that came with a value it may not have. */
export function refuseValue(field: string, came: unknown, allowed: string): WireError {
  const secret = secretFields.has((field.split('.').pop() ?? field).toLowerCase())
  const shown = secret ? 'came a value that is not shown here' : `came ${showValue(came)}`
  return { code: ResultCode.invalidParameter, field, message: `${field}: ${shown}; allowed: ${allowed}` }
}

/** 000002 for a mandatory field that did not come. */
export function refuseMissing(field: string, allowed: string): WireError {
  return { code: ResultCode.invalidParameter, field, message: `${field}: missing; allowed: ${allowed}` }
}

/** A received value on one line: at most 40 characters, control characters escaped. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return `"${cutText(escapeControls(value.slice(0, SHOWN + 1)), SHOWN)}"`
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object') return 'an object'
  return cutText(String(value), SHOWN)
}
