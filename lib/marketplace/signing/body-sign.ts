import { hmac, sameText } from './mac'

export const BODY_SIGN_HEADER = 'Body-Sign'

/** The value of the `Body-Sign` header for exactly these bytes (zh-cn_topic_0070649067); the blank is documented. */
export function bodySign(body: string | Uint8Array, key: string): string {
  return `sign_type="HMAC-SHA256", signature= "${hmac(key, body, 'base64')}"`
}

/** The base64 signature inside a `Body-Sign` value, blanks around `=` and `,` optional; null when it is none. */
export function readBodySign(header: string): string | null {
  const form = /^\s*sign_type\s*=\s*"HMAC-SHA256"\s*,\s*signature\s*=\s*"([A-Za-z0-9+/]{43}=)"\s*$/
  return form.exec(header)?.[1] ?? null
}

/** Checks a `Body-Sign` value against the bytes of a body. */
export function verifyBodySign(header: string, body: string | Uint8Array, key: string): boolean {
  const received = readBodySign(header)
  return received !== null && sameText(hmac(key, body, 'base64'), received)
}
