import { createHash } from 'node:crypto'
import { z } from 'zod'
import { isId } from '@/lib/db/ids'
import { invalid } from '@/lib/input'

/** The members of every list's query. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('how many items, 1 to 200'),
  cursor: z.string().max(400).optional().describe('`nextCursor` of the page before'),
}

export type Page<T> = { items: T[]; nextCursor: string | null; total?: number }

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().describe('pass as `cursor` for the next page; null on the last one'),
  })
}

export function countedPageOf<T extends z.ZodType>(item: T) {
  return pageOf(item).extend({ total: z.int().describe('how many match; 10001 means more than 10,000') })
}

type Filter = Record<string, unknown>

/** What the parts of a key are; a cursor with other parts is none of ours. */
type Part = 'id' | 'time' | 'text' | 'number'

const checks: Record<Part, (text: string) => boolean> = {
  id: isId,
  time: (text) => z.iso.datetime().safeParse(text).success,
  text: (text) => text.length <= 200 && !text.includes('\0'),
  number: (text) => /^\d{1,9}$/.test(text),
}

/**
 * The key a cursor stands for, or null without one. A cursor is only good for the filter it was made with; throws
 * DeskError 'invalid' otherwise.
 */
export function readCursor<const Parts extends readonly Part[]>(
  cursor: string | undefined,
  filter: Filter,
  parts: Parts,
): { [K in keyof Parts]: string } | null {
  if (cursor === undefined) return null
  const [mark, ...key] = parse(cursor)
  if (mark === undefined || key.length !== parts.length || !parts.every((part, at) => checks[part](key[at] ?? ''))) {
    throw invalid([{ path: 'cursor', message: 'is none of ours; use `nextCursor` of a page as it came' }])
  }
  if (mark !== markOf(filter)) {
    throw invalid([{ path: 'cursor', message: 'belongs to another filter; start from the first page' }])
  }
  return key as { [K in keyof Parts]: string }
}

/** Cuts `rows` (read with one more than `limit`) to a page and makes the cursor of the next one. */
export function cutPage<T>(rows: T[], query: { limit: number }, keyOf: (row: T) => string[]): Page<T> {
  const items = rows.slice(0, query.limit)
  const last = items.at(-1)
  if (rows.length <= query.limit || last === undefined) return { items, nextCursor: null }
  const parts = [markOf(query), ...keyOf(last)]
  return { items, nextCursor: Buffer.from(JSON.stringify(parts)).toString('base64url') }
}

function parse(cursor: string): string[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(parts) && parts.every((part) => typeof part === 'string') ? parts : []
  } catch {
    return []
  }
}

function markOf(filter: Filter): string {
  const parts = Object.entries(filter)
    .filter(([name, value]) => name !== 'cursor' && name !== 'limit' && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 10)
}
