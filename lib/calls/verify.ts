import type { Catalog } from '@/lib/catalog'
import type { Credential } from '@/lib/credentials'
import {
  checkFreshness,
  ResultCode,
  type SignedBody,
  verifyKitV1,
  verifyKitV2,
  verifyV1,
  verifyV2,
  type WireError,
} from '@/lib/marketplace'
import { type Recognised, sentAtOfV1 } from './recognise'
import type { SignatureCheck } from './types'

export type Verified =
  | { ok: true; credential: Credential; signature: SignatureCheck; sentAt: Date; nonce: string | null }
  | { ok: false; error: WireError; signature: SignatureCheck }

const NONCE_LIMIT = 128

/** Finds the credential that signed a call, and checks that it is fresh. `receivedAt` stands for now. */
export function verify(call: Recognised, config: Catalog, receivedAt: Date): Verified {
  return call.v1 ? verifyOlder(call, config, receivedAt) : verifyNewer(call, config, receivedAt)
}

function verifyOlder(call: Recognised, config: Catalog, receivedAt: Date): Verified {
  const received = call.body ? call.request.headers.authtoken : call.query.authToken
  if (!received) return refused('missing', ResultCode.authenticationFailed, 'authToken: missing', nothingChecked)
  const tried = tryKeys(call, config, (key) =>
    call.body ? verifyKitV1({ key, body: call.body.text, received }) : verifyV1({ key, params: call.query, received }),
  )
  const signature = { ...tried.signature, received }
  if (!tried.credential) return mismatch(signature, 'authToken', config, call)
  const timeStamp = (call.value as Record<string, unknown>).timeStamp
  return {
    ok: true,
    credential: tried.credential,
    signature,
    sentAt: sentAtOfV1(timeStamp, call.protocol, receivedAt),
    nonce: null,
  }
}

function verifyNewer(call: Recognised, config: Catalog, receivedAt: Date): Verified {
  const kit = call.protocol === 'kit-v2'
  const { headers } = call.request
  const names = kit ? ['x-sign', 'x-timestamp', 'x-nonce'] : ['signature', 'timestamp', 'nonce']
  const [received, timestamp, nonce] = names.map((name) => (kit ? headers[name] : call.query[name]) ?? '') as [
    string,
    string,
    string,
  ]
  const [signatureName, timestampName, nonceName] = names as [string, string, string]
  const fresh = checkFreshness(timestamp, receivedAt.getTime())
  // The order of these follows the official sample: 000002 for what is missing or late, 000001 for the signature.
  if (!fresh.ok && fresh.reason !== 'stale') {
    const said = fresh.reason === 'missing' ? 'missing' : 'not a Unix time of 13 or 10 digits'
    return refused(fresh.reason, ResultCode.invalidParameter, `${timestampName}: ${said}`, nothingChecked)
  }
  if (!nonce || nonce.length > NONCE_LIMIT) {
    const said = nonce ? `longer than ${NONCE_LIMIT} characters` : 'missing'
    return refused('nonce', ResultCode.invalidParameter, `${nonceName}: ${said}`, nothingChecked)
  }
  if (!received) return refused('missing', ResultCode.authenticationFailed, `${signatureName}: missing`, nothingChecked)
  const check = kit ? verifyKitV2 : verifyV2
  const body = call.body as SignedBody
  const tried = tryKeys(call, config, (key) => check({ body, timestamp, nonce, signature: received }, key))
  // Shown beside each other, the two must not differ by the case of their digits alone.
  const computed = /[A-F]/.test(received) ? (tried.signature.computed?.toUpperCase() ?? null) : tried.signature.computed
  const signature = { ...tried.signature, computed, received }
  if (!tried.credential) return mismatch(signature, signatureName, config, call)
  if (!fresh.ok) {
    const seconds = Math.round(fresh.skewMs / 1000)
    const said = `${Math.abs(seconds)} s ${seconds > 0 ? 'old' : 'ahead of our clock'}; allowed: 60 s`
    const stale = { ...signature, ok: false, reason: 'stale', skewMs: fresh.skewMs }
    return refused('stale', ResultCode.invalidParameter, `${timestampName}: ${said}`, stale)
  }
  const skewMs = receivedAt.getTime() - fresh.sentAt
  return {
    ok: true,
    credential: tried.credential,
    signature: { ...signature, skewMs },
    sentAt: new Date(Math.min(fresh.sentAt, receivedAt.getTime())),
    nonce: `${tried.credential.kind}:${nonce}`,
  }
}

type Check = { ok: boolean; variant?: string; computed: string; signedText: string }

/** The first key that fits; of the others only the newest is shown, as what we would have signed. */
function tryKeys(call: Recognised, config: Catalog, check: (key: string) => Check) {
  let shown: SignatureCheck | null = null
  for (const kind of call.keyKinds) {
    for (const credential of config.active(kind)) {
      const { ok, variant, computed, signedText } = check(credential.secret)
      const found: SignatureCheck = {
        ok,
        credentialId: credential.id,
        credentialName: credential.name,
        variant: variant ?? null,
        received: null,
        computed,
        signedText: signedText.slice(0, 65_536),
        reason: ok ? null : 'mismatch',
        skewMs: null,
      }
      if (ok) return { credential, signature: found }
      shown ??= found
    }
  }
  return { credential: null, signature: shown ?? { ...nothingChecked, reason: 'no-credential' } }
}

function mismatch(signature: SignatureCheck, field: string, config: Catalog, call: Recognised): Verified {
  const keys = call.keyKinds.reduce((count, kind) => count + config.active(kind).length, 0)
  const said = keys === 0 ? 'no key is set up for this interface' : 'does not fit this request'
  return refused(signature.reason ?? 'mismatch', ResultCode.authenticationFailed, `${field}: ${said}`, signature)
}

const nothingChecked: SignatureCheck = {
  ok: false,
  credentialId: null,
  credentialName: null,
  variant: null,
  received: null,
  computed: null,
  signedText: null,
  reason: null,
  skewMs: null,
}

function refused(reason: string, code: ResultCode, message: string, signature: SignatureCheck): Verified {
  const field = message.slice(0, message.indexOf(':'))
  return { ok: false, error: { code, field, message }, signature: { ...signature, ok: false, reason } }
}
