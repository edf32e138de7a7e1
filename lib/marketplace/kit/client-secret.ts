import { constants, createHash, createPrivateKey, type KeyObject, privateDecrypt } from 'node:crypto'

/** A key pair's private half, as PEM, and the name staff know it by. */
export type NamedPrivateKey = { name: string; pem: string }

export type OpenedSecret =
  | { ok: true; secret: string; keyName: string; padding: OaepPadding['name'] }
  | { ok: false; tried: string[] }

type OaepPadding = { name: 'sha256' | 'sha256-mgf1-sha1' | 'sha1'; hash: Digest; mask: Digest }
type Digest = 'sha256' | 'sha1'

/** The documents say OAEP and leave the hash open (zh-cn_topic_0070649434); Java's SHA-256 masks with SHA-1. */
const paddings: OaepPadding[] = [
  { name: 'sha256', hash: 'sha256', mask: 'sha256' },
  { name: 'sha256-mgf1-sha1', hash: 'sha256', mask: 'sha1' },
  { name: 'sha1', hash: 'sha1', mask: 'sha1' },
]

const SECRET_LIMIT = 4096

/**
 * Opens the `clientSecret` of applicationSync with the first key that fits: RSA-OAEP, base64 (also of the URL alphabet) or
 * hexadecimal. When none fits, `tried` names them all.
 */
export function openClientSecret(ciphertext: string, keys: NamedPrivateKey[]): OpenedSecret {
  const tried: string[] = []
  for (const { name, pem } of keys) {
    tried.push(name)
    const opened = openWith(createPrivateKey(pem), readings(ciphertext))
    if (opened) return { ok: true, keyName: name, ...opened }
  }
  return { ok: false, tried }
}

function readings(text: string): Buffer[] {
  const plain = text.replace(/\s/g, '')
  const found = [Buffer.from(plain.replaceAll('-', '+').replaceAll('_', '/'), 'base64')]
  if (/^(?:[0-9a-f]{2})+$/i.test(plain)) found.push(Buffer.from(plain, 'hex'))
  return found
}

function openWith(key: KeyObject, ciphertexts: Buffer[]) {
  const size = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)
  for (const ciphertext of ciphertexts.filter(({ length }) => length === size)) {
    const block = bareDecrypt(key, ciphertext)
    if (!block) continue
    for (const { name, hash, mask } of paddings) {
      const message = removeOaep(block, hash, mask)
      const secret = message && textOf(message)
      if (secret) return { secret, padding: name }
    }
  }
  return null
}

function bareDecrypt(key: KeyObject, ciphertext: Buffer): Buffer | null {
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, ciphertext)
  } catch {
    return null
  }
}

// RFC 8017, 7.1.2 step 3. By hand, because Node offers no OAEP whose mask has a hash of its own.
function removeOaep(block: Buffer, hash: Digest, mask: Digest): Buffer | null {
  const label = createHash(hash).digest()
  const size = label.length
  if (block.length < 2 * size + 2) return null
  const maskedSeed = block.subarray(1, 1 + size)
  const maskedData = block.subarray(1 + size)
  const seed = xor(maskedSeed, mgf1(maskedData, size, mask))
  const data = xor(maskedData, mgf1(seed, maskedData.length, mask))
  let wrong = block[0] as number
  for (let at = 0; at < size; at += 1) wrong |= (data[at] as number) ^ (label[at] as number)
  const end = data.indexOf(1, size)
  for (let at = size; at < (end < 0 ? data.length : end); at += 1) wrong |= data[at] as number
  return wrong !== 0 || end < 0 ? null : data.subarray(end + 1)
}

function mgf1(seed: Buffer, length: number, hash: Digest): Buffer {
  const parts: Buffer[] = []
  for (let counter = 0, size = 0; size < length; counter += 1) {
    const number = Buffer.alloc(4)
    number.writeUInt32BE(counter)
    const part = createHash(hash).update(seed).update(number).digest()
    parts.push(part)
    size += part.length
  }
  return Buffer.concat(parts, length)
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ (b[at] as number)))
}

function textOf(message: Buffer): string | null {
  if (message.length === 0 || message.length > SECRET_LIMIT) return null
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(message)
  } catch {
    return null
  }
}
