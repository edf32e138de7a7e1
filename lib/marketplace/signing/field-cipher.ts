import { createCipheriv, createDecipheriv, createHash, randomInt } from 'node:crypto'
import { failure, type Result, success } from '../result'

/** `1` is AES-256, `2` AES-128, both CBC with PKCS#5 padding. */
export type EncryptType = '1' | '2'

const MAX_PLAIN_BYTES = 79
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** As the marketplace's sample reads it: 1 is AES-256, any other number AES-128, no number AES-256. */
export function encryptTypeOf(value: unknown): EncryptType {
  const number = Number.parseInt(String(value), 10)
  return Number.isNaN(number) || number === 1 ? '1' : '2'
}

/** True when the ciphertext keeps to the 128 characters of a field: at most 79 UTF-8 bytes. */
export function fitsField(plaintext: string): boolean {
  return Buffer.byteLength(plaintext) <= MAX_PLAIN_BYTES
}

/**
 * Encrypts a field of a V1 answer: 16 letters or digits that are the IV, then base64. Texts beyond `fitsField`
 * encrypt too, but the marketplace refuses them. `iv` is 16 ASCII letters or digits, fresh by default.
 */
export function encryptField(plaintext: string, key: string, encryptType: EncryptType, iv = freshIv()): string {
  const cipher = createCipheriv(algorithmOf(encryptType), deriveKey(key, encryptType), Buffer.from(iv, 'latin1'))
  return iv + Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]).toString('base64')
}

/** Decrypts a field of a V1 call; a blank stands for a `+` lost in URL decoding. */
export function decryptField(
  value: string,
  key: string,
  encryptType: EncryptType,
): Result<string, 'malformed' | 'undecryptable'> {
  const iv = value.slice(0, 16)
  const body = value.slice(16).replaceAll(' ', '+')
  if (!/^[\x21-\x7e]{16}$/.test(iv) || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(body)) {
    return failure('malformed')
  }
  const bytes = Buffer.from(body, 'base64')
  if (bytes.length === 0 || bytes.length % 16 !== 0) return failure('malformed')
  try {
    const cipher = createDecipheriv(algorithmOf(encryptType), deriveKey(key, encryptType), Buffer.from(iv, 'latin1'))
    const plain = Buffer.concat([cipher.update(bytes), cipher.final()])
    return success(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(plain))
  } catch {
    return failure('undecryptable')
  }
}

const derived = new Map<string, Buffer>()
const DERIVED_LIMIT = 64

/**
 * The AES key Java makes with `KeyGenerator("AES")` over `SecureRandom("SHA1PRNG")` seeded with the UTF-8 key
 * (sample of zh-cn_topic_0272346898): 32 bytes for type 1, the first 16 of them for type 2.
 */
export function deriveKey(key: string, encryptType: EncryptType): Buffer {
  let full = derived.get(key)
  if (full) {
    derived.delete(key)
  } else {
    full = sha1Prng(Buffer.from(key), 32)
    if (derived.size >= DERIVED_LIMIT) derived.delete(derived.keys().next().value as string)
  }
  derived.set(key, full)
  return encryptType === '1' ? full : full.subarray(0, 16)
}

/** SUN's SHA1PRNG: the state is a 20-byte little-endian number that each output is added to, plus one. */
function sha1Prng(seed: Buffer, length: number): Buffer {
  const state = sha1(seed)
  const blocks: Buffer[] = []
  for (let made = 0; made < length; made += 20) {
    const output = sha1(state)
    blocks.push(output)
    let carry = 1
    let changed = false
    for (let i = 0; i < state.length; i += 1) {
      // Java adds signed bytes, so the carry may be -1.
      const sum = state.readInt8(i) + output.readInt8(i) + carry
      const next = sum & 0xff
      changed ||= next !== state[i]
      state[i] = next
      carry = sum >> 8
    }
    if (!changed) state[0] = ((state[0] ?? 0) + 1) & 0xff
  }
  return Buffer.concat(blocks).subarray(0, length)
}

function sha1(bytes: Uint8Array): Buffer {
  return createHash('sha1').update(bytes).digest()
}

function algorithmOf(encryptType: EncryptType): string {
  return encryptType === '1' ? 'aes-256-cbc' : 'aes-128-cbc'
}

function freshIv(): string {
  let iv = ''
  while (iv.length < 16) iv += letters[randomInt(letters.length)]
  return iv
}
