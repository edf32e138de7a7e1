import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { v2Activities } from '../commands'
import { resultMessage } from '../result-codes'
import { SignedBody } from '../signing/signed-body'
import { parseV2 } from './request'

const newInstance = {
  activity: 'newInstance',
  businessId: '87b94795-0603-4e24-8ae5-69420d60e3c8',
  orderId: 'CS2211181819B4LVS',
  orderLineId: 'CS2211181819B4LVS-000001',
  testFlag: '1',
}
const refreshInstance = {
  activity: 'refreshInstance',
  expireTime: '20221124023618256',
  instanceId: 'i1',
  orderId: 'o1',
  orderLineId: 'o1-000001',
  productId: 'OFFI1',
  scene: 'RENEWAL',
  testFlag: '0',
}

const value = (body: unknown) => {
  const read = parseV2(body)
  if (!read.ok) throw new Error(read.error.message)
  return read.value
}
const error = (body: unknown) => {
  const read = parseV2(body)
  if (read.ok) throw new Error('nothing was refused')
  return read.error
}

describe('parseV2', () => {
  it('reads every activity', () => {
    expect(value(newInstance)).toEqual({
      ...newInstance,
      testFlag: undefined,
      protocol: 'saas-v2',
      productId: null,
      test: true,
    })
    expect(value({ activity: 'queryInstance', instanceId: 'b, a ,b,,c' })).toEqual({
      activity: 'queryInstance',
      instanceIds: ['b', 'a', 'c'],
      test: false,
    })
    expect(value(refreshInstance)).toEqual({
      activity: 'refreshInstance',
      scene: 'RENEWAL',
      orderId: 'o1',
      orderLineId: 'o1-000001',
      instanceId: 'i1',
      productId: 'OFFI1',
      expireTime: '20221124023618256',
      orderAmount: null,
      periodType: null,
      periodNumber: null,
      test: false,
    })
    expect(value({ activity: 'updateInstanceStatus', instanceId: 'i1', status: 'UNFREEZE', testFlag: '1' })).toEqual({
      activity: 'updateInstanceStatus',
      instanceId: 'i1',
      status: 'UNFREEZE',
      test: true,
    })
    expect(value({ activity: 'releaseInstance', instanceId: 'i1' })).toEqual({
      activity: 'releaseInstance',
      instanceId: 'i1',
      orderId: null,
      orderLineId: null,
      test: false,
    })
    expect(value({ activity: 'upgradeInstance', instanceId: 'i1', orderId: 'o', orderLineId: 'l' })).toMatchObject({
      activity: 'upgradeInstance',
      orderId: 'o',
      orderLineId: 'l',
      amount: null,
      extendParams: [],
    })
    expect(value({ activity: 'orderNotify', orderId: 'o', orderLineId: 'l', testFlag: '0' })).toEqual({
      activity: 'orderNotify',
      orderId: 'o',
      orderLineId: 'l',
      test: false,
    })
  })

  it.each([
    ['1', true],
    [1, true],
    [true, true],
    ['0', false],
    [0, false],
    [false, false],
    ['', false],
    [null, false],
    [undefined, false],
  ])('reads testFlag %j as %j', (testFlag, test) => {
    expect(value({ ...newInstance, testFlag })).toMatchObject({ test })
  })

  it('passes over members it does not know, and takes numbers as ids', () => {
    const body = new SignedBody(
      '{"activity":"releaseInstance","instanceId":12345678901234567890,"buyerInfo":{"email":"x"}}',
    )
    expect(value(body.value())).toMatchObject({ instanceId: '12345678901234567890' })
    expect(value({ ...newInstance, orderId: '  CS1 ' })).toMatchObject({ orderId: 'CS1' })
  })

  it.each(['TRIAL_TO_FORMAL', 'RENEWAL', 'UNSUBSCRIBE_RENEWAL_PERIOD', 'RENEWAL_CHANGE'])(
    'knows the scene %s',
    (scene) => {
      expect(value({ ...refreshInstance, scene, expireTime: '20221124023618' })).toMatchObject({ scene })
    },
  )

  it('reads productInfo as an object, a list or their text', () => {
    const product = { productId: 'p', skuCode: 's', linearValue: 5, productName: 'n' }
    const empty = { productId: null, skuCode: null, linearValue: null, productName: null }
    const check = (productInfo: unknown) => value({ activity: 'changeInstanceCheck', instanceId: 'i', productInfo })
    for (const form of [product, [product], JSON.stringify(product), JSON.stringify([product])]) {
      expect(check(form)).toEqual({
        activity: 'changeInstanceCheck',
        instanceId: 'i',
        products: [product],
        test: false,
      })
    }
    expect(check([{ productId: 'p' }, { linearValue: '7' }])).toMatchObject({
      products: [
        { ...empty, productId: 'p' },
        { ...empty, linearValue: 7 },
      ],
    })
    for (const odd of ['', 'no json', '[]', [], {}, [1], 5, null, undefined, [[product]]]) {
      expect(error({ activity: 'changeInstanceCheck', instanceId: 'i', productInfo: odd }).field).toBe('productInfo')
    }
  })

  it.each([
    [newInstance, ['orderId', 'orderLineId', 'businessId']],
    [refreshInstance, ['scene', 'orderId', 'orderLineId', 'instanceId', 'expireTime']],
    [{ activity: 'queryInstance', instanceId: 'i' }, ['instanceId']],
    [{ activity: 'updateInstanceStatus', instanceId: 'i', status: 'FREEZE' }, ['instanceId', 'status']],
    [{ activity: 'releaseInstance', instanceId: 'i' }, ['instanceId']],
    [
      { activity: 'upgradeInstance', instanceId: 'i', orderId: 'o', orderLineId: 'l' },
      ['instanceId', 'orderId', 'orderLineId'],
    ],
    [{ activity: 'orderNotify', orderId: 'o', orderLineId: 'l' }, ['orderId', 'orderLineId']],
  ])('names each mandatory member that is missing or wrong: %j', (body, fields) => {
    expect(parseV2(body).ok).toBe(true)
    for (const field of fields) {
      for (const wrong of [undefined, null, '', '  ', {}, [], true, 'a\u0000b', 'x'.repeat(10_000)]) {
        const refused = error({ ...body, [field]: wrong })
        expect(refused).toMatchObject({ code: '000002', field })
        expect(refused.message.startsWith(`${field}: `)).toBe(true)
        expect(resultMessage(refused.code, refused.message)).not.toMatch(/…$/)
      }
    }
  })

  it('refuses ids over their length, and more than 100 of them', () => {
    expect(parseV2({ ...newInstance, orderId: 'x'.repeat(64) }).ok).toBe(true)
    expect(error({ ...newInstance, orderId: 'x'.repeat(65) }).message).toContain('not 65')
    const ids = Array.from({ length: 101 }, (_, i) => `${'y'.repeat(60)}${i}`)
    expect(value({ activity: 'queryInstance', instanceId: ids.slice(1).join(',') })).toMatchObject({
      instanceIds: ids.slice(1),
    })
    expect(error({ activity: 'queryInstance', instanceId: ids.join(',') }).message).toContain('"101 ids"')
    expect(error({ activity: 'queryInstance', instanceId: `a,${'x'.repeat(65)}` }).field).toBe('instanceId')
    expect(error({ activity: 'queryInstance', instanceId: ' , ,' }).message).toContain('missing')
  })

  it.each(['20241301000000', '20230229000000', '2024-01-01', '1700000000000', '20240101'])(
    'refuses the time %s',
    (expireTime) => {
      expect(error({ ...refreshInstance, expireTime })).toMatchObject({ field: 'expireTime' })
    },
  )

  it('answers an unknown activity with the known ones, a V1 one with a hint', () => {
    const unknown = error({ activity: 'selfDestruct' })
    expect(unknown.field).toBe('activity')
    expect(unknown.message).toContain('"selfDestruct"')
    for (const activity of v2Activities) expect(unknown.message).toContain(activity)
    for (const activity of ['expireInstance', 'upgrade', 'instanceStatus']) {
      const hint = error({ activity }).message
      expect(hint).toContain(`"${activity}" belongs to V1.0`)
      expect(resultMessage('000002', hint)).toContain('by GET)')
    }
    for (const activity of [undefined, null, '', 5, {}, 'NEWINSTANCE', 'toString'])
      expect(error({ activity }).field).toBe('activity')
  })

  it('refuses a body that is no object', () => {
    for (const body of [null, undefined, [], 'x', 1, true])
      expect(error(body)).toMatchObject({ code: '000002', field: 'body' })
  })

  it('never throws, and never says more than 255 characters', () => {
    const bodies = fc.record(
      {
        activity: fc.oneof(fc.constantFrom(...v2Activities, 'upgrade'), fc.jsonValue()),
        orderId: fc.jsonValue(),
        orderLineId: fc.constantFrom('l', null),
        businessId: fc.jsonValue(),
        instanceId: fc.jsonValue(),
        productInfo: fc.jsonValue(),
        expireTime: fc.oneof(fc.constant('20240101000000'), fc.jsonValue()),
        testFlag: fc.jsonValue(),
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(bodies, fc.jsonValue()), (body) => {
        const read = parseV2(body)
        if (!read.ok) expect(resultMessage(read.error.code, read.error.message)).toMatch(/^[^\p{Cc}]{1,255}$/u)
      }),
      { numRuns: 500 },
    )
  })
})
