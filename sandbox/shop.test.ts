import { describe, expect, test } from 'vitest'
import * as wire from '@/lib/marketplace'
import { DAY, HOUR, MINUTE, seeded } from './believable'
import type { SignedCall } from './caller'
import { liveCall, play, poolCsv, SHOP, type ShopCall, shopHistory, shopProducts, shopSetup } from './shop'

const until = new Date('2026-06-15T04:30:00Z')
const sellerUrl = 'http://127.0.0.1:4999'
const history = shopHistory({ until, sellerUrl })
const target = 'http://127.0.0.1:1/api/produce'

/** Verifies and parses a signed call with the product's wire. */
function understand(signed: SignedCall): wire.Result<wire.Command, wire.WireError> | 'bad signature' {
  const params = wire.readQuery(new URL(signed.url).search.slice(1))
  const { timestamp = '', nonce = '', signature = '' } = params
  const verified =
    signed.method === 'GET'
      ? wire.verifyV1({ key: SHOP.baseKey, params }).ok
      : wire.verifyV2({ body: signed.body, timestamp, nonce, signature }, SHOP.baseKey).ok
  if (!verified) return 'bad signature'
  return signed.method === 'GET' ? wire.parseV1(params) : wire.parseV2(JSON.parse(signed.body))
}

describe('the set-up document', () => {
  test('holds products of every delivery with ids of their own', () => {
    const setup = shopSetup(sellerUrl)
    expect(new Set(setup.products.map((product) => product.delivery.type))).toEqual(
      new Set(['template', 'pool', 'webhook', 'manual']),
    )
    const ids = setup.products.flatMap((product) => [...product.productIds, ...product.skuCodes])
    expect(new Set(ids).size).toBe(ids.length)
    expect(setup.products.map((product) => product.name)).toContain(setup.defaultProduct)
    expect(SHOP.apiToken).toMatch(/^desk_[0-9A-Za-z]{32}$/)
    expect(shopSetup(sellerUrl)).toEqual(setup)
  })

  test('the pool has as many accounts as asked for, none twice', () => {
    const rows = poolCsv(40).trim().split('\n')
    expect(rows).toHaveLength(41)
    expect(new Set(rows).size).toBe(41)
  })
})

describe('the history', () => {
  test('is the same every time, in order, and fills the year up to its end', () => {
    expect(shopHistory({ until, sellerUrl })).toEqual(history)
    const times = history.calls.map((call) => call.at.getTime())
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(times.at(-1)).toBeLessThan(until.getTime())
    expect(times[0]).toBeLessThan(until.getTime() - 300 * DAY)
    expect(until.getTime() - (times.at(-1) ?? 0)).toBeLessThan(DAY)
  })

  test('has hundreds of purchases and every activity of both versions', () => {
    const count = (test: (call: ShopCall) => boolean) => history.calls.filter(test).length
    expect(count((call) => call.activity === 'newInstance')).toBeGreaterThan(300)
    const kinds = new Set(history.calls.map((call) => `${call.version} ${call.activity}`))
    const missing = [
      'v1 newInstance,v1 refreshInstance,v1 expireInstance,v1 releaseInstance,v1 upgrade,v1 queryInstance',
      'v2 newInstance,v2 refreshInstance,v2 updateInstanceStatus,v2 releaseInstance,v2 upgradeInstance',
      'v2 queryInstance,v2 changeInstanceCheck,v2 orderNotify',
    ]
      .flatMap((line) => line.split(','))
      .filter((kind) => !kinds.has(kind))
    expect(missing).toEqual([])
    const understood = history.calls.filter((call) => call.about)
    const scenes = new Set(understood.map((call) => call.fields.scene).filter(Boolean))
    expect(scenes).toEqual(new Set(['RENEWAL', 'TRIAL_TO_FORMAL', 'RENEWAL_CHANGE', 'UNSUBSCRIBE_RENEWAL_PERIOD']))
    expect(count((call) => call.wrongKey)).toBe(1)
    expect(count((call) => call.fields.testFlag === '1')).toBeGreaterThan(10)
    expect(new Set(history.sellerModes.values())).toEqual(new Set(['error', 'later', 'refuse', 'garbage']))
  })

  test('every sale has its products and its buyer from one order', () => {
    const known = new Set(
      shopProducts(sellerUrl).flatMap((one) => one.specs.flatMap((spec) => spec.prices.map((p) => p.productId))),
    )
    for (const { order } of history.calls) {
      if (!order) continue
      expect(order.orderLine[0]?.orderLineId).toBe(`${order.orderId}-000001`)
      expect(known).toContain(order.orderLine[0]?.productInfo[0]?.productId)
      expect(order.buyerInfo.customerName).toMatch(/^[\u4e00-\u9fff]{6,12}$/)
    }
  })
})

