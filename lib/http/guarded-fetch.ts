import { lookup as resolveName } from 'node:dns/promises'
import http from 'node:http'
import https from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Result } from '@/lib/errors'

export type FetchRequest = {
  method: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string | Uint8Array
  /** Milliseconds for everything: name, connection, request, whole answer. */
  timeoutMs: number
  signal?: AbortSignal
  /** 256 KiB unless told. */
  maxAnswerBytes?: number
}

/** `headers` have names in lower case, repeats joined with `, `; `body` is read as UTF-8. */
export type FetchAnswer = { status: number; headers: Record<string, string>; body: string }

/** `message` is a sentence for staff: it names the host, never the rest of the URL, a header or a body. */
export type FetchFault = {
  kind:
    | 'address'
    | 'private'
    | 'name'
    | 'connection'
    | 'certificate'
    | 'redirect'
    | 'too-large'
    | 'timeout'
    | 'cancelled'
  message: string
}

type Address = { address: string; family: number }
type Resolve = (host: string) => Promise<Address[]>

const BODY_LIMIT = 256 * 1024

/**
 * Sends one request to an address that a person typed in. Only http and https without credentials; the name is resolved
 * here, every address of it must be public unless `allowPrivate`, and the connection goes to those addresses and no
 * others, so that the name cannot point elsewhere a moment later. No redirects, certificates verified, nothing reused.
 * Whatever the other side does comes back as a value.
 */
export async function guardedFetch(
  request: FetchRequest & { url: string; allowPrivate: boolean },
  resolve: Resolve = (host) => resolveName(host, { all: true }),
): Promise<Result<FetchAnswer, FetchFault>> {
  const url = URL.canParse(request.url) ? new URL(request.url) : null
  if (!url || !/^https?:$/.test(url.protocol)) return fault('address', 'The address is not an http or https URL.')
  if (url.username || url.password) return fault('address', 'The address must not hold a user name or a password.')

  const deadline = withDeadline(request)
  try {
    const found = await findAddresses(url, deadline, resolve)
    if (!found.ok) return found
    const closed = found.value.find(({ address }) => !isPublicAddress(address))
    if (closed && !request.allowPrivate) {
      return fault('private', `${url.host} leads to ${closed.address}, which is not a public address.`)
    }
    return await attempt(url, request, { agent: false, lookup: pinTo(found.value) }, deadline)
  } finally {
    deadline.clear()
  }
}

async function findAddresses(url: URL, deadline: Deadline, resolve: Resolve): Promise<Result<Address[], FetchFault>> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  if (family) return { ok: true, value: [{ address: host, family }] }
  try {
    const value = await Promise.race([resolve(host), rejectOnAbort(deadline.signal)])
    if (value.length > 0) return { ok: true, value }
  } catch {
    if (deadline.signal.aborted) return { ok: false, error: deadline.fault(url) }
  }
  return fault('name', `The name ${host} has no address.`)
}

/** Global unicast only: no loopback, private, link-local, shared (CGNAT), multicast, documentation, mapped or tunnelled ones. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || ((parsed as ipaddr.IPv6).parts[0] as number) >> 13 === 1
}

function pinTo(addresses: Address[]): LookupFunction {
  return (_host, options, callback) => {
    const usable = addresses.filter(({ family }) => !options.family || options.family === family)
    const first = usable[0]
    if (!first) return callback(new Error('no address of this family'), '', 0)
    if (options.all) return callback(null, usable)
    callback(null, first.address, first.family)
  }
}

/**
 * One exchange over HTTP with everything bounded: time, size of the answer; redirects are not followed and certificates
 * are verified. For addresses of our own choosing; those that people type in go through `guardedFetch`.
 */
export async function exchange(
  url: URL,
  request: FetchRequest,
  route: { agent: http.Agent | false; lookup?: LookupFunction },
): Promise<Result<FetchAnswer, FetchFault>> {
  const deadline = withDeadline(request)
  let stale = false
  try {
    const first = await attempt(url, request, route, deadline, () => {
      stale = true
    })
    // A kept connection may have been closed by the other side just now; that says nothing about the host.
    return stale ? await attempt(url, request, { ...route, agent: false }, deadline) : first
  } finally {
    deadline.clear()
  }
}

