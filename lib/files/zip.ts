import { createInflateRaw } from 'node:zlib'
import { DeskError } from '@/lib/errors'
import { fileFault } from './faults'

const END = 0x06054b50
const ENTRY = 0x02014b50
const LOCAL = 0x04034b50
const MAX_ENTRIES = 2000
const CHUNK = 64 * 1024

export type Archive = {
  has(path: string): boolean
  /** The bytes of an entry as they are inflated; throws 'invalid' when there is none or it is damaged. */
  read(path: string): AsyncGenerator<Uint8Array>
}

type Entry = { method: number; size: number; at: number }

/**
 * Opens a zip archive in memory (APPNOTE 6.3; no encryption, no zip64, no parts). What all reads inflate together ends at
 * `maxInflated` bytes with DeskError 'too-large', however little the archive claims to hold.
 */
export function openZip(bytes: Uint8Array, { name, maxInflated }: { name: string; maxInflated: number }): Archive {
  const broken = () => fileFault('damaged', { name })
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries = directoryOf(data) ?? refuse(broken())
  let left = maxInflated

  async function* read(path: string): AsyncGenerator<Uint8Array> {
    const entry = entries.get(path)
    if (!entry || entry.at + 30 > data.length || data.readUInt32LE(entry.at) !== LOCAL) throw broken()
    const start = entry.at + 30 + data.readUInt16LE(entry.at + 26) + data.readUInt16LE(entry.at + 28)
    const packed = data.subarray(start, start + entry.size)
    if (packed.length < entry.size) throw broken()
    try {
      for await (const chunk of entry.method === 8 ? inflated(packed) : slices(packed)) {
        left -= chunk.length
        if (left < 0) throw fileFault('unpacksTooLarge', { name, max: maxInflated })
        yield chunk
      }
    } catch (error) {
      throw error instanceof DeskError ? error : broken()
    }
  }
  return { has: (path) => entries.has(path), read }
}

function refuse(error: DeskError): never {
  throw error
}

async function* inflated(packed: Uint8Array): AsyncGenerator<Uint8Array> {
  const inflate = createInflateRaw({ chunkSize: CHUNK })
  inflate.end(packed)
  yield* inflate as AsyncIterable<Uint8Array>
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK) yield bytes.subarray(at, at + CHUNK)
}

/** Null: there is no directory, or one of a kind that no spreadsheet writes. */
function directoryOf(data: Buffer): Map<string, Entry> | null {
  const end = endOf(data)
  if (end === null) return null
  const count = data.readUInt16LE(end + 10)
  if (count > MAX_ENTRIES) return null
  const entries = new Map<string, Entry>()
  let at = data.readUInt32LE(end + 16)
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > data.length || data.readUInt32LE(at) !== ENTRY) return null
    const method = data.readUInt16LE(at + 10)
    const isEncrypted = (data.readUInt16LE(at + 8) & 1) === 1
    if (isEncrypted || (method !== 0 && method !== 8)) return null
    const nameLength = data.readUInt16LE(at + 28)
    const path = data.toString('utf8', at + 46, at + 46 + nameLength).replace(/^\//, '')
    entries.set(path, { method, size: data.readUInt32LE(at + 20), at: data.readUInt32LE(at + 42) })
    at += 46 + nameLength + data.readUInt16LE(at + 30) + data.readUInt16LE(at + 32)
  }
  return entries
}

/** The end record stands last, before a comment of at most 65,535 bytes. */
function endOf(data: Buffer): number | null {
  for (let at = data.length - 22; at >= Math.max(0, data.length - 22 - 0xffff); at -= 1) {
    if (data.readUInt32LE(at) === END) return at
  }
  return null
}
