import http from 'node:http'
import https from 'node:https'
import { catalog } from '@/lib/catalog'
import { noteUsed } from '@/lib/credentials'
import { once } from '@/lib/db/once'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'
import { exchange } from '@/lib/http/guarded-fetch'
import {
  type AccessKey,
  type LicenseAnswer,
  type LicenseApiError,
  type LicenseRequest,
  parseLicenseAnswer,
} from '@/lib/marketplace'

export type ApiResult = Result<LicenseAnswer, LicenseApiError>
type Build = (to: AccessKey & { baseUrl: string; now: Date }) => LicenseRequest

/** Share of the time left that one host may take while another one could still be asked. */
const FIRST_HOST_SHARE = 0.6

/**
 * Puts a question to the licence interfaces: with every active AK/SK until one may ask, at the fallback host when the first
 * one cannot be reached. `timeoutMs` is for all of it. Never throws for what others do; status 0: nobody answered.
 */
export async function askLicenseApi(build: Build, { timeoutMs }: { timeoutMs: number }): Promise<ApiResult> {
  const deadline = Date.now() + timeoutMs
  const keys = (await catalog()).active('ak-sk')
  const { marketplaceUrl, marketplaceFallbackUrl } = env()
  const hosts = [...new Set([marketplaceUrl, marketplaceFallbackUrl])]
  let result = failed('auth', 'no active AK/SK is set up')
  for (const key of keys) {
    const answer = await askHosts(build, { accessKeyId: key.accessKeyId ?? '', secret: key.secret }, hosts, deadline)
    if (answer.ok) {
      noteUsed(key.id)
      return answer
    }
    // "No such code" says more than "not you": another account may own it.
    if (result.ok || result.error.kind === 'auth') result = answer
    if (answer.error.kind !== 'auth' && answer.error.kind !== 'unknown') return answer
  }
  return result
}

async function askHosts(build: Build, key: AccessKey, hosts: string[], deadline: number): Promise<ApiResult> {
  let result = failed('later', 'the marketplace did not answer in time')
  for (const [index, host] of hosts.entries()) {
    const left = deadline - Date.now()
    if (left < 1) return result
    const timeoutMs = Math.ceil(index < hosts.length - 1 ? left * FIRST_HOST_SHARE : left)
    const { url, headers, body } = build({ ...key, baseUrl: host, now: new Date() })
    const target = new URL(url)
    const agent = target.protocol === 'https:' ? agents().https : agents().http
    const sent = await exchange(target, { method: 'POST', headers, body, timeoutMs }, { agent })
    result = sent.ok ? parseLicenseAnswer(sent.value.status, sent.value.body) : failed('later', sent.error.message)
    const reached = result.ok || result.error.code !== null
    if (reached) return result
  }
  return result
}

function failed(kind: LicenseApiError['kind'], message: string): ApiResult {
  return { ok: false, error: { kind, status: 0, code: null, message } }
}

const agents = () =>
  once('licenses:agents', () => ({
    http: new http.Agent({ keepAlive: true, maxSockets: 8 }),
    https: new https.Agent({ keepAlive: true, maxSockets: 8 }),
  }))
