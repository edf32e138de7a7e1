import { createCipheriv, createDecipheriv, createHash, createHmac, randomInt } from 'node:crypto'
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js'
import { MINUTE } from './believable'

/*
 * The marketplace's side of every signature, written from the protocol documents a second time and on purpose without
 * the product's own lib/marketplace: two implementations that agree are a proof, one that agrees with itself is none.
 */

const hmac = (key: string, text: string) => createHmac('sha256', key).update(text, 'utf8')

type Json = Record<string, unknown>

/** Signature of a V2 base call: 64 upper-case hex digits (saas-v2.md §3.2). */
export function signV2({
  key,
  nonce,
  timestamp,
  body,
}: Record<'key' | 'nonce' | 'timestamp' | 'body', string>): string {
  const members = Object.entries(JSON.parse(body) as Json)
    .filter(([, value]) => value !== null)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  const bodyHash = hmac(key, `{${members.join(',')}}`).digest('hex')
  return hmac(key, key + nonce + timestamp + bodyHash)
    .digest('hex')
    .toUpperCase()
}

/** authToken of a V1 call over its decoded parameters, which include `timeStamp` (saas-v1.md §2). */
export function signV1(key: string, parameters: Record<string, string>): string {
  const { authToken: _, ...signed } = parameters
  const text = Object.keys(signed)
    .sort()
    .map((name) => `${name}=${signed[name]}`)
    .join('&')
  return hmac(key + signed.timeStamp, text).digest('base64')
}

/** Checks a Body-Sign header value against the exact body; `null` header means it is missing (saas-v1.md §3). */
export function bodySignFits(header: string | null, body: Buffer, key: string): boolean {
  const found = header?.match(/^sign_type="HMAC-SHA256", ?signature= ?"([A-Za-z0-9+/]{43}=)"$/)
  return found?.[1] === createHmac('sha256', key).update(body).digest('base64')
}

export type EncryptType = '1' | '2'

/** Java's SHA1PRNG seeded with the access key, as `KeyGenerator("AES")` consumes it (saas-v1.md §4.5–4.7). */
function fieldKey(accessKey: string, encryptType: EncryptType): Buffer {
  const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest()
  const state = sha1(Buffer.from(accessKey, 'utf8'))
  const first = sha1(state)
  const before = Buffer.from(state)
  let carry = 1
  for (let index = 0; index < 20; index++) {
    const sum = state.readInt8(index) + first.readInt8(index) + carry
    state[index] = sum & 0xff
    carry = sum >> 8
  }
  if (state.equals(before)) state[0] = ((state[0] as number) + 1) & 0xff
  return Buffer.concat([first, sha1(state)]).subarray(0, encryptType === '1' ? 32 : 16)
}

const cipherName = (encryptType: EncryptType) => (encryptType === '1' ? 'aes-256-cbc' : 'aes-128-cbc')
const IV_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A sensitive V1 field as it travels: 16 letters or digits, then Base64. */
export function encryptField(plain: string, accessKey: string, encryptType: EncryptType): string {
  const iv = Array.from({ length: 16 }, () => IV_LETTERS[randomInt(IV_LETTERS.length)]).join('')
  const cipher = createCipheriv(cipherName(encryptType), fieldKey(accessKey, encryptType), Buffer.from(iv, 'latin1'))
  return iv + Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]).toString('base64')
}

/** The text inside a sensitive V1 field. Throws when it was not written with this key. */
export function decryptField(sent: string, accessKey: string, encryptType: EncryptType): string {
  const iv = Buffer.from(sent.slice(0, 16), 'latin1')
  const decipher = createDecipheriv(cipherName(encryptType), fieldKey(accessKey, encryptType), iv)
  return Buffer.concat([decipher.update(sent.slice(16), 'base64'), decipher.final()]).toString('utf8')
}

export type Account = { accessKeyId: string; secret: string }
export type SignedRequest = { method: string; target: string; headers: Record<string, string>; body: string | Buffer }
export type Verdict = { ok: true; accessKeyId: string } | { ok: false; status: number; code: string; message: string }

const SKEW_LIMIT = 15 * MINUTE

