import { randomUUID } from 'node:crypto'
import { type Random, seeded } from '@/sandbox/believable'
import { type SignedCall, signCall } from '@/sandbox/caller'
import { orderIds, shop, toBytes } from './purchases'

/** What must come back: an answer of the protocol, also that or the end of the connection, or anything but trouble. */
export type Expected = 'answer' | 'answer without body' | 'answer or close' | 'close'
export type Garbage = {
  kind: string
  bytes: Buffer
  expected: Expected /** nothing more comes after these bytes */
  ends: boolean
}

/** Malformed requests that come out the same for the same seed (but for the time in their signatures). */
export function garbage(url: string, seed: number): () => Garbage {
  const random = seeded(seed)
  return () => {
    const kind = random.pick(Object.keys(kinds) as (keyof typeof kinds)[])
    const made = kinds[kind](url, random)
    const rest = Buffer.isBuffer(made) ? { bytes: made } : made
    return { kind, ...{ expected: 'answer' as const, ends: false }, ...rest }
  }
}

type Made = Buffer | (Pick<Garbage, 'bytes'> & Partial<Garbage>)

const noise = (random: Random, length: number) => Buffer.from(Array.from({ length }, () => random.int(0, 255)))
const [someOrder = ''] = orderIds(1)

function call(url: string, random: Random, tamper?: (call: SignedCall) => SignedCall): SignedCall {
  const version = random.pick(['v1', 'v2'] as const)
  const fields = version === 'v2' ? { orderId: someOrder, businessId: randomUUID() } : { instanceId: 'nobody' }
  const activity = version === 'v2' ? 'newInstance' : 'queryInstance'
  return signCall({ target: `${url}/api/produce`, version, activity, key: shop.baseKey, fields, tamper })
}

const post = (url: string, random: Random, body: string | Buffer, headers: Record<string, string> = {}): Buffer => {
  const query = new URLSearchParams({
    signature: random.text(64, '0123456789abcdef'),
    timestamp: String(Date.now()),
    nonce: random.text(32, '0123456789ABCDEF'),
  })
  return request(url, 'POST', `/api/produce?${query}`, body, headers)
}

function request(
  url: string,
  method: string,
  target: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
) {
  const bytes = Buffer.from(body)
  const all = {
    Host: new URL(url).host,
    'Content-Type': 'application/json',
    'Content-Length': bytes.length,
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), bytes])
}

/** Signed right, so that what is malformed is looked at beyond the signature. */
const signedBody = (url: string, body: Record<string, unknown>) =>
  toBytes(
    signCall({ target: `${url}/api/produce`, version: 'v2', activity: 'newInstance', key: shop.baseKey, fields: body }),
  )

const oddValues = [
  null,
  0,
  -1,
  1e308,
  true,
  '',
  ' ',
  '\u0000',
  '\ud800',
  '😀'.repeat(500),
  [],
  [[]],
  {},
  'x'.repeat(5000),
]
const oddNames = [
  'activity',
  'orderId',
  'orderLineId',
  'businessId',
  'testFlag',
  'productId',
  '__proto__',
  'constructor',
  '签名',
]

