import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomFillSync } from 'node:crypto'
import { once } from '@/lib/db/once'
import { env } from '@/lib/env'

const version = 1

function key(purpose: string): Buffer {
  return once(`key:${purpose}`, () => Buffer.from(hkdfSync('sha256', env().deskSecret, 'seller-desk', purpose, 32)))
}

/** AES-256-GCM under a key derived from DESK_SECRET. Layout: version, 12-byte IV, 16-byte tag, ciphertext. */
export function seal(text: string): Uint8Array<ArrayBuffer> {
  const iv = nextIv()
  const cipher = createCipheriv('aes-256-gcm', key('seal'), iv)
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return new Uint8Array(Buffer.concat([Buffer.of(version), iv, cipher.getAuthTag(), body]))
}

// Drawn by the hundred: asking the generator costs more than a cipher's work on a short text.
const ivs = Buffer.alloc(12 * 256)
let ivsUsed = ivs.length

function nextIv(): Buffer {
  if (ivsUsed === ivs.length) {
    randomFillSync(ivs)
    ivsUsed = 0
  }
  ivsUsed += 12
  return Buffer.from(ivs.subarray(ivsUsed - 12, ivsUsed))
}

/** Reverses `seal`; throws when the data was changed or sealed under another DESK_SECRET. */
export function unseal(sealed: Uint8Array): string {
  const data = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
  if (data.length < 29 || data[0] !== version) throw new Error('not sealed by this desk')
  const decipher = createDecipheriv('aes-256-gcm', key('seal'), data.subarray(1, 13))
  decipher.setAuthTag(data.subarray(13, 29))
  return Buffer.concat([decipher.update(data.subarray(29)), decipher.final()]).toString('utf8')
}

/** A keyed hash (hex): finds an equal secret without storing it. */
export function fingerprint(purpose: string, text: string): string {
  return createHmac('sha256', key(`fingerprint:${purpose}`))
    .update(text)
    .digest('hex')
}

/** A secret for another component, derived from DESK_SECRET and never equal to it (hex). */
export function derivedSecret(purpose: string): string {
  return key(`derived:${purpose}`).toString('hex')
}
