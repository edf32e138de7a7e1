import type { CallDetail } from '../types'

export type Difference = { path: string; left: string | null; right: string | null }

/** Members that differ between any two calls and say nothing. */
const passing =
  /^(query|headers|answer headers) · (timestamp|timeStamp|nonce|signature|authToken|date|body-sign|content-length|x-sign)$/i

/** What is different between two calls, by member: parameters, body, headers and answer. Both as masked as they came. */
export function differences(left: CallDetail, right: CallDetail): Difference[] {
  const [a, b] = [flatten(left), flatten(right)]
  const paths = [...new Set([...a.keys(), ...b.keys()])]
  return paths
    .map((path) => ({ path, left: a.get(path) ?? null, right: b.get(path) ?? null }))
    .filter((one) => one.left !== one.right && !passing.test(one.path))
}

function flatten({ request, answer, resultCode, resultMsg }: CallDetail): Map<string, string> {
  const found = new Map<string, string>()
  const put = (path: string, value: string | null) => value !== null && found.set(path, value)
  put('resultCode', resultCode)
  put('resultMsg', resultMsg)
  put('request', `${request.method} ${request.path}`)
  for (const [name, value] of request.query) put(`query · ${name}`, value)
  for (const [name, value] of Object.entries(request.headers)) put(`headers · ${name}`, value)
  members('body', request.body, put)
  if (!answer) return found
  put('answer · status', String(answer.status))
  for (const [name, value] of Object.entries(answer.headers)) put(`answer headers · ${name}`, value)
  members('answer', answer.body, put)
  return found
}

function members(part: string, text: string, put: (path: string, value: string) => unknown): void {
  if (text === '') return
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    put(part, text)
    return
  }
  walk(part, value, put)
}

function walk(path: string, value: unknown, put: (path: string, value: string) => unknown): void {
  if (value === null || typeof value !== 'object') {
    put(path, typeof value === 'string' ? value : JSON.stringify(value))
    return
  }
  for (const [name, member] of Object.entries(value)) {
    walk(Array.isArray(value) ? `${path}[${name}]` : `${path} · ${name}`, member, put)
  }
}
