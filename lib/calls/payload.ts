import { seal, unseal } from '@/lib/secrets'
import type { CallPayload } from './types'

/** Requests and answers hold passwords and personal data: at rest they are sealed as one. */
export function sealPayload(payload: CallPayload): Uint8Array<ArrayBuffer> {
  return seal(JSON.stringify(payload))
}

export function openPayload(sealed: Uint8Array): CallPayload {
  return JSON.parse(unseal(sealed)) as CallPayload
}
