import { randomFillSync } from 'node:crypto'

const pool = Buffer.alloc(16 * 256)
let used = pool.length
let lastMs = 0
let sequence = 0
let newestMs = 0

/** A clock that is set back by no more than this does not take the order of ids with it. */
const SET_BACK_MS = 10_000

/**
 * A version 7 UUID (RFC 9562): orders by time, within a process also inside one millisecond.
 * `atMs` is Unix time in milliseconds; a time in the past gives an id that sorts there.
 */
export function newId(atMs: number = steadyNow()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const bytes = pool.subarray(used, used + 16)
  used += 16
  if (atMs === lastMs) sequence = (sequence + 1) & 0xfff
  else {
    lastMs = atMs
    sequence = bytes.readUInt16BE(6) & 0x7ff
  }
  bytes.writeUIntBE(atMs, 0, 6)
  bytes.writeUInt16BE(0x7000 | sequence, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return format(bytes.toString('hex'))
}

function steadyNow(): number {
  const now = Date.now()
  if (now > newestMs || now < newestMs - SET_BACK_MS) newestMs = now
  return newestMs
}

/** The smallest id that could have been made at `atMs`: a bound for reading ids by time. */
export function idFloor(atMs: number): string {
  return format(`${Math.max(0, Math.floor(atMs)).toString(16).padStart(12, '0')}70008000000000000000`)
}

/** Unix milliseconds at which an id was made. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export function isId(value: string): boolean {
  return uuid.test(value)
}

function format(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
