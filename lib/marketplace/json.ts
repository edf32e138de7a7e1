import { failure, type Result, success } from './result'

/**
 * A JSON document that remembers how it was written: a leaf is its compact JSON text (numbers exactly as they
 * came, strings with only the escapes JSON demands), a list is an array, an object a Map in the order received.
 */
export type JsonTree = string | JsonTree[] | Map<string, JsonTree>

export type JsonValue = null | boolean | number | string | JsonValue[] | { [name: string]: JsonValue }

/** `at` counts UTF-16 units from the start of the text. */
export type JsonProblem = { at: number; reason: string }

export type WriteOptions = {
  /** Which objects get their members in ascending UTF-16 order: none, the outermost, all. */
  sort: 'none' | 'top' | 'deep'
  /** From which objects members that are null are left out. Null elements of lists always stay. */
  dropNulls: 'none' | 'top' | 'deep'
}

const MAX_DEPTH = 64
const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y

/**
 * Reads RFC 8259 JSON in one pass, nested at most 64 deep; a leading byte order mark is ignored. Of members
 * with the same name the last one counts, at the place of the first.
 */
export function readJson(text: string): Result<JsonTree, JsonProblem> {
  const reader = new Reader(text)
  try {
    return success(reader.document())
  } catch (problem) {
    if (problem instanceof Unreadable) return failure({ at: problem.at, reason: problem.message })
    throw problem
  }
}

/** Writes a tree as compact JSON. */
export function writeJson(tree: JsonTree, options: WriteOptions): string {
  return write(tree, options, true)
}

/** The plain value of a tree. Numbers that JavaScript would write differently come as their text. */
export function toValue(tree: JsonTree): JsonValue {
  if (typeof tree === 'string') return leafValue(tree)
  if (Array.isArray(tree)) return tree.map(toValue)
  const object: { [name: string]: JsonValue } = Object.create(null)
  for (const [name, member] of tree) object[name] = toValue(member)
  return object
}

/** A string as JSON, only with the escapes JSON demands; hexadecimal digits of control escapes in upper case. */
export function quote(text: string): string {
  if (!needsEscape.test(text)) return `"${text}"`
  const quoted = JSON.stringify(text)
  return quoted.includes('\\u00') ? changeControlEscapes(quoted, (digits) => digits.toUpperCase()) : quoted
}

/** Compact JSON with its control escapes in lower-case hexadecimal. */
export function lowerControlEscapes(json: string): string {
  return json.includes('\\u00') ? changeControlEscapes(json, (digits) => digits.toLowerCase()) : json
}

/** Compact JSON with every character beyond ASCII as `\uXXXX`. */
export function asciiJson(json: string, digits: 'upper' | 'lower'): string {
  return json.replace(/[\u0080-\uffff]/g, (char) => {
    const code = char.charCodeAt(0).toString(16).padStart(4, '0')
    return `\\u${digits === 'upper' ? code.toUpperCase() : code}`
  })
}

