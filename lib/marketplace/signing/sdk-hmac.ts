import { formatBasicTime, parseBasicTime } from '../times'
import { hmac, sameText, sha256Hex } from './mac'

const ALGORITHM = 'SDK-HMAC-SHA256'
const FIFTEEN_MINUTES = 15 * 60_000

export type AccessKey = { accessKeyId: string; secret: string }

export type SdkRequest = {
  method: string
  /** Absolute, with the query. */
  url: string
  headers?: Readonly<Record<string, string>>
  body?: string | Uint8Array
}

/**
 * Signs a request to the marketplace's Open API (devg-apisign, api-sign-algorithm). Returns the headers to send:
 * those given, `X-Sdk-Date` (UTC, from `now` unless given) and `Authorization`. Every header given is signed, and
 * `Host`, which the HTTP client sends itself.
 */
export function signSdkHmac(request: SdkRequest, credential: AccessKey, now: Date): Record<string, string> {
  const url = new URL(request.url)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers ?? {})) headers[name] = value.trim()
  if (headerOf(headers, 'x-sdk-date') === undefined) headers['X-Sdk-Date'] = formatBasicTime(now)
  const signed = lowerNames(headers)
  signed.host ??= url.host
  const names = Object.keys(signed).sort()
  const signature = signatureOf(credential.secret, {
    method: request.method,
    path: url.pathname,
    query: url.search,
    headers: signed,
    names,
    body: request.body,
  })
  const authorization = `${ALGORITHM} Access=${credential.accessKeyId}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, Authorization: authorization }
}

export type SdkCheck =
  | { ok: true; accessKeyId: string }
  | {
      ok: false
      reason: 'missing' | 'malformed' | 'unknown-key' | 'clock-skew' | 'mismatch'
      computed?: string
      skewMs?: number
    }

/**
 * Checks a signed request as the gateway does. `target` is path and query as received, `headers` include `host`.
 * More than 15 minutes (`windowMs`) off is `clock-skew`; `skewMs` is `nowMs` minus the request's time.
 */
export function verifySdkHmac(
  request: {
    method: string
    target: string
    headers: Readonly<Record<string, string | undefined>>
    body?: string | Uint8Array
  },
  secretOf: (accessKeyId: string) => string | undefined,
  nowMs: number,
  windowMs = FIFTEEN_MINUTES,
): SdkCheck {
  const headers = lowerNames(request.headers)
  const authorization = headers.authorization
  if (!authorization || headers['x-sdk-date'] === undefined) return { ok: false, reason: 'missing' }
  const form = /^SDK-HMAC-SHA256 Access=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})$/
  const [, accessKeyId, list, received] = form.exec(authorization) ?? []
  const date = parseBasicTime(headers['x-sdk-date'])
  if (accessKeyId === undefined || list === undefined || received === undefined || !date.ok) {
    return { ok: false, reason: 'malformed' }
  }
  const names = list.split(';')
  if (!names.includes('x-sdk-date') || names.some((name) => headers[name] === undefined)) {
    return { ok: false, reason: 'malformed' }
  }
  const secret = secretOf(accessKeyId)
  if (secret === undefined) return { ok: false, reason: 'unknown-key' }
  const skewMs = nowMs - date.value.getTime()
  if (Math.abs(skewMs) > windowMs) return { ok: false, reason: 'clock-skew', skewMs }
  const mark = request.target.indexOf('?')
  const computed = signatureOf(secret, {
    method: request.method,
    path: mark < 0 ? request.target : request.target.slice(0, mark),
    query: mark < 0 ? '' : request.target.slice(mark),
    headers,
    names,
    body: request.body,
  })
  return sameText(computed, received) ? { ok: true, accessKeyId } : { ok: false, reason: 'mismatch', computed }
}

type Signed = {
  method: string
  path: string
  query: string
  headers: Readonly<Record<string, string>>
  names: readonly string[]
  body?: string | Uint8Array
}

function signatureOf(secret: string, request: Signed): string {
  const date = request.headers['x-sdk-date'] ?? ''
  return hmac(secret, `${ALGORITHM}\n${date}\n${sha256Hex(canonicalRequest(request))}`, 'hex')
}

/** The six parts of the canonical request; `names` are the signed headers in the order they are listed. */
export function canonicalRequest({ method, path, query, headers, names, body }: Signed): string {
  return [
    method.toUpperCase(),
    canonicalPath(path),
    canonicalQuery(query),
    names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join(''),
    names.join(';'),
    headers['x-sdk-content-sha256'] ?? sha256Hex(body ?? ''),
  ].join('\n')
}

function canonicalPath(path: string): string {
  const encoded = path
    .split('/')
    .map((segment) => encode(decode(segment)))
    .join('/')
  return encoded.endsWith('/') ? encoded : `${encoded}/`
}

function canonicalQuery(query: string): string {
  return [...new URLSearchParams(query)]
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&')
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** RFC 3986: everything but letters, digits and `-_.~` becomes `%XY`. */
export function encode(text: string): string {
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\ufffd')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

function lowerNames(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const lower: Record<string, string> = Object.create(null)
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) lower[name.toLowerCase()] = value
  }
  return lower
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return lowerNames(headers)[name]
}
