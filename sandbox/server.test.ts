import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { buildOrderQuery, mockOrderIds, parseOrderAnswer } from '@/lib/marketplace'
import { randomBuyer, seeded } from './believable'
import { buildOrder, lineOf } from './orders'
import { type Fault, startSandbox } from './server'

const account = { accessKeyId: 'SANDBOXTEST', secret: 'sandbox-test-secret' }
const other = { accessKeyId: 'ANOTHERSELLER', secret: 'another-secret' }
const sandbox = await startSandbox({ accounts: [account, other] })
afterAll(() => sandbox.stop())

beforeEach(() => {
  sandbox.control.clearFaults()
  sandbox.control.clearRequests()
  sandbox.control.clearOrders()
  sandbox.control.set({ clockOffsetMs: 0, unknownOrder: 'MKT.0150' })
})

type Ask = { orderId?: string; orderLineId?: string; baseUrl?: string; timeoutMs?: number; as?: typeof account }

function ask({
  orderId = 'MOCKPERIODYEARNEW',
  orderLineId,
  baseUrl = sandbox.url,
  timeoutMs = 3000,
  as = account,
}: Ask) {
  const query = buildOrderQuery({ ...as, baseUrl, orderId, ...(orderLineId && { orderLineId }), now: new Date() })
  return fetch(query.url, { headers: query.headers, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
}

async function answerOf(asked: Ask) {
  const response = await ask(asked)
  return parseOrderAnswer(response.status, response.headers, await response.text(), Date.now())
}

const order = buildOrder({
  orderId: 'CS2607261447AUY4H',
  orderType: 'NEW',
  at: new Date('2026-07-26T06:47:36Z'),
  chargingMode: 'PERIOD',
  period: { type: 'year', number: 1 },
  expiresAt: new Date('2027-07-26T15:59:59Z'),
  product: { productId: 'OFFI1', skuCode: 'sku-1', productName: '看板,专业版', quantity: 10 },
  buyer: randomBuyer(seeded(1)),
  amount: '4990.00',
})

describe('orders', () => {
  test.each(mockOrderIds)('%s is known, dated from today and readable by the product', async (orderId) => {
    const answer = await answerOf({ orderId, orderLineId: lineOf(orderId) })
    if (!answer.ok) throw new Error(answer.error.message)
    expect(answer.value.orderId).toBe(orderId)
    expect(answer.value.buyer?.customerName).toMatch(/^[\u4e00-\u9fff]+$/)
    const [line] = answer.value.lines
    expect(line).toMatchObject({ orderLineId: lineOf(orderId), products: [{ linearValue: 50 }] })
    const periodical = /PERIOD|PKG|MONTY/.test(orderId)
    expect(line?.expireTime === null).toBe(!periodical)
    if (periodical) expect(Number(line?.expireTime)).toBeGreaterThan(Number(answer.value.createTime))
  })

  test('a registered order is answered as registered; the line narrows it; strangers are refused', async () => {
    sandbox.control.registerOrders([order], account.accessKeyId)
    expect(await (await ask({ orderId: order.orderId })).json()).toEqual({
      resultCode: 'MKT.0000',
      resultMsg: 'Success',
      orderInfo: order,
    })
    expect(await answerOf({ orderId: order.orderId, as: other })).toMatchObject({
      ok: false,
      error: { family: 'not-found-or-not-yours', code: 'MKT.0150', status: 401 },
    })
    const elsewhere = await ask({ orderId: order.orderId, orderLineId: `${order.orderId}-000002` })
    expect(elsewhere.status).toBe(401)
  })

  test('what an unknown order is answered can be chosen', async () => {
    expect((await ask({ orderId: 'CS0' })).status).toBe(401)
    sandbox.control.set({ unknownOrder: 'MKT.0100' })
    expect(await (await ask({ orderId: 'CS0' })).json()).toMatchObject({ resultCode: 'MKT.0100' })
  })

  test('malformed questions', async () => {
    expect(await (await ask({ orderId: 'C'.repeat(65) })).json()).toMatchObject({ resultCode: 'MKT.0100' })
    const unsigned = await fetch(`${sandbox.url}/api/mkp-openapi-public/global/v1/order/query?orderId=CS0`)
    expect([unsigned.status, await unsigned.json()]).toMatchObject([401, { error_code: 'APIGW.0301' }])
    const elsewhere = await fetch(`${sandbox.url}/api/nothing`)
    expect([elsewhere.status, await elsewhere.json()]).toMatchObject([404, { error_code: 'APIGW.0101' }])
  })
})

describe('faults', () => {
  test.each([
    ['MKT.0250', 'rate-limited'],
    ['MKT.0999', 'marketplace'],
    ['CBC.0150', 'not-found-or-not-yours'],
    ['MKT.0154', 'auth'],
    ['APIGW.0301', 'auth'],
    ['APIG.0301', 'auth'],
    ['APIGW.0201', 'gateway'],
    ['garbage', 'unreadable'],
    ['empty', 'unreadable'],
    ['html', 'gateway'],
  ])('%s is read by the product as %s', async (answer, family) => {
    sandbox.control.addFault({ answer, times: 1 })
    expect(await answerOf({})).toMatchObject({ ok: false, error: { family } })
    expect(await answerOf({})).toMatchObject({ ok: true })
  })

  test.each(['cut', 'cut-mid-body'] as const)('%s breaks the connection', async (answer) => {
    sandbox.control.addFault({ answer, times: 1 })
    await expect(answerOf({})).rejects.toThrow()
    expect(await answerOf({})).toMatchObject({ ok: true })
  })

  test.each([{ answer: 'hang' }, { answer: 'trickle' }, { delayMs: 5000 }] satisfies Fault[])(
    '%j outlasts a patient client',
    async (fault) => {
      sandbox.control.addFault(fault)
      await expect(answerOf({ timeoutMs: 300 })).rejects.toThrow(/timeout/)
    },
  )

  test('redirects, wrong content types, huge and spelled-out answers', async () => {
    const status = async (fault: Fault) => {
      sandbox.control.addFault({ ...fault, times: 1 })
      const response = await ask({})
      return [response.status, response.headers.get('content-type'), (await response.text()).length > 1_000_000]
    }
    expect(await status({ answer: 'redirect' })).toEqual([302, null, false])
    expect(await status({ answer: 'wrong-content-type' })).toEqual([200, 'text/plain', false])
    expect(await status({ answer: 'huge' })).toEqual([200, 'application/json;charset=UTF-8', true])
    expect(await status({ answer: { status: 418, headers: { 'Content-Type': 'x/y' } } })).toEqual([418, 'x/y', false])
  })

  test('only for one order, one host, or so many requests', async () => {
    sandbox.control.addFault({ host: 'primary', answer: 'MKT.0999', times: 2 })
    const statuses = []
    for (const baseUrl of [sandbox.fallbackUrl, sandbox.url, sandbox.url, sandbox.url]) {
      statuses.push((await ask({ baseUrl })).status)
    }
    expect(statuses).toEqual([200, 500, 500, 200])
    sandbox.control.addFault({ orderId: 'MOCKONDEMAND', answer: 'MKT.0250' })
    expect((await ask({})).status).toBe(200)
    expect((await ask({ orderId: 'MOCKONDEMAND' })).status).toBe(406)
  })

  test('a clock that is off is told as such', async () => {
    sandbox.control.set({ clockOffsetMs: 16 * 60_000 })
    const answer = await answerOf({})
    expect(answer).toMatchObject({ ok: false, error: { family: 'clock-skew', code: 'APIGW.0303' } })
    if (!answer.ok) expect(Math.abs(answer.error.skewMs ?? 0)).toBeGreaterThan(15 * 60_000)
  })
})

describe('control from outside', () => {
  const control = (body: unknown) =>
    fetch(`${sandbox.url}/sandbox/control`, { method: 'POST', body: JSON.stringify(body) })

  test('orders, faults, settings and the log', async () => {
    const set = await control({
      orders: [order],
      faults: [{ answer: 'MKT.0199', times: 1 }],
      settings: { clockOffsetMs: 5 },
    })
    expect(await set.json()).toMatchObject({ orders: 1, faults: [{ answer: 'MKT.0199', times: 1 }] })
    expect((await ask({ orderId: order.orderId })).status).toBe(400)
    expect((await ask({ orderId: order.orderId })).status).toBe(200)
    const shown = await (await fetch(`${sandbox.url}/sandbox/control`)).text()
    expect(shown).not.toContain(account.secret)
    expect(JSON.parse(shown).requests).toMatchObject([
      { host: 'primary', orderId: order.orderId, refusal: null, status: 400, fault: { answer: 'MKT.0199' } },
      { accessKeyId: account.accessKeyId, status: 200, fault: null },
    ])
    expect((await control({ clear: ['requests', 'orders', 'faults'] })).status).toBe(200)
    expect((await ask({ orderId: order.orderId })).status).toBe(401)
  })

  test.each([[{ faults: [{ answer: 'MKT.4711' }] }], [{ fault: [] }], [[]], ['nonsense']])(
    '%j is refused',
    async (body) => {
      const response = await control(body)
      expect(response.status).toBe(400)
      expect((await response.json()).error).not.toBe('')
    },
  )
})
