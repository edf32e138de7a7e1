import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { v1Activities } from '../commands'
import { resultMessage } from '../result-codes'
import { readQuery } from '../signing/saas-v1'
import { parseV1 } from './request'

const timeStamp = '20240101010203004'
const purchase = {
  activity: 'newInstance',
  amount: '10',
  businessId: 'biz-0001',
  chargingMode: '1',
  customerId: 'cust-1',
  customerName: '测试客户 A&B=C',
  expireTime: '20250101000000',
  mobilePhone: 'abcdefgh123456787IJBBycGpBFSdNB2SC4Xyg==',
  orderAmount: '99.9',
  orderId: 'CS0000000000000001',
  periodNumber: '1',
  periodType: 'year',
  productId: 'prod-1',
  provisionType: '1',
  saasExtendParams: 'W3sibmFtZSI6ImVtYWlsRG9tYWluTmFtZSIsInZhbHVlIjoidGVzdC5leGFtcGxlLmNvbSJ9XQ==',
  skuCode: 'sku-1',
  testFlag: '0',
  timeStamp,
  trialFlag: '0',
}
const renewal = {
  activity: 'refreshInstance',
  orderId: 'o2',
  instanceId: 'i1',
  expireTime: '20250101000000',
  timeStamp,
}

const value = (params: Record<string, string>) => {
  const read = parseV1(params)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}
const error = (params: Record<string, string>) => {
  const read = parseV1(params)
  if (read.ok) throw new Error('nothing was refused')
  return read.error
}
const encoded = (json: string) => Buffer.from(json).toString('base64')

