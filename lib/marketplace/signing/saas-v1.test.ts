import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decryptField } from './field-cipher'
import { authToken, explainV1, kitAuthToken, readQuery, verifyKitV1, verifyV1 } from './saas-v1'

const key = '00000000-1111-2222-3333-444444444444'
const timeStamp = '20240101010203004'
const fullQuery =
  'activity=newInstance&amount=10&businessId=biz-0001&chargingMode=1&customerId=cust-1&customerName=%E6%B5%8B%E8%AF%95%E5%AE%A2%E6%88%B7%20A%26B%3DC&expireTime=20250101000000&mobilePhone=abcdefgh123456787IJBBycGpBFSdNB2SC4Xyg%3D%3D&orderAmount=99.9&orderId=CS0000000000000001&periodNumber=1&periodType=year&productId=prod-1&provisionType=1&saasExtendParams=W3sibmFtZSI6ImVtYWlsRG9tYWluTmFtZSIsInZhbHVlIjoidGVzdC5leGFtcGxlLmNvbSJ9XQ%3D%3D&skuCode=sku-1&testFlag=0&timeStamp=20240101010203004&trialFlag=0&authToken=rxIpiuCCQARzq7NE1sJFZv%2BkjKCmgNgawHC9VcU8WQk%3D'
const fullText =
  'activity=newInstance&amount=10&businessId=biz-0001&chargingMode=1&customerId=cust-1&customerName=测试客户 A&B=C&expireTime=20250101000000&mobilePhone=abcdefgh123456787IJBBycGpBFSdNB2SC4Xyg==&orderAmount=99.9&orderId=CS0000000000000001&periodNumber=1&periodType=year&productId=prod-1&provisionType=1&saasExtendParams=W3sibmFtZSI6ImVtYWlsRG9tYWluTmFtZSIsInZhbHVlIjoidGVzdC5leGFtcGxlLmNvbSJ9XQ==&skuCode=sku-1&testFlag=0&timeStamp=20240101010203004&trialFlag=0'

