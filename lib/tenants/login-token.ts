import { createHmac, timingSafeEqual } from 'node:crypto'
import { derivedSecret } from '@/lib/secrets'

/** What the seller's software is handed: good for a minute, and for the desk alone to check. No phone, no mail. */
export type LoginClaims = {
  iss: string
  /** the application */
  aud: string
  /** the user name */
  sub: string
  tenant: string
  /** the sign-in */
  jti: string
  /** seconds since the epoch */
  iat: number
  exp: number
}

const header = Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')

export function signLoginToken(claims: LoginClaims): string {
  const body = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${body}.${mac(body).toString('base64url')}`
}

/** The claims of a token of ours that has not run out, else null. */
export function readLoginToken(token: string, now: Date): LoginClaims | null {
  const [head, body, signature, ...rest] = token.split('.')
  if (head !== header || !body || !signature || rest.length > 0) return null
  const computed = mac(`${head}.${body}`)
  const received = Buffer.from(signature, 'base64url')
  if (received.length !== computed.length || !timingSafeEqual(received, computed)) return null
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as LoginClaims
  return claims.exp * 1000 > now.getTime() ? claims : null
}

function mac(text: string): Buffer {
  return createHmac('sha256', derivedSecret('tenant-login-token')).update(text).digest()
}
