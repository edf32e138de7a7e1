import { timingSafeEqual } from 'node:crypto'
import { idTime, isId } from '@/lib/db/ids'
import { fingerprint } from '@/lib/secrets'

export const REHEARSAL_HEADER = 'x-desk-rehearsal'
const FRESH_MS = 60_000

/** What a call of our own carries, so that it is told from the marketplace's and has the id of its rehearsal. */
export function rehearsalMark(id: string): string {
  return `${id}.${fingerprint('rehearsal', id)}`
}

/** The id in such a mark, made by this desk within the last minute; null for anything else. */
export function readRehearsalMark(headers: Record<string, string>, now: number): string | null {
  const mark = headers[REHEARSAL_HEADER]
  if (mark === undefined) return null
  const id = mark.slice(0, 36)
  if (!isId(id) || Math.abs(idTime(id) - now) > FRESH_MS) return null
  const [given, wanted] = [Buffer.from(mark), Buffer.from(rehearsalMark(id))]
  return given.length === wanted.length && timingSafeEqual(given, wanted) ? id : null
}
