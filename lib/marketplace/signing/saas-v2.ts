import { hmac, sameText } from './mac'
import { SignedBody } from './signed-body'

export type V2Call = { body: string; timestamp: string; nonce: string }

/** What a V2 or kit V2 signature check found; `signedText` shows the key as `‹key›`, `payload` is the body as signed. */
export type V2Check = { ok: boolean; variant?: string; computed: string; signedText: string; payload: string }

const MASK = '‹key›'

/**
 * Checks the signature of a base interface call (zh-cn_topic_0070649476). `signature` is hexadecimal of either case;
 * `timestamp` and `nonce` enter as received. Where the documents leave the serialisation open every reading counts:
 * nested order, unsorted names, kept nulls, `\uXXXX`, the raw body. Pass a `SignedBody` to try several keys.
 * Freshness and the nonce are not checked here.
 */
export function verifyV2(call: Omit<V2Call, 'body'> & { body: string | SignedBody; signature: string }, key: string) {
  return check(call, (payload) => {
    const tail = `${call.nonce}${call.timestamp}${hmac(key, payload, 'hex')}`
    return { computed: hmac(key, key + tail, 'hex'), signedText: MASK + tail }
  })
}

/** Signs a base interface call as the marketplace does; lower-case hexadecimal. `body` is sorted before signing. */
export function signV2({ body, timestamp, nonce }: V2Call, key: string): string {
  const { payload } = new SignedBody(body).documented
  return hmac(key, key + nonce + timestamp + hmac(key, payload, 'hex'), 'hex')
}

/** Checks the `x-sign` of a kit V2 call: as `verifyV2`, but the payload itself is signed, not its hash. */
export function verifyKitV2(
  call: Omit<V2Call, 'body'> & { body: string | SignedBody; signature: string },
  key: string,
) {
  return check(call, (payload) => {
    const tail = `${call.nonce}${call.timestamp}${payload}`
    return { computed: hmac(key, key + tail, 'hex'), signedText: MASK + tail }
  })
}

/** Makes the `x-sign` of a kit V2 call; lower-case hexadecimal. */
export function signKitV2({ body, timestamp, nonce }: V2Call, key: string): string {
  return hmac(key, key + nonce + timestamp + new SignedBody(body).documented.payload, 'hex')
}

function check(
  call: { body: string | SignedBody; signature: string },
  sign: (payload: string) => { computed: string; signedText: string },
): V2Check {
  const body = typeof call.body === 'string' ? new SignedBody(call.body) : call.body
  const received = call.signature.toLowerCase()
  const possible = /^[0-9a-f]{64}$/.test(received)
  let first: V2Check | null = null
  for (const { variant, payload } of body.readings()) {
    const signed = sign(payload)
    if (sameText(signed.computed, received)) return { ok: true, variant, ...signed, payload }
    first ??= { ok: false, ...signed, payload }
    if (!possible) break
  }
  return first as V2Check
}