describe('the authToken of a GET', () => {
  // The project's own vectors, equal in Python and OpenJDK 17.
  it.each([
    [
      { activity: 'queryInstance', instanceId: 'ins-a,ins-b', testFlag: '0', timeStamp },
      'ZeE6vwT3xv6GNCwqKxLVG7k2x4ve17sv7O6cF7js/pw=',
    ],
    [{ p3: '3', p1: '1', timeStamp, p2: '2' }, 'A0Oqd6G+45vB4Ly/M4f8371heHxJK7g79z3g4yqnxrU='],
  ])('fits the vector of %j', (params, token) => {
    expect(authToken({ key, params })).toBe(token)
    expect(verifyV1({ key, params: { ...params, authToken: token } }).ok).toBe(true)
  })

  it('fits the full purchase, and shows what was signed', () => {
    const params = readQuery(fullQuery)
    const token = 'rxIpiuCCQARzq7NE1sJFZv+kjKCmgNgawHC9VcU8WQk='
    expect(explainV1({ key, params })).toEqual({ signedText: fullText, computed: token, received: token })
    expect(verifyV1({ key, params }).ok).toBe(true)
    expect(decryptField(params.mobilePhone as string, key, '1')).toEqual({ ok: true, value: '13800000000' })
  })

  it('accepts a token whose + became a blank', () => {
    const params = readQuery(fullQuery.replaceAll('%2B', '+'))
    expect(params.authToken).toContain(' ')
    expect(verifyV1({ key, params })).toMatchObject({
      ok: true,
      received: 'rxIpiuCCQARzq7NE1sJFZv+kjKCmgNgawHC9VcU8WQk=',
    })
  })

  it('accepts a ciphertext whose + became a blank', () => {
    const params = { mobilePhone: 'abcdefgh12345678a+b+c===', activity: 'newInstance', timeStamp }
    const token = authToken({ key, params })
    expect(
      verifyV1({ key, params: { ...params, mobilePhone: params.mobilePhone.replaceAll('+', ' '), authToken: token } })
        .ok,
    ).toBe(true)
  })

  it('signs the first value of a repeated name, and empty and unknown parameters', () => {
    expect(explainV1({ key, params: new URLSearchParams('b=1&a=&b=2&timeStamp=9&authToken=x&B=3') }).signedText).toBe(
      'B=3&a=&b=1&timeStamp=9',
    )
    expect({ ...readQuery('a=1&a=2&__proto__=3&%zz=%e4') }).toEqual({ a: '1', ['__proto__']: '3', '%zz': '\ufffd' })
  })

  it('uses the time stamp it is given', () => {
    expect(authToken({ key, params: { a: '1' }, timeStamp })).toBe(
      authToken({ key: key + timeStamp, params: { a: '1' } }),
    )
  })

  it('compares letter case and the last bits of base64', () => {
    const params = { a: '1', timeStamp }
    const token = authToken({ key, params })
    for (const received of [
      token.toLowerCase(),
      token.slice(0, -1),
      `${token}=`,
      '',
      token.replace(/.=$/, (end) => (end === 'A=' ? 'B=' : 'A=')),
    ]) {
      expect(verifyV1({ key, params, received }).ok).toBe(false)
    }
  })

  it('never accepts a changed parameter, name, token or key', () => {
    const params = fc.dictionary(fc.stringMatching(/^[A-Za-z]{1,8}$/), fc.string({ unit: 'grapheme', minLength: 1 }), {
      minKeys: 1,
    })
    fc.assert(
      fc.property(params, fc.nat(), fc.nat(6), (given, pick, bit) => {
        const call = { ...given, timeStamp }
        const token = authToken({ key, params: call })
        expect(verifyV1({ key, params: { ...call, authToken: token } }).ok).toBe(true)
        const flip = (text: string) => {
          const at = pick % text.length
          return text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
        }
        const names = Object.keys(given)
        const name = names[pick % names.length] as string
        const received = token
        expect(verifyV1({ key, received, params: { ...call, [name]: flip(given[name] as string) } }).ok).toBe(false)
        expect(verifyV1({ key, received, params: { ...call, timeStamp: flip(timeStamp) } }).ok).toBe(false)
        expect(verifyV1({ key, received, params: { ...call, 'not-signed': '1' } }).ok).toBe(false)
        expect(verifyV1({ key, received: flip(token), params: call }).ok).toBe(false)
        expect(verifyV1({ key: flip(key), received, params: call }).ok).toBe(false)
      }),
    )
  })
})

describe('the authToken of a kit POST', () => {
  const body =
    '{"instanceId":"ins-1","orderId":"","tenantId":"68cbc86abc2018ab880d92f36422fa0e","tenantCode":"T0001","name":"测试企业","domainName":"https://org.example.com","flag":1,"testFlag":0,"timeStamp":"20220420114117642"}'

  it('fits the vector of tenantSync, the blank orderId left out', () => {
    expect(kitAuthToken({ key, body })).toBe('b+1Phxny79wkUFaV4d/+rdkfDCsqpcnJhGkNOtlEUzE=')
    const check = verifyKitV1({ key, body, received: 'b 1Phxny79wkUFaV4d/ rdkfDCsqpcnJhGkNOtlEUzE=' })
    expect(check.ok).toBe(true)
    expect(check.signedText).toBe(
      'domainName=https://org.example.com&flag=1&instanceId=ins-1&name=测试企业&tenantCode=T0001&tenantId=68cbc86abc2018ab880d92f36422fa0e&testFlag=0&timeStamp=20220420114117642',
    )
  })

  it('takes strings raw, numbers as written, lists compact, and no blanks or nulls', () => {
    const { signedText } = verifyKitV1({
      key,
      received: '',
      body: '{"s":"[{\\"a\\": 1}]","n":1.50,"l":[ {"b":1, "a":"\\u4e2d"} ],"blank":" \\t","none":null,"t":true}',
    })
    expect(signedText).toBe('l=[{"b":1,"a":"中"}]&n=1.50&s=[{"a": 1}]&t=true')
  })

  it('does not fail on a body that is no object', () => {
    for (const odd of ['', '[1]', '"x"', '{']) expect(verifyKitV1({ key, body: odd, received: '' }).ok).toBe(false)
  })
})
