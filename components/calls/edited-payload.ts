import type { WireRequest } from '../types'

/** What the desk shows in place of a secret. */
export const hidden = '••••'

/** A request cut into what somebody may edit: its JSON body, else its parameters. */
export type Editable = { kind: 'body'; text: string } | { kind: 'query'; pairs: [string, string][] }

const signing = new Set(['authToken', 'signature', 'timestamp', 'nonce'])

export function editableOf(request: WireRequest): Editable {
  if (request.body.trim() !== '') return { kind: 'body', text: pretty(request.body) }
  return { kind: 'query', pairs: request.query.filter(([name]) => !signing.has(name)) }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

type Members<T> = Record<string, T | null>
export type Edited =
  | { ok: true; payload: { body: Members<unknown> } | { query: Members<string> } | null }
  | { ok: false; reason: 'json' | 'object' | 'hidden' }

/**
 * What was edited, as the API takes it: only the members that differ, null for those taken away; null when nothing does.
 * A changed member must not hold a hidden value, because the desk would store the dots.
 */
export function payloadOf(original: Editable, edited: Editable): Edited {
  if (edited.kind === 'query') {
    const before = original.kind === 'query' ? Object.fromEntries(original.pairs) : {}
    const after = Object.fromEntries(
      edited.pairs.filter(([name]) => name.trim() !== '').map(([name, value]) => [name.trim(), value]),
    )
    return made('query', changed<string>(before, after))
  }
  const after = parsed(edited.text)
  if (after === undefined) return { ok: false, reason: 'json' }
  if (after === null || typeof after !== 'object' || Array.isArray(after)) return { ok: false, reason: 'object' }
  const before = original.kind === 'body' ? parsed(original.text) : {}
  return made('body', changed<unknown>((before ?? {}) as Record<string, unknown>, after as Record<string, unknown>))
}

function made(kind: 'query' | 'body', members: Members<unknown>): Edited {
  if (JSON.stringify(members).includes(hidden)) return { ok: false, reason: 'hidden' }
  if (Object.keys(members).length === 0) return { ok: true, payload: null }
  return { ok: true, payload: kind === 'query' ? { query: members as Members<string> } : { body: members } }
}

function changed<T>(before: Record<string, T>, after: Record<string, T>): Members<T> {
  const members: Members<T> = {}
  for (const name of Object.keys(before)) if (!(name in after)) members[name] = null
  for (const [name, value] of Object.entries(after)) {
    if (!(name in before) || JSON.stringify(before[name]) !== JSON.stringify(value)) members[name] = value
  }
  return members
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
