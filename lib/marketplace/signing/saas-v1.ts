import { type JsonTree, readJson, toValue, writeJson } from '../json'
import { hmac, sameText } from './mac'

/** Decoded parameters of a V1 call. Of a repeated name the first value counts. */
export type V1Params = Readonly<Record<string, string>> | Iterable<readonly [string, string]>

export type V1Explanation = {
  /** The text under the signature; the key is not part of it. */
  signedText: string
  computed: string
  /** The token that came, a `+` lost in URL decoding restored. */
  received: string
}

export type V1Check = V1Explanation & { ok: boolean }

/**
 * Computes the `authToken` of a GET call (zh-cn_topic_0070649066): every decoded parameter but `authToken`, ascending
 * by UTF-16 name, also empty and unknown ones. `timeStamp` defaults to the parameter of that name.
 */
export function authToken(call: { key: string; params: V1Params; timeStamp?: string }): string {
  return tokenOf(call.key, firstValues(call.params), call.timeStamp)
}

/**
 * Computes the `authToken` header of a kit V1 call (zh-cn_topic_0070649135): every top-level member of the body
 * that is not blank; strings raw, numbers as written, lists and objects as compact JSON. No JSON object: no members.
 */
export function kitAuthToken(call: { key: string; body: string; timeStamp?: string }): string {
  return tokenOf(call.key, bodyParams(call.body), call.timeStamp)
}

/** What was signed, what we compute and what came, for staff. `received` defaults to the parameter `authToken`. */
export function explainV1(call: { key: string; params: V1Params; received?: string }): V1Explanation {
  const params = firstValues(call.params)
  return explain(call.key, params, call.received ?? params.get('authToken') ?? '')
}

/** Checks the `authToken` of a GET call. V1 documents no freshness window. */
export function verifyV1(call: { key: string; params: V1Params; received?: string }): V1Check {
  const params = firstValues(call.params)
  const received = call.received ?? params.get('authToken') ?? ''
  const first = verdict(call.key, params, received)
  if (first.ok) return first
  const repaired = restorePlus(params)
  const second = repaired && verdict(call.key, repaired, received)
  return second?.ok ? second : first
}

/** Checks the `authToken` header of a kit V1 call. */
export function verifyKitV1(call: { key: string; body: string; received: string }): V1Check {
  return verdict(call.key, bodyParams(call.body), call.received)
}

/** Decodes a query string; of a repeated name the first value counts. Wrong percent escapes stay as they are. */
export function readQuery(query: string): Record<string, string> {
  const params: Record<string, string> = Object.create(null)
  for (const [name, value] of new URLSearchParams(query)) {
    if (!(name in params)) params[name] = value
  }
  return params
}

function verdict(key: string, params: Map<string, string>, received: string): V1Check {
  const explained = explain(key, params, received)
  return { ok: sameText(explained.computed, explained.received), ...explained }
}

function explain(key: string, params: Map<string, string>, received: string): V1Explanation {
  return { signedText: signedText(params), computed: tokenOf(key, params), received: received.replaceAll(' ', '+') }
}

function tokenOf(key: string, params: Map<string, string>, timeStamp = params.get('timeStamp') ?? ''): string {
  return hmac(key + timeStamp, signedText(params), 'base64')
}

function signedText(params: Map<string, string>): string {
  return [...params.keys()]
    .filter((name) => name !== 'authToken')
    .sort()
    .map((name) => `${name}=${params.get(name)}`)
    .join('&')
}

function firstValues(params: V1Params): Map<string, string> {
  const first = new Map<string, string>()
  const pairs = Symbol.iterator in params ? params : Object.entries(params)
  for (const [name, value] of pairs as Iterable<readonly [string, string]>) {
    if (!first.has(name)) first.set(name, value)
  }
  return first
}

// Fields that are base64 and so never hold a blank of their own.
const base64Fields = ['mobilePhone', 'email', 'saasExtendParams']

function restorePlus(params: Map<string, string>): Map<string, string> | null {
  if (!base64Fields.some((name) => params.get(name)?.includes(' '))) return null
  const repaired = new Map(params)
  for (const name of base64Fields) {
    const value = params.get(name)
    if (value) repaired.set(name, value.replaceAll(' ', '+'))
  }
  return repaired
}

function bodyParams(body: string): Map<string, string> {
  const params = new Map<string, string>()
  const read = readJson(body)
  if (!read.ok || !(read.value instanceof Map)) return params
  for (const [name, member] of read.value) {
    const text = memberText(member)
    if (text.trim() !== '') params.set(name, text)
  }
  return params
}

function memberText(member: JsonTree): string {
  if (typeof member !== 'string') return writeJson(member, { sort: 'none', dropNulls: 'none' })
  if (member === 'null') return ''
  return member.startsWith('"') ? (toValue(member) as string) : member
}
