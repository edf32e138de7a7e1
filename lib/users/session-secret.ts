import { derivedSecret } from '@/lib/secrets'

/** Signs and encrypts session cookies. */
export function sessionSecret(): string {
  return derivedSecret('session')
}
