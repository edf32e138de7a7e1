import {
  asciiJson,
  type JsonProblem,
  type JsonTree,
  type JsonValue,
  lowerControlEscapes,
  readJson,
  toValue,
  type WriteOptions,
  writeJson,
} from '../json'

type Reading = { variant: string; payload: string }

/** The documented payload: outermost names ascending, outermost nulls left out, compact, nothing escaped needlessly. */
const documented: WriteOptions = { sort: 'top', dropNulls: 'top' }

// A stranger's big body must stay cheap to refuse: every reading up to the first size (in UTF-16 units), only other
// orders up to the second, beyond it the documented one and the raw text.
const EVERY_READING_LIMIT = 65_536
const OTHER_ORDERS_LIMIT = 1_048_576

/**
 * A JSON body read once for signature checks with any number of keys. `readings` are the texts a signer may have
 * signed, the documented one first; the others are made only when that one does not fit.
 */
export class SignedBody {
  readonly text: string
  readonly tree: JsonTree | null
  readonly problem: JsonProblem | null
  readonly documented: Reading
  private others: Reading[] | null = null

  constructor(text: string) {
    this.text = text
    const read = readJson(text)
    this.tree = read.ok ? read.value : null
    this.problem = read.ok ? null : read.error
    this.documented = this.tree
      ? { variant: 'documented', payload: writeJson(this.tree, documented) }
      : { variant: 'raw', payload: text }
  }

  /** The body as plain values, `undefined` when it is no JSON; numbers without loss, see `toValue`. */
  value(): JsonValue | undefined {
    return this.tree === null ? undefined : toValue(this.tree)
  }

  *readings(): Generator<Reading> {
    yield this.documented
    this.others ??= this.otherReadings()
    yield* this.others
  }

  private otherReadings(): Reading[] {
    const found = new Map<string, string>([[this.documented.payload, this.documented.variant]])
    const add = (variant: string, payload: string) => {
      if (!found.has(payload)) found.set(payload, variant)
    }
    add('raw', this.text)
    add('raw', this.text.replace(/^\ufeff/, ''))
    if (this.tree === null || this.text.length > OTHER_ORDERS_LIMIT) return list(found)
    const every = this.text.length <= EVERY_READING_LIMIT
    for (const sort of ['top', 'deep', 'none'] as const) {
      for (const dropNulls of every ? (['top', 'none', 'deep'] as const) : (['top'] as const)) {
        const payload = writeJson(this.tree, { sort, dropNulls })
        const name = `sort-${sort}/drop-nulls-${dropNulls}`
        add(name, payload)
        if (!every) continue
        add(`${name}/lower-escapes`, lowerControlEscapes(payload))
        add(`${name}/ascii-lower`, asciiJson(lowerControlEscapes(payload), 'lower'))
        add(`${name}/ascii-upper`, asciiJson(payload, 'upper'))
      }
    }
    return list(found)
  }
}

/** All but the first, which is the documented reading itself. */
function list(found: Map<string, string>): Reading[] {
  return [...found].slice(1).map(([payload, variant]) => ({ variant, payload }))
}