describe('played', () => {
  type Sent = { at: Date; result: ReturnType<typeof understand>; call: ShopCall; signed: SignedCall }

  async function playAll(answer: (command: wire.Command) => string = () => '000000') {
    const sent: Sent[] = []
    const totals = await play(history.calls, {
      target,
      until,
      async send(signed, call) {
        const result = understand(signed)
        sent.push({ at: call.at, result, call, signed })
        const understood = result !== 'bad signature' && result.ok
        const resultCode = understood ? answer(result.value) : '000002'
        const bought = understood && result.value.activity === 'newInstance' ? result.value.orderId : null
        return { resultCode, instanceId: bought && `ins-${bought}` }
      },
    })
    return { sent, totals }
  }

  test('every call is understood by the product but the few that are meant not to be', async () => {
    const { sent, totals } = await playAll()
    const refused = sent.filter(({ result }) => result === 'bad signature')
    const malformed = sent.filter(({ result }) => result !== 'bad signature' && !result.ok)
    expect(refused.length).toBeGreaterThan(0)
    expect(new Set(refused.map(({ call }) => call.wrongKey))).toEqual(new Set([true]))
    expect(new Set(malformed.map(({ call }) => call.activity))).toEqual(new Set(['newInstance', 'refreshInstance']))
    expect(totals).toEqual({ sent: sent.length, failed: refused.length + malformed.length })
    expect(totals.failed).toBeLessThan(40)
    const v2 = sent.find(({ signed }) => signed.method === 'POST')
    expect(new URL(v2?.signed.url ?? '').searchParams.get('timestamp')).toBe(String(v2?.at.getTime()))
  })

  test('calls about an instance carry the id its purchase was answered with', async () => {
    const { sent } = await playAll()
    const about = sent.filter(({ call }) => call.about)
    expect(about.length).toBeGreaterThan(300)
    for (const { signed, call } of about) {
      const instanceId = signed.body
        ? JSON.parse(signed.body).instanceId
        : new URL(signed.url).searchParams.get('instanceId')
      expect(instanceId).toBe(`ins-${call.about}`)
    }
  })

  test('a purchase that fails is repeated for three hours; nothing follows of it', async () => {
    const victim = history.calls.find(
      (call) => call.activity === 'newInstance' && call.version === 'v2' && !call.wrongKey,
    )
    const orderId = String(victim?.fields.orderId)
    const { sent } = await playAll((command) =>
      command.activity === 'newInstance' && command.orderId === orderId ? '000100' : '000000',
    )
    const tries = sent.filter(({ call }) => call.fields.orderId === orderId && call.activity === 'newInstance')
    const start = victim?.at.getTime() ?? 0
    expect(tries.map(({ at }) => (at.getTime() - start) / HOUR)).toEqual([0, 1, 2, 3])
    expect(new Set(tries.map(({ call }) => call.fields.businessId)).size).toBe(4)
    expect(sent.filter(({ call }) => call.about === orderId)).toEqual([])
    const times = sent.map(({ at }) => at.getTime())
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })
})

test('live calls: mostly good ones, about instances the desk has', async () => {
  const random = seeded(5)
  const [office] = shopProducts(sellerUrl)
  const productId = office?.specs[0]?.prices[0]?.productId ?? null
  const instances = [{ instanceId: 'ins-live', productId, expiresAt: new Date(until.getTime() + 30 * DAY) }]
  const results: ReturnType<typeof understand>[] = []
  const calls = Array.from({ length: 300 }, (_, index) =>
    liveCall(new Date(until.getTime() + index * MINUTE), instances, sellerUrl, random),
  )
  await play(calls, {
    target,
    until,
    async send(signed) {
      results.push(understand(signed))
      return { resultCode: '000000', instanceId: null }
    },
  })
  expect(results).toHaveLength(300)
  const good = results.filter((result) => result !== 'bad signature' && result.ok)
  expect(good.length).toBeGreaterThan(240)
  expect(good.length).toBeLessThan(300)
  const about = calls.filter((call) => call.fields.instanceId === 'ins-live')
  expect(new Set(about.map((call) => call.activity)).size).toBeGreaterThan(3)
})