const needsEscape = /["\\\p{Cc}\p{Cs}]/u

function changeControlEscapes(json: string, change: (digits: string) => string): string {
  return json.replace(/\\(?:u00[01][0-9a-fA-F]|.)/g, (sequence) =>
    sequence.length === 6 ? `\\u${change(sequence.slice(2))}` : sequence,
  )
}

function leafValue(leaf: string): JsonValue {
  if (leaf.charCodeAt(0) === QUOTE) return leaf.includes('\\') ? JSON.parse(leaf) : leaf.slice(1, -1)
  if (leaf === 'null') return null
  if (leaf === 'true') return true
  if (leaf === 'false') return false
  const number = Number(leaf)
  return String(number) === leaf ? number : leaf
}

function write(tree: JsonTree, options: WriteOptions, top: boolean): string {
  if (typeof tree === 'string') return tree
  if (Array.isArray(tree)) return `[${tree.map((item) => write(item, options, false)).join(',')}]`
  const names = [...tree.keys()]
  if (options.sort === 'deep' || (top && options.sort === 'top')) names.sort()
  const drop = options.dropNulls === 'deep' || (top && options.dropNulls === 'top')
  let text = '{'
  for (const name of names) {
    const member = tree.get(name) as JsonTree
    if (drop && member === 'null') continue
    text += `${text.length > 1 ? ',' : ''}${quote(name)}:${write(member, options, false)}`
  }
  return `${text}}`
}

class Unreadable extends Error {
  constructor(
    readonly at: number,
    reason: string,
  ) {
    super(reason)
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const LETTER_F = 0x66
const LETTER_N = 0x6e
const LETTER_T = 0x74
const OPEN_LIST = 0x5b
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

class Reader {
  private at = 0
  private readonly text: string

  constructor(text: string) {
    this.text = text
  }

  document(): JsonTree {
    if (this.text.charCodeAt(0) === 0xfeff) this.at = 1
    const tree = this.value(0)
    this.blanks()
    if (this.at < this.text.length) throw new Unreadable(this.at, 'text after the end of the document')
    return tree
  }

  private value(depth: number): JsonTree {
    this.blanks()
    const code = this.text.charCodeAt(this.at)
    if (code === QUOTE) return this.string()
    if (code === OPEN_OBJECT) return this.object(depth + 1)
    if (code === OPEN_LIST) return this.list(depth + 1)
    if (code === LETTER_T) return this.word('true')
    if (code === LETTER_F) return this.word('false')
    if (code === LETTER_N) return this.word('null')
    numberForm.lastIndex = this.at
    const number = numberForm.exec(this.text)
    if (!number) throw new Unreadable(this.at, 'a value is expected')
    this.at += number[0].length
    return number[0]
  }

  private word(word: string): string {
    if (!this.text.startsWith(word, this.at)) throw new Unreadable(this.at, 'a value is expected')
    this.at += word.length
    return word
  }

  private object(depth: number): Map<string, JsonTree> {
    if (depth > MAX_DEPTH) throw new Unreadable(this.at, `nested deeper than ${MAX_DEPTH}`)
    const members = new Map<string, JsonTree>()
    this.at += 1
    this.blanks()
    if (this.text.charCodeAt(this.at) === CLOSE_OBJECT) {
      this.at += 1
      return members
    }
    for (;;) {
      this.blanks()
      if (this.text.charCodeAt(this.at) !== QUOTE) throw new Unreadable(this.at, 'a member name is expected')
      const name = leafValue(this.string()) as string
      this.blanks()
      if (this.text.charCodeAt(this.at) !== COLON) throw new Unreadable(this.at, '":" is expected')
      this.at += 1
      members.set(name, this.value(depth))
      if (this.ends(CLOSE_OBJECT)) return members
    }
  }

  private list(depth: number): JsonTree[] {
    if (depth > MAX_DEPTH) throw new Unreadable(this.at, `nested deeper than ${MAX_DEPTH}`)
    const items: JsonTree[] = []
    this.at += 1
    this.blanks()
    if (this.text.charCodeAt(this.at) === CLOSE_LIST) {
      this.at += 1
      return items
    }
    for (;;) {
      items.push(this.value(depth))
      if (this.ends(CLOSE_LIST)) return items
    }
  }

  /** After a member or an item: true at the closing bracket, false at a comma. */
  private ends(close: number): boolean {
    this.blanks()
    const code = this.text.charCodeAt(this.at)
    if (code !== close && code !== COMMA) {
      throw new Unreadable(this.at, `"," or "${String.fromCharCode(close)}" is expected`)
    }
    this.at += 1
    return code === close
  }

  private string(): string {
    const start = this.at
    let plain = true
    for (let i = start + 1; i < this.text.length; i += 1) {
      const code = this.text.charCodeAt(i)
      if (code === QUOTE) {
        this.at = i + 1
        const raw = this.text.slice(start, i + 1)
        return plain ? raw : this.rewrite(raw, start)
      }
      if (code < 0x20) throw new Unreadable(i, 'a control character in a string')
      if (code === BACKSLASH) {
        plain = false
        i += 1
      } else if (code >= 0xd800 && code <= 0xdfff) {
        plain = false
      }
    }
    throw new Unreadable(start, 'a string without an end')
  }

  private rewrite(raw: string, start: number): string {
    try {
      return quote(JSON.parse(raw))
    } catch {
      throw new Unreadable(start, 'a string with a wrong escape')
    }
  }

  private blanks(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return
      this.at += 1
    }
  }
}