describe('parseV1', () => {
  it('reads a full purchase', () => {
    expect(value(purchase)).toEqual({
      activity: 'newInstance',
      protocol: 'saas-v1',
      orderId: 'CS0000000000000001',
      orderLineId: null,
      businessId: 'biz-0001',
      productId: 'prod-1',
      test: false,
      v1: {
        customerId: 'cust-1',
        customerName: '测试客户 A&B=C',
        userId: null,
        userName: null,
        mobilePhone: 'abcdefgh123456787IJBBycGpBFSdNB2SC4Xyg==',
        email: null,
        skuCode: 'sku-1',
        trial: false,
        expireTime: new Date('2025-01-01T00:00:00Z'),
        expireTimeText: '20250101000000',
        chargingMode: 'PERIOD',
        extendParams: [{ name: 'emailDomainName', value: 'test.example.com' }],
        amount: 10,
        diskSize: null,
        bandWidth: null,
        periodType: 'year',
        periodNumber: 1,
        orderAmount: '99.9',
        provisionType: '1',
      },
    })
  })

  it("reads the marketplace's debug purchase, which has no skuCode and no chargingMode", () => {
    const query =
      'activity=newInstance&businessId=61e834ba-7b97-4418-b8f7-e5345137278c&customerId=68cbc86abc2018ab880d92f36422fa0e&expireTime=20200727153156&orderId=CS1906666666ABCDE&productId=00301-666666-0--0&testFlag=1&timeStamp=20200727073711903&authToken=x'
    expect(value(readQuery(query))).toMatchObject({
      test: true,
      v1: { skuCode: null, chargingMode: null, amount: null },
    })
  })

  it.each([
    ['0', 'ON_DEMAND'],
    ['1', 'PERIOD'],
    ['3', 'ONE_TIME'],
    ['5', 'ON_DEMAND_PKG'],
  ])('reads chargingMode %s as %s', (chargingMode, mode) => {
    expect(value({ ...purchase, chargingMode })).toMatchObject({ v1: { chargingMode: mode } })
  })

  it('reads the three kinds of refreshInstance', () => {
    expect(value(renewal)).toEqual({
      activity: 'refreshInstance',
      scene: 'RENEWAL',
      orderId: 'o2',
      orderLineId: null,
      instanceId: 'i1',
      productId: null,
      expireTime: '20250101000000',
      orderAmount: null,
      periodType: null,
      periodNumber: null,
      test: false,
    })
    expect(value({ ...renewal, trialToFormal: '1' })).toMatchObject({ scene: 'TRIAL_TO_FORMAL' })
    expect(value({ ...renewal, trialToFormal: '0', orderAmount: '10.5' })).toMatchObject({ scene: 'RENEWAL' })
    expect(value({ ...renewal, orderAmount: '-10.555' })).toMatchObject({
      scene: 'UNSUBSCRIBE_RENEWAL_PERIOD',
      orderAmount: '-10.555',
    })
  })

  it('reads the other activities', () => {
    expect(value({ activity: 'expireInstance', instanceId: 'i', orderId: 'o', timeStamp })).toEqual({
      activity: 'expireInstance',
      instanceId: 'i',
      orderId: 'o',
      test: false,
    })
    expect(value({ activity: 'releaseInstance', instanceId: 'i', orderId: 'o', timeStamp, testFlag: '1' })).toEqual({
      activity: 'releaseInstance',
      instanceId: 'i',
      orderId: 'o',
      orderLineId: null,
      test: true,
    })
    expect(value({ activity: 'queryInstance', instanceId: 'a,b', timeStamp })).toMatchObject({
      instanceIds: ['a', 'b'],
    })
    for (const [instanceStatus, status] of [
      ['FREEZE', 'FREEZE'],
      ['NORMAL', 'UNFREEZE'],
    ] as const) {
      expect(value({ activity: 'instanceStatus', instanceId: 'i', instanceStatus, timeStamp })).toMatchObject({
        status,
      })
    }
    expect(
      error({ activity: 'instanceStatus', instanceId: 'i', instanceStatus: 'UNFREEZE', timeStamp }).message,
    ).toContain('FREEZE, NORMAL')
  })

  it('reads the upgrade of the documents', () => {
    const params = [
      { name: 'idNum', value: '352255555555656' },
      { name: 'userName', value: 'huawei123' },
    ]
    expect(
      value({
        activity: 'upgrade',
        amount: '6456',
        instanceId: 'huaiweitest123456',
        orderId: 'CS1906666688ABCDE',
        productId: '00301-666688-0-0',
        saasExtendParams: encoded(JSON.stringify(params)),
        testFlag: '1',
        timeStamp,
      }),
    ).toEqual({
      activity: 'upgrade',
      instanceId: 'huaiweitest123456',
      orderId: 'CS1906666688ABCDE',
      orderLineId: null,
      skuCode: null,
      productId: '00301-666688-0-0',
      amount: 6456,
      diskSize: null,
      bandWidth: null,
      extendParams: params,
      test: true,
    })
  })

  it('decodes saasExtendParams in every state of URL encoding', () => {
    const plain = encoded('[{"name":"域名","value":"测试>>>???"},{"key":"n","value":5},{"name":"none"}]')
    expect(plain).toMatch(/[+/]/)
    const expected = [
      { name: '域名', value: '测试>>>???' },
      { name: 'n', value: '5' },
      { name: 'none', value: '' },
    ]
    for (const form of [plain, encodeURIComponent(plain), plain.replaceAll('+', ' '), plain.replace(/=+$/, '')]) {
      expect(value({ ...purchase, saasExtendParams: form })).toMatchObject({ v1: { extendParams: expected } })
    }
    for (const odd of [
      '%%%',
      '!!!',
      encoded('{}'),
      encoded('[1]'),
      encoded('[{"value":"v"}]'),
      encoded('nonsense'),
      '/w==',
    ]) {
      const refused = error({ ...purchase, saasExtendParams: odd })
      expect(refused).toMatchObject({ code: '000002', field: 'saasExtendParams' })
    }
    expect(value({ ...purchase, saasExtendParams: '' })).toMatchObject({ v1: { extendParams: [] } })
  })

  it('names the parameter that is missing or wrong', () => {
    for (const field of ['orderId', 'businessId', 'productId', 'customerId', 'timeStamp', 'activity']) {
      expect(error({ ...purchase, [field]: '' })).toMatchObject({ code: '000002', field })
    }
    for (const [field, wrong] of [
      ['chargingMode', '2'],
      ['amount', '-1'],
      ['amount', '12345678'],
      ['periodNumber', '1.5'],
      ['orderAmount', '-1'],
      ['orderAmount', '1e3'],
      ['orderAmount', '1.2345'],
      ['expireTime', '20250230000000'],
      ['trialFlag', 'yes'],
      ['testFlag', '2'],
      ['customerId', 'x'.repeat(101)],
      ['customerName', 'a\u0000b'],
      ['timeStamp', '1704070923004'],
    ]) {
      expect(error({ ...purchase, [field as string]: wrong as string })).toMatchObject({ field })
    }
    expect(error({ ...renewal, instanceId: '' }).field).toBe('instanceId')
    expect(error({ ...renewal, expireTime: '' }).field).toBe('expireTime')
  })

  it('never repeats a secret', () => {
    expect(error({ ...purchase, mobilePhone: `13800000000${'x'.repeat(600)}` }).message).not.toContain('138')
    expect(error({ ...purchase, email: `a@b.c\u0000` }).message).not.toContain('a@b.c')
  })

  it('answers an unknown activity with the known ones, a V2 one with a hint', () => {
    const unknown = error({ activity: 'toString', timeStamp })
    for (const activity of v1Activities) expect(unknown.message).toContain(activity)
    for (const activity of ['updateInstanceStatus', 'upgradeInstance', 'changeInstanceCheck', 'orderNotify']) {
      expect(error({ activity, timeStamp }).message).toContain(`"${activity}" belongs to V2.0`)
    }
  })

  it('never throws, and never says more than 255 characters', () => {
    const params = fc.dictionary(
      fc.oneof(
        fc.constantFrom(...Object.keys(purchase), 'instanceId', 'instanceStatus', 'trialToFormal', '__proto__'),
        fc.string(),
      ),
      fc.oneof(fc.constantFrom(...v1Activities, ...Object.values(purchase)), fc.string({ unit: 'binary' })),
    )
    fc.assert(
      fc.property(params, fc.constantFrom(...v1Activities), (given, activity) => {
        for (const call of [given, { ...given, activity, timeStamp }]) {
          const read = parseV1(call)
          if (!read.ok) expect(resultMessage(read.error.code, read.error.message)).toMatch(/^[^\p{Cc}]{1,255}$/u)
        }
      }),
      { numRuns: 500 },
    )
  })
})
