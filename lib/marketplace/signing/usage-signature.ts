import { readJson, writeJson } from '../json'
import { hmac, sameText } from './mac'

export type UsageRequest = { ts: string; nonce: string; body: string }

/**
 * Signs a usage push (zh-cn_topic_0070649410). `ts` is Unix milliseconds, `nonce` at most 64 characters. The body is
 * made compact with names ascending on every level; send exactly the `body` returned. A text that is no JSON throws.
 */
export function signUsage({ ts, nonce, body }: UsageRequest, key: string): { signature: string; body: string } {
  const sorted = sortedBody(body)
  if (sorted === null) throw new TypeError('the body of a usage push must be JSON')
  return { signature: macOf({ ts, nonce, body: sorted }, key), body: sorted }
}

/** Checks the signature of a usage push, made over the body as it came or over its sorted compact form. */
export function verifyUsage(request: UsageRequest & { signature: string }, key: string): boolean {
  if (sameText(macOf(request, key), request.signature)) return true
  const sorted = sortedBody(request.body)
  return sorted !== null && sameText(macOf({ ...request, body: sorted }, key), request.signature)
}

function macOf({ ts, nonce, body }: UsageRequest, key: string): string {
  return hmac(key, `ts=${ts}&nonce=${nonce}&body=${body}`, 'base64')
}

function sortedBody(body: string): string | null {
  const read = readJson(body)
  return read.ok ? writeJson(read.value, { sort: 'deep', dropNulls: 'none' }) : null
}
