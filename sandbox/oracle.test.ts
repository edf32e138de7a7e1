import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js'
import { GlobalCredentials } from '@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as wire from '@/lib/marketplace'
import { bodySignFits, checkSdkSignature, decryptField, encryptField, signV1, signV2 } from './oracle'

const KEY = '00000000-1111-2222-3333-444444444444'

describe('printed vectors of the protocol documents', () => {
  test('V2 signature A', () => {
    const body =
      '{"testFlag":"1","orderLineId":"CS2211181819B4LVS-000001","orderId":"CS2211181819B4LVS","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","activity":"newInstance","extra":null}'
    const nonce = '50D83FDE0123456789ABCDEF00000001'
    expect(signV2({ key: 'test-access-key-0001', nonce, timestamp: '1680508066618', body })).toBe(
      '5BC29887521645036CA9A63924BB1A82EB4E0531096646D4E33C6BE9E63A7A85',
    )
  })

  test('V1 authToken with a comma', () => {
    const call = { activity: 'queryInstance', instanceId: 'ins-a,ins-b', testFlag: '0', timeStamp: '20240101010203004' }
    expect(signV1(KEY, { ...call, authToken: 'ignored' })).toBe('ZeE6vwT3xv6GNCwqKxLVG7k2x4ve17sv7O6cF7js/pw=')
  })

  test('Body-Sign with and without the blank, and of other bytes', () => {
    const body = Buffer.from('{"resultCode":"000000","resultMsg":"success."}')
    const signature = 'wd1JabGmHPwqq+/pu2hy00t74rTgYioCEzR6Mm27LbU='
    expect(bodySignFits(`sign_type="HMAC-SHA256", signature= "${signature}"`, body, KEY)).toBe(true)
    expect(bodySignFits(`sign_type="HMAC-SHA256",signature="${signature}"`, body, KEY)).toBe(true)
    expect(bodySignFits(`sign_type="HMAC-SHA256", signature= ${signature}`, body, KEY)).toBe(false)
    expect(bodySignFits(`sign_type="HMAC-SHA256", signature= "${signature}"`, Buffer.from('{}'), KEY)).toBe(false)
    expect(bodySignFits(null, body, KEY)).toBe(false)
  })

  test.each([
    ['1', 'abcdefgh12345678UQhO9ObD5ECyRS8LE9Bsyw==', 'admin'],
    ['2', 'abcdefgh123456782+e+3onuFP2cwbfUj6bCZQ==', 'admin'],
    ['1', 'Zz09Yy18Xx27Ww36AKvdRszV2DoqC2OUTVazgw==', 'Pa$$w0rd-测试'],
    ['2', 'Zz09Yy18Xx27Ww36V6k8dHSyw8XYOWPXih6ttg==', 'Pa$$w0rd-测试'],
  ] as const)('encrypted field, type %s: %s', (encryptType, sent, plain) => {
    expect(decryptField(sent, KEY, encryptType)).toBe(plain)
  })
})

describe('the oracle and the product, written apart, agree', () => {
  const key = fc.string({ minLength: 1, maxLength: 60 })

  test('on V2 signatures', () => {
    const fields = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(key, fc.string(), fc.nat().map(String), fields, (key, nonce, timestamp, value) => {
        const body = JSON.stringify(value)
        const signature = signV2({ key, nonce, timestamp, body })
        expect(wire.verifyV2({ body, timestamp, nonce, signature }, key).ok).toBe(true)
        expect(wire.verifyV2({ body, timestamp: `${timestamp}1`, nonce, signature }, key).ok).toBe(false)
      }),
    )
  })

  test('on V1 tokens', () => {
    fc.assert(
      fc.property(key, fc.dictionary(fc.string(), fc.string(), { noNullPrototype: true }), (key, fields) => {
        const params = { ...fields, timeStamp: '20240101010203004' }
        expect(wire.authToken({ key, params })).toBe(signV1(key, params))
      }),
    )
  })

  test('on encrypted fields, both ways', () => {
    fc.assert(
      fc.property(key, fc.string({ unit: 'grapheme' }), fc.constantFrom('1', '2'), (key, plain, encryptType) => {
        expect(decryptField(wire.encryptField(plain, key, encryptType), key, encryptType)).toBe(plain)
        expect(wire.decryptField(encryptField(plain, key, encryptType), key, encryptType)).toEqual({
          ok: true,
          value: plain,
        })
      }),
      { numRuns: 40 },
    )
  })
})

