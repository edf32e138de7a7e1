import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** HMAC-SHA256 over UTF-8. */
export function hmac(key: string, text: string | Uint8Array, form: 'hex' | 'base64'): string {
  return createHmac('sha256', key).update(text).digest(form)
}

/** SHA-256 over UTF-8 in lower-case hexadecimal. */
export function sha256Hex(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Compares in a time that depends on the lengths only. */
export function sameText(computed: string, received: string): boolean {
  const a = Buffer.from(computed)
  const b = Buffer.from(received)
  return a.length === b.length && timingSafeEqual(a, b)
}