function attempt(
  url: URL,
  request: FetchRequest,
  route: { agent: http.Agent | false; lookup?: LookupFunction },
  deadline: Deadline,
  noteStale = () => {},
): Promise<Result<FetchAnswer, FetchFault>> {
  return new Promise((resolve) => {
    const limit = request.maxAnswerBytes ?? BODY_LIMIT
    const body = request.body === undefined ? undefined : Buffer.from(request.body)
    const send = url.protocol === 'https:' ? https.request : http.request
    const outgoing = send(url, {
      ...route,
      method: request.method,
      headers: {
        'user-agent': 'koogallery-seller-desk',
        'accept-encoding': 'identity',
        ...request.headers,
        ...(body && { 'content-length': String(body.length) }),
      },
      rejectUnauthorized: true,
      signal: deadline.signal,
    })

    function finish(result: Result<FetchAnswer, FetchFault>) {
      resolve(result)
      outgoing.destroy()
    }
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (deadline.signal.aborted) return finish({ ok: false, error: deadline.fault(url) })
      if (outgoing.reusedSocket && request.method === 'GET' && error.code === 'ECONNRESET') noteStale()
      finish(describeError(url, error))
    })
    outgoing.on('close', () => finish(fault('connection', `${url.host} closed the connection without an answer.`)))
    outgoing.on('response', (incoming) => {
      const status = incoming.statusCode ?? 0
      if (status >= 300 && status < 400) {
        return finish(
          fault('redirect', `${url.host} answered with a redirect (${status}); redirects are not followed.`),
        )
      }
      const chunks: Buffer[] = []
      let size = 0
      incoming.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size > limit) {
          return finish(fault('too-large', `${url.host} answered with more than ${limit / 1024} KiB.`))
        }
        chunks.push(chunk)
      })
      incoming.on('error', () => {
        if (deadline.signal.aborted) return finish({ ok: false, error: deadline.fault(url) })
        finish(fault('connection', `${url.host} closed the connection in the middle of its answer.`))
      })
      incoming.on('end', () => {
        // Not destroyed: a kept connection goes back to its agent.
        resolve({
          ok: true,
          value: { status, headers: plainHeaders(incoming), body: Buffer.concat(chunks, size).toString('utf8') },
        })
      })
    })
    outgoing.end(body)
  })
}

function plainHeaders(incoming: http.IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}

type Deadline = { signal: AbortSignal; fault(url: URL): FetchFault; clear(): void }

function withDeadline({ timeoutMs, signal }: FetchRequest): Deadline {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(), Math.max(1, timeoutMs))
  const cancel = () => controller.abort()
  signal?.addEventListener('abort', cancel)
  if (signal?.aborted) cancel()
  return {
    signal: controller.signal,
    fault: (url) =>
      signal?.aborted
        ? { kind: 'cancelled', message: `The request to ${url.host} was given up.` }
        : { kind: 'timeout', message: `${url.host} did not answer in time (${timeoutMs} ms).` },
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', cancel)
    },
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(new Error('aborted'))
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
  })
}

const connectionFaults: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection',
  EPIPE: 'closed the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENETUNREACH: 'cannot be reached',
  ETIMEDOUT: 'cannot be reached',
  ENOTFOUND: 'is not a known name',
  EAI_AGAIN: 'could not be looked up',
  EPROTO: 'does not speak TLS as expected',
  HPE_HEADER_OVERFLOW: 'answered with too many headers',
}

function describeError(url: URL, error: NodeJS.ErrnoException & { errors?: NodeJS.ErrnoException[] }) {
  // Several addresses tried one after the other fail together.
  const code = error.code ?? error.errors?.find(({ code }) => code)?.code ?? ''
  if (/^(CERT_|ERR_TLS_CERT|UNABLE_TO_|HOSTNAME_MISMATCH)|SELF_SIGNED/.test(code)) {
    return fault('certificate', `The certificate of ${url.host} cannot be trusted (${code}).`)
  }
  const what =
    connectionFaults[code] ?? (code.startsWith('HPE_') ? 'did not answer in HTTP' : `failed (${code || 'unknown'})`)
  return fault(code === 'ENOTFOUND' || code === 'EAI_AGAIN' ? 'name' : 'connection', `${url.host} ${what}.`)
}

function fault(kind: FetchFault['kind'], message: string): { ok: false; error: FetchFault } {
  return { ok: false, error: { kind, message } }
}
