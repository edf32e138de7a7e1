import { GlobalCredentials } from '@huaweicloud/huaweicloud-sdk-core'
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from './mac'
import { canonicalRequest, signSdkHmac, verifySdkHmac } from './sdk-hmac'

const credential = { accessKeyId: 'FAKEAKFORTESTS000001', secret: 'fakeSecretKeyForTestVectorsOnly0000000001' }
const now = new Date('2024-01-02T03:04:05Z')
const host = 'https://mkt.myhuaweicloud.com'
const orderPath = '/api/mkp-openapi-public/global/v1/order/query'

const signatureIn = (headers: Record<string, string>) =>
  /Signature=([0-9a-f]{64})$/.exec(headers.Authorization ?? '')?.[1]

/** The marketplace's own signer, over the same request. */
function oracle(request: {
  method: string
  endpoint: string
  queryParams?: Record<string, string | string[]>
  headers?: Record<string, string>
  data?: unknown
}): string {
  const credentials = new GlobalCredentials().withAk(credential.accessKeyId).withSk(credential.secret)
  const headers = { 'X-Sdk-Date': '20240102T030405Z', ...request.headers }
  const signed = AKSKSigner.sign({ queryParams: {}, ...request, headers } as never, credentials as never)
  return (signed as { Authorization: string }).Authorization
}

describe('AK/SK signing', () => {
  it('fits vector A and its canonical request', () => {
    const headers = signSdkHmac(
      { method: 'GET', url: `${host}${orderPath}?orderId=MOCKPERIODYEARNEW` },
      credential,
      now,
    )
    expect(headers['X-Sdk-Date']).toBe('20240102T030405Z')
    expect(headers.Authorization).toBe(
      'SDK-HMAC-SHA256 Access=FAKEAKFORTESTS000001, SignedHeaders=host;x-sdk-date, Signature=bfedd1cbad88370c0ef937ca91afdc38f83f16ccee13747c303ce37769d892e8',
    )
    const canonical = canonicalRequest({
      method: 'get',
      path: orderPath,
      query: '?orderId=MOCKPERIODYEARNEW',
      headers: { host: 'mkt.myhuaweicloud.com', 'x-sdk-date': '20240102T030405Z' },
      names: ['host', 'x-sdk-date'],
    })
    expect(sha256Hex(canonical)).toBe('0f4fc8b73beccd2f107bc16735189d93c979c6f03f29a2c68ed184bdddf1b549')
  })

  it('fits vector B, the query sorted', () => {
    const url = `${host}${orderPath}?orderLineId=CS2207261447AUY4H-000001&orderId=CS2207261447AUY4H`
    const headers = signSdkHmac(
      { method: 'GET', url, headers: { 'Content-Type': 'application/json' } },
      credential,
      now,
    )
    expect(signatureIn(headers)).toBe('a2329b29c9e176640ec1d1f85870b824055098cfd5194b85f463479a12b42817')
  })

  it('fits vector D, with a body', () => {
    const body =
      '{"usage_records":[{"instance_id":"11111111-2222-3333-4444-555555555555","product_id":"OFFI000000000000000001","record_time":"20240102T020500Z","begin_time":"20240102T010000Z","end_time":"20240102T020000Z","usage_value":"12.5"}]}'
    const headers = signSdkHmac(
      {
        method: 'POST',
        url: `${host}/rest/marketplace/v1/isv/usage-data`,
        headers: { 'Content-Type': 'application/json' },
        body,
      },
      credential,
      now,
    )
    expect(signatureIn(headers)).toBe('5cf7f1350248531e7f7c51f18dba0c8e3e0f35323fea0dab955582a4440224a0')
  })

  it('signs as the official SDK does', () => {
    const names = fc.stringMatching(/^[A-Za-z0-9 _.~!'()*%&=+/é中-]{1,8}$/)
    const segments = fc.array(fc.stringMatching(/^[A-Za-z0-9._~-]*[A-Za-z0-9_~-]$/), { maxLength: 4 })
    const request = fc.record({
      method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
      segments,
      query: fc.dictionary(
        names,
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.array(fc.string(), { minLength: 1, maxLength: 3 })),
      ),
      extra: fc.dictionary(
        fc.constantFrom('X-Stage', 'X-Security-Token', 'X-Domain-Id'),
        fc.stringMatching(/^[!-~]{0,20}$/),
      ),
      data: fc.option(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), { nil: undefined }),
    })
    fc.assert(
      fc.property(request, ({ method, segments, query, extra, data }) => {
        const endpoint = `${host}/${segments.join('/')}`
        const pairs = Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]))
        const url = `${endpoint}?${pairs.map((pair) => pair.map((part) => encodeURIComponent(part as string)).join('=')).join('&')}`
        const headers = { 'Content-Type': 'application/json', ...extra }
        const body = data === undefined ? undefined : JSON.stringify(data)
        const ours = signSdkHmac({ method, url, headers, body }, credential, now)
        expect(ours.Authorization).toBe(oracle({ method, endpoint, queryParams: { ...query }, headers, data }))
      }),
      { numRuns: 300 },
    )
  })

  it('uses a given content hash and leaves out surrounding blanks', () => {
    const hash = { 'X-Sdk-Content-Sha256': 'UNSIGNED-PAYLOAD' }
    const ours = signSdkHmac(
      { method: 'POST', url: `${host}/x`, headers: { ...hash, 'X-Stage': ' a ' }, body: 'b' },
      credential,
      now,
    )
    expect(ours.Authorization).toBe(
      oracle({ method: 'POST', endpoint: `${host}/x`, headers: { ...hash, 'X-Stage': 'a' }, data: 'b' }),
    )
    expect(ours['X-Stage']).toBe('a')
  })
})