/** Checks an AK/SK signed request by signing it again with Huawei's SDK (open-api.md §4). */
export function checkSdkSignature(request: SignedRequest, accounts: readonly Account[], now: Date): Verdict {
  const refuse = (code: string, message: string, status = 401): Verdict => ({ ok: false, status, code, message })
  const wrong = (detail: string) => refuse('APIGW.0301', `Incorrect IAM authentication information: ${detail}`)

  const given = request.headers.authorization?.match(
    /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/,
  )
  if (!given) return wrong('authorization header is missing or malformed')
  const [, accessKeyId, signedHeaders = '', signature] = given

  const date = request.headers['x-sdk-date'] ?? ''
  const signedAt = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!/^\d{8}T\d{6}Z$/.test(date) || Number.isNaN(signedAt)) return wrong('x-sdk-date is missing or malformed')
  const names = signedHeaders.split(';')
  if (!names.includes('host') || !names.includes('x-sdk-date')) return wrong('host and x-sdk-date must be signed')
  if (Math.abs(now.getTime() - signedAt) > SKEW_LIMIT) {
    return refuse(
      'APIGW.0303',
      'Incorrect app authentication information: request time differs by more than 15 minutes',
    )
  }
  const account = accounts.find((one) => one.accessKeyId === accessKeyId)
  if (!account) return wrong('AK access failed to reach the limit or does not exist')
  const data = dataOf(request)
  if (data === null) {
    const form = request.method === 'POST' && request.headers['content-type']?.startsWith('multipart/form-data')
    if (!form) return refuse('APIGW.0201', 'API request error.', 400)
    if (signForm(request, names, account.secret) !== signature) return wrong('verify aksk signature fail')
    return { ok: true, accessKeyId: account.accessKeyId }
  }

  const [path = '', query = ''] = request.target.split('?', 2)
  const queryParams = queryOf(query)
  if (!queryParams) return refuse('APIGW.0201', 'API request error.', 400)
  const headers: Record<string, string> = { host: request.headers.host ?? '', 'X-Sdk-Date': date }
  for (const name of names) {
    if (name !== 'host' && name !== 'x-sdk-date') headers[name] = request.headers[name] ?? ''
  }
  const again = AKSKSigner.sign(
    { method: request.method, endpoint: `http://${headers.host}${path}`, queryParams, headers, ...(data && { data }) },
    {
      getAk: () => account.accessKeyId,
      getSk: () => account.secret,
      processAuthRequest: async (_client, unsigned) => unsigned,
      processAuthParams: async function params() {
        return this
      },
    },
  ) as { Authorization: string }
  if (again.Authorization.split('Signature=')[1] !== signature) return wrong('verify aksk signature fail')
  return { ok: true, accessKeyId: account.accessKeyId }
}

/** The body as the SDK wants it, `undefined` without one. `null` for one it would not have written itself. */
function dataOf({ method, body }: SignedRequest): object | undefined | null {
  const text = String(body)
  if (text === '') return undefined
  if (method === 'GET') return null
  try {
    const data: unknown = JSON.parse(text)
    return typeof data === 'object' && JSON.stringify(data) === text ? data : null
  } catch {
    return null
  }
}

/** The signature of a form without a query: the SDK signs JSON only, so it is done by hand (§4.3). */
function signForm({ method, target, headers, body }: SignedRequest, names: string[], secret: string): string {
  const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex')
  const path = target.split('/').map((part) => encodeURIComponent(decodeURIComponent(part)))
  const lines = names.map((name) => `${name}:${(headers[name] ?? '').trim()}\n`).join('')
  const hash = headers['x-sdk-content-sha256'] ?? sha256(body)
  const canonical = [method, `${path.join('/')}/`, '', lines, names.join(';'), hash].join('\n')
  return hmac(secret, `SDK-HMAC-SHA256\n${headers['x-sdk-date']}\n${sha256(canonical)}`).digest('hex')
}

/** Decoded query parameters; repeated names become arrays. `null` for broken percent escapes. */
function queryOf(query: string): Record<string, string | string[]> | null {
  const parameters: Record<string, string | string[]> = Object.create(null)
  try {
    for (const pair of query.split('&').filter(Boolean)) {
      const cut = pair.indexOf('=')
      const name = decodeURIComponent(cut < 0 ? pair : pair.slice(0, cut))
      const value = cut < 0 ? '' : decodeURIComponent(pair.slice(cut + 1))
      const known = parameters[name]
      parameters[name] = known === undefined ? value : [known, value].flat()
    }
    return parameters
  } catch {
    return null
  }
}
