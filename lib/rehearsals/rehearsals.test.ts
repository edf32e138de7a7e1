import { describe, expect, test } from 'vitest'
import {
  bodySign,
  kitNames,
  licenseV1Activities,
  licenseV2Activities,
  onlineLicenseActivities,
  parseKit,
  parseLicenseV1,
  parseLicenseV2,
  parseV1,
  parseV2,
  v1Activities,
  v2Activities,
  verifyKitV1,
  verifyKitV2,
  verifyV1,
  verifyV2,
} from '@/lib/marketplace'
import { judgeAnswer, signedCall } from '.'

const key = 'test-access-key-0001'
const order = {
  defaults: { instanceId: 'huaiweitest123456', productId: '00301-666666-0--0', skuCode: 'sku' },
  key,
  to: 'https://desk.example.com/api/produce',
  now: new Date('2026-03-01T10:00:00Z'),
}
const queryOf = (url: string) => Object.fromEntries(new URL(url).searchParams)

describe.each(kitNames)('kit %s', (activity) => {
  test.each(['v1', 'v2'] as const)('is signed, and complete as the documents have it, in %s', (version) => {
    const set = { tenantId: 't-2' }
    const { url, headers, body, method } = signedCall({ ...order, activity, version, set })
    const { authToken = '', 'x-sign': signature = '', 'x-timestamp': timestamp = '', 'x-nonce': nonce = '' } = headers
    const check =
      version === 'v1'
        ? verifyKitV1({ key, body, received: authToken })
        : verifyKitV2({ body, timestamp, nonce, signature }, key)
    expect(check.ok).toBe(true)
    expect(method).toBe('POST')
    expect(url).toBe(`${order.to}/${version === 'v1' ? '' : 'produceAPI/v2/'}${activity}`)
    const read = { activity, tenantId: 't-2', test: true, changedAt: order.now }
    expect(parseKit(activity, JSON.parse(body))).toMatchObject({ ok: true, value: read })
  })
})

describe.each(v1Activities)('V1 %s', (activity) => {
  test('is signed, and complete as the documents have it', () => {
    const call = signedCall({ ...order, activity, version: 'v1' })
    expect(call.method).toBe('GET')
    expect(verifyV1({ key, params: queryOf(call.url) }).ok).toBe(true)
    expect(parseV1(queryOf(call.url))).toMatchObject({ ok: true, value: { activity, test: true } })
  })
})

describe.each(v2Activities)('V2 %s', (activity) => {
  test('is signed, and complete as the documents have it', () => {
    const { method, url, body } = signedCall({ ...order, activity })
    const { signature = '', timestamp = '', nonce = '' } = queryOf(url)
    expect(method).toBe('POST')
    expect(timestamp).toBe(String(order.now.getTime()))
    expect(verifyV2({ body, signature, timestamp, nonce }, key)).toMatchObject({ ok: true })
    expect(parseV2(JSON.parse(body))).toMatchObject({ ok: true, value: { activity, test: true } })
  })
})

test.each([...licenseV1Activities, ...licenseV2Activities, ...onlineLicenseActivities])('licence %s', (activity) => {
  const { method, url, body } = signedCall({ ...order, activity })
  const query = queryOf(url)
  if (method === 'GET') {
    expect(verifyV1({ key, params: query }).ok).toBe(true)
    expect(parseLicenseV1(query)).toMatchObject({ ok: true, value: { activity, test: true } })
  } else {
    const { signature = '', timestamp = '', nonce = '' } = query
    expect(verifyV2({ body, signature, timestamp, nonce }, key).ok).toBe(true)
    expect(parseLicenseV2(JSON.parse(body))).toMatchObject({ ok: true, value: { activity, test: true } })
  }
})

test('set replaces members before signing; two calls are never the same', () => {
  const set = { orderId: 'CS1906666666ABCDE', productInfo: '{"productId":"p","linearValue":3}', note: '[not JSON' }
  const { url, body } = signedCall({ ...order, activity: 'newInstance', set })
  const { signature = '', timestamp = '', nonce = '' } = queryOf(url)
  expect(verifyV2({ body, signature, timestamp, nonce }, key).ok).toBe(true)
  expect(JSON.parse(body)).toMatchObject({ ...set, productInfo: { productId: 'p', linearValue: 3 } })
  expect(queryOf(signedCall({ ...order, activity: 'newInstance', set }).url).nonce).not.toBe(nonce)
  const v1 = signedCall({ ...order, activity: 'upgrade', set: { memo: 'a=b&c 中文', testFlag: '0' } })
  expect(verifyV1({ key, params: queryOf(v1.url) }).ok).toBe(true)
  expect(queryOf(v1.url)).toMatchObject({ memo: 'a=b&c 中文', testFlag: '0' })
})

test('an activity of neither or of the other version is refused with what is allowed', () => {
  expect(() => signedCall({ ...order, activity: 'newinstance' })).toThrow('no activity of v1')
  expect(() => signedCall({ ...order, activity: 'upgrade', version: 'v2' })).toThrow('upgradeInstance')
})

test('an answer is judged as the marketplace would', () => {
  const v1 = signedCall({ ...order, activity: 'newInstance', version: 'v1' })
  const v2 = signedCall({ ...order, activity: 'newInstance', version: 'v2' })
  const done = '{"resultCode":"000000","resultMsg":"success"}'
  const judge = (call: typeof v1, body: string, sign: string | null, status = 200) =>
    judgeAnswer(call, { status, bodySign: sign, body }, key)
  expect(judge(v1, done, bodySign(done, key))).toEqual({ resultCode: '000000', bodySign: true, good: true })
  expect(judge(v1, done, bodySign(done, 'another-key'))).toMatchObject({ bodySign: false, good: false })
  expect(judge(v1, done, null)).toMatchObject({ bodySign: null, good: false })
  expect(judge(v2, done, null)).toMatchObject({ bodySign: null, good: true })
  expect(judge(v2, '{"resultCode":"000004"}', null)).toMatchObject({ good: true })
  expect(judge(v2, '{"resultCode":"000001"}', null)).toMatchObject({ resultCode: '000001', good: false })
  expect(judge(v2, done, null, 500)).toMatchObject({ good: false })
  expect(judge(v2, '<html>', null)).toEqual({ resultCode: null, bodySign: null, good: false })
})