describe('AK/SK verification', () => {
  const url = `${host}${orderPath}?orderId=a%20b&x=%E4%B8%AD`
  const signed = signSdkHmac({ method: 'GET', url, headers: { 'Content-Type': 'application/json' } }, credential, now)
  const request = {
    method: 'GET',
    target: url.slice(host.length),
    headers: { host: 'mkt.myhuaweicloud.com', ...signed } as Record<string, string | undefined>,
  }
  const secretOf = (id: string) => (id === credential.accessKeyId ? credential.secret : undefined)
  const verify = (change: Partial<typeof request> = {}, at = now.getTime()) =>
    verifySdkHmac({ ...request, ...change }, secretOf, at)

  it('accepts what we and what the SDK signed', () => {
    expect(verify()).toEqual({ ok: true, accessKeyId: credential.accessKeyId })
    const authorization = oracle({
      method: 'GET',
      endpoint: `${host}${orderPath}`,
      queryParams: { orderId: 'a b', x: '中' },
    })
    const headers = { host: 'mkt.myhuaweicloud.com', 'x-sdk-date': '20240102T030405Z', authorization }
    expect(verify({ headers }).ok).toBe(true)
  })

  it('accepts a trailing header nobody signed', () => {
    expect(verify({ headers: { ...request.headers, 'user-agent': 'x' } }).ok).toBe(true)
  })

  it('says why it refuses', () => {
    const without = (name: string) => ({ headers: { ...request.headers, [name]: undefined } })
    const authorization = signed.Authorization ?? ''
    expect(verify(without('Authorization'))).toEqual({ ok: false, reason: 'missing' })
    expect(verify(without('X-Sdk-Date'))).toEqual({ ok: false, reason: 'missing' })
    expect(verify(without('Content-Type'))).toEqual({ ok: false, reason: 'malformed' })
    expect(verify({ headers: { ...request.headers, Authorization: 'Bearer x' } })).toEqual({
      ok: false,
      reason: 'malformed',
    })
    const stranger = authorization.replace(credential.accessKeyId, 'OTHER')
    expect(verify({ headers: { ...request.headers, Authorization: stranger } })).toEqual({
      ok: false,
      reason: 'unknown-key',
    })
    expect(verify({}, now.getTime() + 900_001)).toEqual({ ok: false, reason: 'clock-skew', skewMs: 900_001 })
    expect(verify({}, now.getTime() - 900_000).ok).toBe(true)
    for (const change of [{ method: 'POST' }, { target: `${request.target}1` }, { body: 'x' }] as Partial<
      typeof request
    >[]) {
      expect(verify(change)).toMatchObject({ ok: false, reason: 'mismatch' })
    }
  })

  it('does not fail on wrong percent escapes', () => {
    expect(verify({ target: '/%zz?%e4=%' })).toMatchObject({ ok: false, reason: 'mismatch' })
  })
})
