/** What stands where a secret stood. */
export const HIDDEN = '••••'

const hiddenNames = new Set([
  'accesskey',
  'accesstoken',
  'authorization',
  'clientsecret',
  'cookie',
  'email',
  'license',
  'mobile',
  'mobilephone',
  'password',
  'phone',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'secretkey',
  'setcookie',
  'token',
])
/** Signatures are compared by eye, so their ends stay; a whole one could be sent again by whoever reads it. */
const shortenedNames = new Set(['authtoken', 'bodysign', 'sign', 'signature', 'xsign'])

type Treatment = 'hide' | 'shorten' | null

function treatmentOf(name: string, parent: string): Treatment {
  const plain = name.toLowerCase().replace(/[-_]/g, '')
  if (hiddenNames.has(plain)) return 'hide'
  if (shortenedNames.has(plain)) return 'shorten'
  return plain === 'username' && parent.toLowerCase() === 'appinfo' ? 'hide' : null
}

/** The first and last characters of a signature, of any length. */
export function shorten(signature: string): string {
  if (signature.length <= 16) return signature === '' ? '' : HIDDEN
  return `${signature.slice(0, 8)}…${signature.slice(-4)}`
}

function treat(treatment: Treatment, value: string): string {
  if (treatment === null || value === '') return value
  return treatment === 'hide' ? HIDDEN : shorten(value)
}

export function maskHeaders(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, maskHeader(name, value)]))
}

function maskHeader(name: string, value: string): string {
  if (name.toLowerCase() === 'body-sign') {
    return value.replace(/(signature=\s*")([^"]*)/, (_, start: string, signature: string) => start + shorten(signature))
  }
  return treat(treatmentOf(name, ''), value)
}

/** A query string as it came, still percent-encoded, with the values of secret parameters replaced. */
export function maskQuery(query: string): string {
  if (query === '') return ''
  return query
    .split('&')
    .map((pair) => {
      const at = pair.indexOf('=')
      if (at < 0) return pair
      const name = pair.slice(0, at)
      const value = pair.slice(at + 1)
      const plain = decode(value)
      const masked = maskParameter(decode(name), plain)
      return masked === plain ? pair : `${name}=${encodeURIComponent(masked)}`
    })
    .join('&')
}

