import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifySdkHmac } from '../signing/sdk-hmac'
import { buildOrderQuery, mockOrderIds, parseOrderAnswer } from './order'

const access = { accessKeyId: 'FAKEAKFORTESTS000001', secret: 'fakeSecretKeyForTestVectorsOnly0000000001' }
const now = new Date('2024-01-02T03:04:05Z')
const baseUrl = 'https://mkt.myhuaweicloud.com'

describe('buildOrderQuery', () => {
  it('is vector B, whatever the end of the base URL', () => {
    const query = { ...access, orderId: 'CS2207261447AUY4H', orderLineId: 'CS2207261447AUY4H-000001', now }
    for (const base of [baseUrl, `${baseUrl}/`]) {
      const { url, headers } = buildOrderQuery({ ...query, baseUrl: base })
      expect(url).toBe(
        'https://mkt.myhuaweicloud.com/api/mkp-openapi-public/global/v1/order/query?orderId=CS2207261447AUY4H&orderLineId=CS2207261447AUY4H-000001',
      )
      expect(headers).toEqual({
        'Content-Type': 'application/json',
        'X-Sdk-Date': '20240102T030405Z',
        Authorization:
          'SDK-HMAC-SHA256 Access=FAKEAKFORTESTS000001, SignedHeaders=content-type;host;x-sdk-date, Signature=a2329b29c9e176640ec1d1f85870b824055098cfd5194b85f463479a12b42817',
      })
    }
  })

  it('leaves a line out that is not given', () => {
    expect(buildOrderQuery({ ...access, baseUrl, orderId: mockOrderIds[0], orderLineId: null, now }).url).toMatch(
      /\?orderId=MOCKPERIODYEARNEW$/,
    )
  })

  it('is accepted by the gateway check whatever the ids', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string(), (orderId, orderLineId) => {
        const { url, headers } = buildOrderQuery({ ...access, baseUrl, orderId, orderLineId, now })
        const request = {
          method: 'GET',
          target: url.slice(baseUrl.length),
          headers: { host: 'mkt.myhuaweicloud.com', ...headers },
        }
        expect(verifySdkHmac(request, () => access.secret, now.getTime()).ok).toBe(true)
        expect(new URL(url).searchParams.get('orderId')).toBe(orderId)
      }),
    )
  })
})

const orderInfo = {
  orderId: 'CS2207261447AUY4H',
  orderType: 'NEW',
  createTime: '20220726064736',
  orderLine: [
    {
      orderLineId: 'CS2207261447AUY4H-000001',
      chargingMode: 'PERIOD',
      periodType: 'year',
      periodNumber: 1,
      expireTime: '20230726155959',
      productInfo: [{ productId: 'OFFI1', skuCode: 'sku', linearValue: 50, productName: '产品,规格' }],
      extendParams: [{ name: 'emailDomainName', value: 'a.com' }],
      currency: '100',
      currencyAfterDiscount: '100',
    },
  ],
  buyerInfo: {
    mobilePhone: '13800000000',
    email: null,
    customerId: 'c'.repeat(32),
    customerName: 'name',
    customerRealName: 'real',
    customerType: 0,
    userId: null,
    userName: null,
  },
  extendParams: [],
}
const date = { date: now.toUTCString() }
const parse = (status: number, body: unknown, headers: Record<string, string> = date, at = now.getTime()) =>
  parseOrderAnswer(status, headers, typeof body === 'string' ? body : JSON.stringify(body), at)
const family = (status: number, body: unknown, headers?: Record<string, string>, at?: number) => {
  const read = parse(status, body, headers, at)
  return read.ok ? 'ok' : read.error.family
}