describe('AK/SK signatures', () => {
  const account = { accessKeyId: 'FAKEAKFORTESTS000001', secret: 'fakeSecretKeyForTestVectorsOnly0000000001' }
  const now = new Date('2024-01-02T03:04:05Z')
  const path = '/api/mkp-openapi-public/global/v1/order/query'
  const printed = {
    method: 'GET',
    target: `${path}?orderId=MOCKPERIODYEARNEW`,
    headers: {
      host: 'mkt.myhuaweicloud.com',
      'x-sdk-date': '20240102T030405Z',
      authorization:
        'SDK-HMAC-SHA256 Access=FAKEAKFORTESTS000001, SignedHeaders=host;x-sdk-date, Signature=bfedd1cbad88370c0ef937ca91afdc38f83f16ccee13747c303ce37769d892e8',
    },
    body: '',
  }
  const check = (changes: Partial<typeof printed>, at = now) =>
    checkSdkSignature({ ...printed, ...changes }, [account], at)

  test('printed vectors A and B', () => {
    expect(check({})).toEqual({ ok: true, accessKeyId: account.accessKeyId })
    const target = `${path}?orderLineId=CS2207261447AUY4H-000001&orderId=CS2207261447AUY4H`
    const authorization =
      'SDK-HMAC-SHA256 Access=FAKEAKFORTESTS000001, SignedHeaders=content-type;host;x-sdk-date, Signature=a2329b29c9e176640ec1d1f85870b824055098cfd5194b85f463479a12b42817'
    const headers = { ...printed.headers, 'content-type': 'application/json', authorization }
    expect(check({ target, headers })).toEqual({ ok: true, accessKeyId: account.accessKeyId })
  })

  test('what the SDK signs and what the product signs is accepted', () => {
    const queryParams = { orderId: 'CS/ü 测试!', orderLineId: 'a+b' }
    const search = Object.entries(queryParams).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    const url = `https://mkt.example.com${path}?${search.join('&')}`
    const credential = new GlobalCredentials().withAk(account.accessKeyId).withSk(account.secret)
    const bySdk = AKSKSigner.sign({ method: 'GET', endpoint: url, queryParams, headers: {} }, credential)
    const byProduct = { host: 'mkt.example.com', ...wire.signSdkHmac({ method: 'GET', url }, account, new Date()) }
    for (const headers of [bySdk, byProduct]) {
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
      const target = url.slice('https://mkt.example.com'.length)
      const request = { method: 'GET', target, headers: lower as Record<string, string>, body: '' }
      expect(checkSdkSignature(request, [account], new Date())).toEqual({ ok: true, accessKeyId: account.accessKeyId })
    }
  })

  test.each([
    ['another order', { target: `${path}?orderId=MOCKPERIODYEARNEX` }, 'APIGW.0301'],
    ['another path', { target: `${path}s?orderId=MOCKPERIODYEARNEW` }, 'APIGW.0301'],
    ['another method', { method: 'POST' }, 'APIGW.0301'],
    ['another host', { headers: { ...printed.headers, host: 'elsewhere.example.com' } }, 'APIGW.0301'],
    ['another second', { headers: { ...printed.headers, 'x-sdk-date': '20240102T030406Z' } }, 'APIGW.0301'],
    ['an impossible date', { headers: { ...printed.headers, 'x-sdk-date': '20241399T030406Z' } }, 'APIGW.0301'],
    ['no signature', { headers: { ...printed.headers, authorization: '' } }, 'APIGW.0301'],
    ['a body nobody signed', { body: '{}' }, 'APIGW.0201'],
    ['a broken escape', { target: `${path}?orderId=%E6%B` }, 'APIGW.0201'],
  ])('%s is refused', (_, changes, code) => {
    expect(check(changes)).toMatchObject({ ok: false, code })
  })

  test('unknown keys, other secrets and clocks more than 15 minutes off are refused', () => {
    expect(checkSdkSignature(printed, [], now)).toMatchObject({ ok: false, code: 'APIGW.0301' })
    const other = [{ ...account, secret: 'another' }]
    expect(checkSdkSignature(printed, other, now)).toMatchObject({ ok: false, code: 'APIGW.0301' })
    expect(check({}, new Date('2024-01-02T03:19:05Z'))).toMatchObject({ ok: true })
    expect(check({}, new Date('2024-01-02T03:19:06Z'))).toMatchObject({ ok: false, code: 'APIGW.0303', status: 401 })
    expect(check({}, new Date('2024-01-02T02:49:04Z'))).toMatchObject({ ok: false, code: 'APIGW.0303' })
  })
})