/** Names and values of a query string, decoded; parts that cannot be decoded stay as they came. */
export function queryPairs(query: string): [string, string][] {
  if (query === '') return []
  return query.split('&').map((pair) => {
    const at = pair.indexOf('=')
    return at < 0 ? [decode(pair), ''] : [decode(pair.slice(0, at)), decode(pair.slice(at + 1))]
  })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

function maskParameter(name: string, value: string): string {
  const treatment = treatmentOf(name, '')
  if (treatment) return treat(treatment, value)
  if (name === 'saasExtendParams') return maskEncodedJson(value)
  return /^\s*[[{]/.test(value) ? maskText(value) : value
}

// saas-v1: extension parameters travel as urlEncode(base64(JSON)), so a buyer's mail may hide inside.
function maskEncodedJson(value: string): string {
  const json = Buffer.from(decode(value).replaceAll(' ', '+'), 'base64').toString('utf8')
  if (!/^\s*[[{]/.test(json)) return value
  const masked = maskText(json)
  return masked === json ? value : Buffer.from(masked).toString('base64')
}

/**
 * A body, or the text that was signed, with secrets replaced and every other character as it came: also inside JSON
 * strings that hold JSON, and in `{ name, value }` pairs. Text that is not JSON is searched for `name=value` and `"name":value`.
 */
export function maskText(text: string): string {
  const edits = readEdits(text)
  return edits ? apply(text, edits) : maskLoosely(text)
}

type Edit = { start: number; end: number; text: string }

function apply(text: string, edits: Edit[]): string {
  let masked = ''
  let at = 0
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    if (edit.start < at) continue
    masked += text.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return masked + text.slice(at)
}

type Span = { start: number; end: number }
const MAX_DEPTH = 64
const space = /[\s\uFEFF]*/y
const string = /"(?:[^"\\]|\\.)*"/y
const scalar = /[-+.\w]+/y

class NotJson extends Error {}

/** The places of secrets in a JSON text, or null when it is not one. */
function readEdits(text: string): Edit[] | null {
  const edits: Edit[] = []
  let at = 0

  function take(pattern: RegExp): Span | null {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (!found) return null
    at += found[0].length
    return { start: at - found[0].length, end: at }
  }
  function takeChar(char: string): boolean {
    take(space)
    if (text[at] !== char) return false
    at += 1
    return true
  }
  function expectChar(char: string) {
    if (!takeChar(char)) throw new NotJson()
  }
  function readString(): string {
    take(space)
    const span = take(string)
    if (!span) throw new NotJson()
    return stringAt(span)
  }
  function stringAt(span: Span): string {
    try {
      return JSON.parse(text.slice(span.start, span.end)) as string
    } catch {
      throw new NotJson()
    }
  }
  function isString(span: Span): boolean {
    return text[span.start] === '"'
  }
  function hide(span: Span, treatment: Treatment) {
    const raw = text.slice(span.start, span.end)
    if (treatment === null || raw === 'null' || raw === '""') return
    const shown = treatment === 'shorten' && isString(span) ? shorten(stringAt(span)) : HIDDEN
    edits.push({ ...span, text: JSON.stringify(shown) })
  }

  function readValue(name: string, depth: number): Span {
    take(space)
    if (text[at] === '{') return readObject(name, depth)
    if (text[at] === '[') return readArray(name, depth)
    const span = take(string)
    if (!span) {
      const found = take(scalar)
      if (!found) throw new NotJson()
      return found
    }
    const value = stringAt(span)
    if (depth < MAX_DEPTH && /^\s*[[{]/.test(value)) {
      const masked = maskText(value)
      if (masked !== value) edits.push({ ...span, text: JSON.stringify(masked) })
    }
    return span
  }
  function readArray(name: string, depth: number): Span {
    const start = at
    expectChar('[')
    if (depth >= MAX_DEPTH) throw new NotJson()
    if (!takeChar(']')) {
      do readValue(name, depth + 1)
      while (takeChar(','))
      expectChar(']')
    }
    return { start, end: at }
  }
  function readObject(parent: string, depth: number): Span {
    const start = at
    expectChar('{')
    if (depth >= MAX_DEPTH) throw new NotJson()
    let pairName = ''
    let pairValue: Span | null = null
    if (!takeChar('}')) {
      do {
        const name = readString()
        expectChar(':')
        const span = readValue(name, depth + 1)
        hide(span, treatmentOf(name, parent))
        if ((name === 'name' || name === 'key') && isString(span)) pairName = stringAt(span)
        if (name === 'value') pairValue = span
      } while (takeChar(','))
      expectChar('}')
    }
    if (pairValue) hide(pairValue, treatmentOf(pairName, ''))
    return { start, end: at }
  }

  try {
    take(space)
    if (text[at] !== '{' && text[at] !== '[') return null
    readValue('', 0)
    take(space)
    return at === text.length ? edits : null
  } catch (error) {
    if (error instanceof NotJson) return null
    throw error
  }
}

const assignment =
  /(?<![\w-])([\w-]{1,40})(\\*["']?\s{0,8}[:=]\s{0,8})(\\+"[^"]*"?|"(?:\\.|[^"\\])*"?|[^\s&,;}\]"'\\]+)/g

function maskLoosely(text: string, depth = 0): string {
  return text.replace(assignment, (all, name: string, between: string, value: string) => {
    const treatment = treatmentOf(name, '')
    const quote = /^\\*"/.exec(value)?.[0] ?? ''
    if (treatment) return name + between + quote + treat(treatment, value.replace(/^\\*"|\\*"$/g, '')) + quote
    // A harmless string may hold a text of its own.
    return quote && depth < 4 ? name + between + quote + maskLoosely(value.slice(quote.length), depth + 1) : all
  })
}