describe('parseOrderAnswer', () => {
  it('reads the order of the mock answer', () => {
    expect(parse(200, { resultCode: 'MKT.0000', resultMsg: 'Success', orderInfo })).toEqual({
      ok: true,
      value: {
        orderId: 'CS2207261447AUY4H',
        orderType: 'NEW',
        createTime: '20220726064736',
        lines: [
          {
            orderLineId: 'CS2207261447AUY4H-000001',
            chargingMode: 'PERIOD',
            periodType: 'year',
            periodNumber: 1,
            expireTime: '20230726155959',
            products: [{ productId: 'OFFI1', skuCode: 'sku', linearValue: 50, productName: '产品,规格' }],
            extendParams: [{ name: 'emailDomainName', value: 'a.com' }],
            currency: '100',
            currencyAfterDiscount: '100',
          },
        ],
        buyer: orderInfo.buyerInfo,
        extendParams: [],
      },
    })
  })

  it('reads the least an order may have, older codes, and key for name', () => {
    const least = {
      orderId: 'o',
      orderType: 'CHANGE',
      orderLine: [{ orderLineId: 'l', extendParams: [{ key: 'k', value: 'v' }] }],
    }
    const read = parse(200, { resultCode: ' CBC. 0000 ', orderInfo: least })
    expect(read).toMatchObject({
      ok: true,
      value: {
        buyer: null,
        createTime: null,
        lines: [{ products: [], chargingMode: null, extendParams: [{ name: 'k', value: 'v' }] }],
      },
    })
  })

  it('keeps amounts exactly as they were written', () => {
    const text = JSON.stringify({ resultCode: 'MKT.0000', orderInfo })
      .replace('"currency":"100"', '"currency":100.50')
      .replace('"currencyAfterDiscount":"100"', '"currencyAfterDiscount":12345678901234567890.10')
    const read = parse(200, text)
    expect(read.ok && read.value.lines[0]).toMatchObject({
      currency: '100.50',
      currencyAfterDiscount: '12345678901234567890.10',
    })
  })

  it.each([
    ['MKT.0100', 500, 'invalid'],
    ['MKT.0101', 400, 'invalid'],
    ['CBC.0199', 400, 'invalid'],
    ['MKT.0150', 401, 'not-found-or-not-yours'],
    ['CBC.0150', 403, 'not-found-or-not-yours'],
    ['MKT.0151', 401, 'auth'],
    ['MKT.0154', 401, 'auth'],
    ['MKT. 0250', 406, 'rate-limited'],
    ['MKT.0999', 500, 'marketplace'],
    ['MKT.9001', 500, 'not-found-or-not-yours'],
    ['MKT.7777', 500, 'marketplace'],
    ['MKT.7777', 400, 'invalid'],
    ['APIGW.0101', 404, 'gateway'],
    ['APIGW.0201', 413, 'gateway'],
    ['APIGW.0201', 504, 'gateway'],
    ['APIGW.0301', 401, 'auth'],
    ['APIG.0301', 401, 'auth'],
    ['APIGW.0303', 401, 'clock-skew'],
    ['APIG.0308', 429, 'rate-limited'],
  ])('%s with %i is of the family %s in both shapes', (code, status, expected) => {
    for (const body of [
      { resultCode: code, resultMsg: 'm' },
      { error_code: code, error_msg: 'm', request_id: 'r' },
    ]) {
      const read = parse(status, body)
      expect(read).toMatchObject({
        ok: false,
        error: { family: expected, status, code: code.replace(' ', ''), message: 'm' },
      })
    }
  })

  it.each([
    [401, 'auth'],
    [403, 'auth'],
    [404, 'gateway'],
    [406, 'rate-limited'],
    [429, 'rate-limited'],
    [400, 'invalid'],
    [500, 'marketplace'],
    [502, 'gateway'],
    [200, 'unreadable'],
    [302, 'unreadable'],
  ])('status %i without a code is of the family %s', (status, expected) => {
    for (const body of ['', '<html>\u0000', '[]', '{}', '{"resultCode":{}}'])
      expect(family(status, body)).toBe(expected)
  })

  it('tells a wrong clock from a wrong key', () => {
    const body = {
      error_code: 'APIGW.0301',
      error_msg: 'Incorrect IAM authentication information: verify aksk signature fail',
    }
    const late = now.getTime() + 16 * 60_000
    expect(parse(401, body, date, late)).toMatchObject({ error: { family: 'clock-skew', skewMs: 960_000 } })
    expect(parseOrderAnswer(401, new Headers(date), '', late)).toMatchObject({
      error: { family: 'clock-skew', skewMs: 960_000 },
    })
    expect(family(401, body, date, now.getTime() + 15 * 60_000)).toBe('auth')
    expect(family(401, body, {}, late)).toBe('auth')
    expect(parse(401, { error_code: 'APIGW.0303' }, {})).toMatchObject({ error: { family: 'clock-skew', message: '' } })
    expect(family(401, { resultCode: 'MKT.0150' }, date, late)).toBe('not-found-or-not-yours')
  })

  it('says what a successful answer lacks', () => {
    for (const [info, member] of [
      [undefined, 'orderInfo'],
      [[], 'orderInfo'],
      [{ ...orderInfo, orderId: '' }, 'orderInfo.orderId'],
      [{ ...orderInfo, orderType: null }, 'orderInfo.orderType'],
      [{ ...orderInfo, orderLine: [] }, 'orderInfo.orderLine'],
      [{ ...orderInfo, orderLine: [5] }, 'orderInfo.orderLine.orderLineId'],
    ] as const) {
      const read = parse(200, { resultCode: 'MKT.0000', orderInfo: info })
      expect(read).toMatchObject({ error: { family: 'unreadable', message: `the answer has no usable ${member}` } })
    }
  })

  it('never throws and never repeats control characters', () => {
    const answers = fc.record({
      resultCode: fc.constantFrom('MKT.0000', 'MKT.0999', 'x'),
      orderInfo: fc.jsonValue(),
      resultMsg: fc.jsonValue(),
    })
    fc.assert(
      fc.property(
        fc.integer({ min: 100, max: 599 }),
        fc.oneof(
          answers.map((a) => JSON.stringify(a)),
          fc.string(),
        ),
        (status, body) => {
          const read = parse(status, body)
          if (!read.ok) expect(read.error.message).toMatch(/^[^\p{Cc}]{0,255}$/u)
        },
      ),
    )
  })
})
