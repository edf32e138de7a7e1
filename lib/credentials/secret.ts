import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import type { CredentialKind } from './schema'

type Checked = { ok: true; secret: string; hint: string } | { ok: false; message: string }

/**
 * What is stored of a secret somebody entered, and a hint to recognise it by: its last four characters, for a private key
 * those of its public key's SHA-256.
 */
export function checkSecret(kind: CredentialKind, given: string): Checked {
  return kind === 'kit-private-key' ? checkPrivateKey(given) : checkKey(given)
}

function checkKey(given: string): Checked {
  const secret = given.trim()
  if (secret.length < 1 || secret.length > 256) return { ok: false, message: 'must have 1 to 256 characters' }
  if (!/^[\x21-\x7e]+$/.test(secret)) return { ok: false, message: 'must be printable ASCII without blanks' }
  return { ok: true, secret, hint: secret.length < 8 ? '' : secret.slice(secret.length < 12 ? -2 : -4) }
}

function checkPrivateKey(given: string): Checked {
  const key = readPrivateKey(given)
  if (key?.asymmetricKeyType !== 'rsa') {
    return { ok: false, message: 'must be an RSA private key, PKCS#8 or PKCS#1, as PEM without a passphrase' }
  }
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
    return { ok: false, message: 'must be an RSA private key of at least 2048 bits' }
  }
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  return {
    ok: true,
    secret: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    hint: createHash('sha256').update(publicKey).digest('hex').slice(-4),
  }
}

/** PEM, also with its line breaks written as \n, or the bare base64 that some consoles hand out. */
function readPrivateKey(given: string): KeyObject | null {
  const text = given.replaceAll('\\n', '\n').trim()
  if (text.includes('-----BEGIN')) return attempt(() => createPrivateKey(text))
  const key = Buffer.from(text, 'base64')
  return (
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs8' })) ??
    attempt(() => createPrivateKey({ key, format: 'der', type: 'pkcs1' }))
  )
}

function attempt(read: () => KeyObject): KeyObject | null {
  try {
    return read()
  } catch {
    return null
  }
}