const kinds = {
  'signature changed': (url, random) =>
    toBytes(call(url, random, (signed) => ({ ...signed, url: signed.url.replace(/(signature|authToken)=./, '$1=z') }))),
  'signature missing': (url, random) =>
    toBytes(call(url, random, (signed) => ({ ...signed, url: signed.url.replace(/(signature|authToken)=[^&]*/, '') }))),
  'signature of any text': (url, random) => {
    const text = encodeURIComponent(noise(random, random.int(0, 200)).toString('latin1'))
    return toBytes(
      call(url, random, (signed) => ({
        ...signed,
        url: signed.url.replace(/(signature|authToken)=[^&]*/, `$1=${text}`),
      })),
    )
  },
  'late or odd time': (url, random) => {
    const time = random.pick([
      '0',
      '-1',
      '1e3',
      '9'.repeat(40),
      'NaN',
      String(Date.now() - 61_000),
      String(Date.now() + 90_000),
    ])
    return toBytes(
      signCall({
        target: `${url}/api/produce`,
        version: 'v2',
        activity: 'newInstance',
        key: shop.baseKey,
        timestamp: time,
        random,
      }),
    )
  },
  'broken JSON': (url, random) =>
    post(
      url,
      random,
      random.pick([
        '{',
        '{"a":}',
        '[1,',
        '"',
        '{"a":1}}',
        '{"a":"\u0001"}',
        "{'a':1}",
        '',
        'null',
        '[]',
        '1',
        '{"a":\\u12}',
      ]),
    ),
  'JSON cut anywhere': (url, random) => {
    const whole = JSON.stringify({
      activity: 'newInstance',
      orderId: 'CS1',
      nested: { list: [1, '二', { deep: true }] },
    })
    return post(url, random, whole.slice(0, random.int(0, whole.length)))
  },
  'deep JSON': (url, random) => post(url, random, '['.repeat(random.int(1_000, 60_000))),
  'not UTF-8': (url, random) => post(url, random, noise(random, random.int(1, 2_000))),
  'byte order mark': (url, random) =>
    post(url, random, `\ufeff${random.pick(['', '{}', '{"activity":"newInstance"}', '\ufeff{}'])}`),
  'odd values, signed': (url, random) => signedBody(url, { [random.pick(oddNames)]: random.pick(oddValues) }),
  'unknown activity, signed': (url, random) =>
    signedBody(url, { activity: random.text(random.int(0, 60), 'abcXYZ{}<>"\\ \n') }),
  'unknown instance, signed': (url, random) =>
    signedBody(url, { activity: 'releaseInstance', instanceId: random.text(random.int(0, 300), 'abc-0\u0000é') }),
  'bad percent escapes': (url, random) => {
    const query = Array.from({ length: random.int(1, 20) }, () =>
      random.pick(['%', '%z1', '%%', '%C3%28', '%00', '%ff', '&', '=', '+', '#', '?']),
    )
    return request(url, random.pick(['GET', 'POST']), `/api/produce?activity=${query.join('')}`, '')
  },
  'repeated parameters': (url, random) => {
    const names = Array.from({ length: random.int(2, 60) }, () =>
      random.pick(['authToken', 'activity', 'timeStamp', 'signature', 'nonce', '']),
    )
    return request(url, 'GET', `/api/produce?${names.map((name, at) => `${name}=${at}`).join('&')}`, '')
  },
  'long query': (url, random) =>
    request(url, 'GET', `/api/produce?activity=${'x'.repeat(random.int(1_000, 60_000))}`, ''),
  'too many headers': (url, random) => ({
    bytes: post(
      url,
      random,
      '{}',
      Object.fromEntries(Array.from({ length: random.int(100, 1_900) }, (_, at) => [`X-${at}`, 'y'])),
    ),
    expected: 'answer or close',
  }),
  'headers beyond all bounds': (url, random) => ({
    bytes: post(url, random, '{}', { 'X-Long': 'y'.repeat(random.int(66_000, 120_000)) }),
    expected: 'answer or close',
    ends: true,
  }),
  'odd header values': (url, random) =>
    post(url, random, '{}', {
      'X-Odd': noise(random, 40)
        .toString('latin1')
        .replace(/\p{Cc}/gu, '?'),
      Cookie: '=;=;',
    }),
  'odd methods': (url, random) =>
    request(
      url,
      random.pick(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'SEARCH']),
      '/api/produce',
      '{}',
    ),
  HEAD: (url) => ({ bytes: request(url, 'HEAD', '/api/produce', ''), expected: 'answer without body' }),
  'odd content types': (url, random) =>
    post(url, random, '{"activity":"newInstance"}', {
      'Content-Type': random.pick([
        'text/xml',
        'multipart/form-data; boundary=',
        '',
        ';',
        'application/json;charset=utf-32',
        'a/b/c',
      ]),
      'Content-Encoding': random.pick(['gzip', 'br', 'identity', 'odd']),
    }),
  'odd paths': (url, random) =>
    request(
      url,
      random.pick(['GET', 'POST']),
      `/api/produce/${random.pick(['', '/', '..', '%2e%2e', 'v2/x', 'produceAPI/v2/', '%00', 'x'.repeat(3_000)])}`,
      '{}',
    ),
  'upgrade asked for': (url, random) =>
    post(url, random, '{}', { Connection: 'Upgrade', Upgrade: random.pick(['websocket', 'h2c']) }),
  expectations: (url, random) => post(url, random, '{}', { Expect: random.pick(['100-continue', 'the impossible']) }),
  'chunked body': (url, random) => {
    const chunks = Array.from({ length: random.int(0, 20) }, () => noise(random, random.int(1, 300)))
    const parts = chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16)};x=y\r\n`),
      chunk,
      Buffer.from('\r\n'),
    ])
    const head = `POST /api/produce HTTP/1.1\r\nHost: ${new URL(url).host}\r\nTransfer-Encoding: chunked\r\n\r\n`
    return Buffer.concat([Buffer.from(head), ...parts, Buffer.from('0\r\n\r\n')])
  },
  'chunks that are none': (url, random) => {
    const head = `POST /api/produce HTTP/1.1\r\nHost: ${new URL(url).host}\r\nTransfer-Encoding: chunked\r\n\r\n`
    const bytes = Buffer.concat([Buffer.from(`${head}zz\r\n`), noise(random, random.int(1, 300))])
    return { bytes, expected: 'answer or close', ends: true }
  },
  'length and chunks': (url, random) => ({
    bytes: post(url, random, '{}', { 'Transfer-Encoding': 'chunked' }),
    expected: 'answer or close',
    ends: true,
  }),
  'half a body': (url, random) => ({
    bytes: post(url, random, '{"half":', { 'Content-Length': String(random.int(20, 4_000)) }),
    expected: 'answer or close',
    ends: true,
  }),
  'a body that is too large': (url, random) => ({
    bytes: post(url, random, 'x'.repeat(random.int(262_145, 400_000))),
    expected: 'answer',
    ends: true,
  }),
  'half a head': (url, random) => {
    const whole = post(url, random, '{}')
    return {
      bytes: whole.subarray(0, random.int(1, whole.indexOf('\r\n\r\n'))),
      expected: 'answer or close',
      ends: true,
    }
  },
  'no HTTP': (_, random) => ({ bytes: noise(random, random.int(1, 3_000)), expected: 'close', ends: true }),
} satisfies Record<string, (url: string, random: Random) => Made>
