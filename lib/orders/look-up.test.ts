import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { directly, leaveDirect } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { seal, unseal } from '@/lib/secrets'
import type { Context, Role } from '@/lib/users/context'
import { forgetTroubles, type KnownOrder } from './client'
import { lookUpOrder } from './look-up'
import { findOrder, findOrders, saveOrder, saveOrders } from './store'

let database: Awaited<ReturnType<typeof testDatabase>>
let marketplace: http.Server
let asked = 0
let reply: { status: number; body: unknown }

beforeAll(async () => {
  marketplace = http.createServer((_request, response) => {
    asked++
    response.writeHead(reply.status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply.body))
  })
  await new Promise<void>((done) => marketplace.listen(0, '127.0.0.1', done))
  process.env.MARKETPLACE_URL = `http://127.0.0.1:${(marketplace.address() as AddressInfo).port}`
  process.env.MARKETPLACE_FALLBACK_URL = process.env.MARKETPLACE_URL
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'orders-test-secret-0001' })
  const secret = seal('SK-of-the-seller')
  await prisma().credential.create({
    data: { id: newId(), name: 'open-api', kind: 'ak-sk', accessKeyId: 'AK', secret, hint: 'ller' },
  })
  forgetCatalog()
})

afterAll(async () => {
  await leaveDirect()
  await prisma().$disconnect()
  await database.drop()
  marketplace.closeAllConnections()
  await new Promise((done) => marketplace.close(done))
  delete process.env.MARKETPLACE_URL
  delete process.env.MARKETPLACE_FALLBACK_URL
})

beforeEach(async () => {
  await prisma().order.deleteMany()
  await prisma().auditEntry.deleteMany()
  forgetTroubles()
  asked = 0
  reply = { status: 200, body: answer() }
})

function answer(lines = ['CS1-000001'], price: string = '100') {
  return {
    resultCode: 'MKT.0000',
    resultMsg: 'Success',
    orderInfo: {
      orderId: 'CS1',
      orderType: 'NEW',
      createTime: '20220726064736',
      orderLine: lines.map((orderLineId) => ({
        orderLineId,
        chargingMode: 'PERIOD',
        periodType: 'year',
        periodNumber: 1,
        expireTime: '20230726155959',
        productInfo: [{ productId: 'OFFI1', skuCode: 'sku', linearValue: 50, productName: '聊天' }],
        extendParams: [{ name: 'ip', value: '1.2.3.4' }],
        currency: price,
        currencyAfterDiscount: '80.50',
      })),
      buyerInfo: {
        customerId: 'c1',
        customerName: '华为',
        customerType: 1,
        mobilePhone: '13812345678',
        email: 'someone@example.com',
      },
      extendParams: [],
    },
  }
}

const as = (role: Role): Context => ({ actor: { name: `${role}@example.com`, via: 'user', role } })
const lookUp = (input: object, role: Role = 'operator') =>
  lookUpOrder({ ctx: as(role), input: { orderId: 'CS1', ...input } })

describe('lookUpOrder', () => {
  it('asks the marketplace once, then answers from what is stored', async () => {
    const first = await lookUp({}, 'viewer')
    expect(first).toEqual({
      orderId: 'CS1',
      orderType: 'NEW',
      createdAt: '2022-07-26T06:47:36.000Z',
      lines: [
        {
          orderLineId: 'CS1-000001',
          chargingMode: 'PERIOD',
          periodType: 'year',
          periodNumber: 1,
          expiresAt: '2023-07-26T15:59:59.000Z',
          products: [{ productId: 'OFFI1', skuCode: 'sku', productName: '聊天', linearValue: 50 }],
          extendParams: [{ name: 'ip', value: '1.2.3.4' }],
          amount: '100',
          amountAfterDiscount: '80.50',
        },
      ],
      buyer: {
        customerId: 'c1',
        customerName: '华为',
        customerRealName: null,
        customerType: 1,
        userId: null,
        userName: null,
        mobilePhone: '138••••5678',
        email: 's••••@example.com',
      },
      extendParams: [],
      fetchedAt: expect.stringMatching(/Z$/),
    })
    expect(await lookUp({}, 'viewer')).toEqual(first)
    expect(asked).toBe(1)
    const audit = await prisma().auditEntry.findMany()
    expect(audit).toMatchObject([{ actor: 'viewer@example.com', action: 'order.look-up', target: 'CS1' }])
  })

  it('reads times in the zone of the product', async () => {
    const id = newId()
    const data = {
      name: 'Chat',
      kind: 'saas',
      productIds: ['OFFI1'],
      skuCodes: [],
      deliveryType: 'manual',
      delivery: {},
    }
    await prisma().product.create({ data: { id, ...data, timeZone: 'Asia/Shanghai' } })
    forgetCatalog()
    expect((await lookUp({})).createdAt).toBe('2022-07-25T22:47:36.000Z')
    await prisma().product.delete({ where: { id } })
    forgetCatalog()
  })

  it('asks again for operators only', async () => {
    await lookUp({})
    await expect(lookUp({ refresh: true }, 'viewer')).rejects.toMatchObject({ code: 'forbidden' })
    reply.body = answer(['CS1-000001'], '120')
    expect((await lookUp({ refresh: true })).lines[0]?.amount).toBe('120')
    expect(asked).toBe(2)
  })

  it('shows what is stored, and why nothing newer, when the marketplace does not tell', async () => {
    await lookUp({})
    reply = { status: 401, body: { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' } }
    expect(await lookUp({ refresh: true })).toMatchObject({
      orderId: 'CS1',
      refreshError: expect.stringContaining('did not accept any AK/SK'),
    })
  })

  it.each([
    [401, { resultCode: 'MKT.0150', resultMsg: 'Illegal operation' }, 'not-found', /does not show this order/],
    [401, { error_code: 'APIGW.0301', error_msg: 'fail' }, 'unavailable', /AK\/SK.*APIGW\.0301 fail/],
    [500, { resultCode: 'MKT.0999', resultMsg: 'System internal error.' }, 'unavailable', /internal error/],
    [406, { resultCode: 'MKT. 0250', resultMsg: 'limit' }, 'unavailable', /less often.*MKT\.0250/],
    [502, 'bad gateway', 'unavailable', /cannot be reached/],
  ])('says what the marketplace said: %s %j', async (status, body, code, message) => {
    reply = { status, body }
    const failure = await lookUp({}).catch((error) => error)
    expect(failure).toMatchObject({ code })
    expect(failure.message).toMatch(message)
  })

  it('finds a line, asks for one it does not know, and keeps the others', async () => {
    reply.body = answer(['CS1-000001', 'CS1-000002'])
    expect((await lookUp({ orderLineId: 'CS1-000002' })).lines.map((line) => line.orderLineId)).toEqual(['CS1-000002'])
    reply.body = answer(['CS1-000003'])
    expect((await lookUp({ orderLineId: 'CS1-000003' })).lines).toHaveLength(1)
    expect((await lookUp({})).lines.map((line) => line.orderLineId)).toEqual(['CS1-000001', 'CS1-000002', 'CS1-000003'])
    await expect(lookUp({ orderLineId: 'CS1-000009' })).rejects.toMatchObject({
      code: 'not-found',
      field: 'orderLineId',
    })
  })

  it.each([{ orderId: '' }, { orderId: 'a'.repeat(65) }, { orderId: 'a b' }, { orderId: 'a\0' }, { other: 1 }])(
    'refuses %j',
    async (input) => {
      await expect(lookUp(input)).rejects.toMatchObject({ code: 'invalid' })
      expect(asked).toBe(0)
    },
  )
})

describe('stored orders', () => {
  const order: KnownOrder = {
    orderId: 'CS9',
    orderType: 'NEW',
    createTime: null,
    lines: [],
    buyer: null,
    extendParams: [],
  }
  const emptyLine = {
    orderLineId: 'CS9-1',
    chargingMode: null,
    periodType: null,
    periodNumber: null,
    expireTime: null,
    products: [],
    extendParams: [],
    currency: null,
    currencyAfterDiscount: null,
  }
  const save = (more: Partial<KnownOrder>) =>
    prisma().$transaction((tx) => saveOrder(tx, { ...order, ...more }), { maxWait: 15_000, timeout: 15_000 })

  it('keeps the newest answer, whatever the order of arrival', async () => {
    await save({ orderType: 'CHANGE', fetchedAt: new Date('2026-03-02') })
    await save({ orderType: 'NEW', fetchedAt: new Date('2026-03-01') })
    expect(await findOrder('CS9')).toMatchObject({ orderType: 'CHANGE', fetchedAt: new Date('2026-03-02') })
  })

  describe.each([
    ['the driver', (told: KnownOrder[]) => directly((tx) => saveOrders(tx, told), { timeoutMs: 10_000 })],
    ['Prisma', (told: KnownOrder[]) => prisma().$transaction((tx) => saveOrders(tx, told))],
  ])('written by %s', (_, write) => {
    const at = (day: number) => new Date(Date.UTC(2026, 2, day))
    const told = (orderType: string, day: number, more: Partial<KnownOrder> = {}) => ({
      ...order,
      orderType,
      fetchedAt: at(day),
      ...more,
    })
    const stored = () => prisma().order.findUniqueOrThrow({ where: { orderId: 'CS9' } })
    const answers = () => prisma().orderAnswer.findMany({ where: { orderId: 'CS9' }, orderBy: { toldSince: 'asc' } })

    beforeEach(async () => {
      await prisma().orderAnswer.deleteMany()
    })

    it('an answer that says the same is told since the first one', async () => {
      await write([told('NEW', 1)])
      await write([told('NEW', 2)])
      expect(await stored()).toMatchObject({ toldSince: at(1), fetchedAt: at(2), listedAt: at(1) })
      expect(await answers()).toEqual([])
    })

    it('an answer that says something else leaves the earlier one behind, as it was sealed', async () => {
      await write([told('NEW', 1)])
      const { payload } = await stored()
      await write([told('NEW', 2)])
      await write([told('CHANGE', 3)])
      expect(await stored()).toMatchObject({ orderType: 'CHANGE', toldSince: at(3), fetchedAt: at(3), listedAt: at(1) })
      const [before, ...others] = await answers()
      expect(before).toMatchObject({ toldSince: at(1), toldUntil: at(2) })
      expect(unseal(before?.payload as Uint8Array)).toBe(unseal(payload))
      expect(others).toEqual([])
    })

    it('of several at once about one order the newest counts, and only what was stored is left behind', async () => {
      await write([told('NEW', 1)])
      await write([told('CHANGE', 2), told('RENEW', 4), told('CHANGE', 3)])
      expect(await stored()).toMatchObject({ orderType: 'RENEW', toldSince: at(4), fetchedAt: at(4) })
      expect(await answers()).toMatchObject([{ toldSince: at(1), toldUntil: at(1) }])
    })

    it('its time of creation keeps its place in lists', async () => {
      const product = { productId: 'OFFI1', skuCode: 'SKU1', linearValue: null, productName: null }
      const lines = [{ ...emptyLine, chargingMode: 'PERIOD', products: [product, product] }]
      await write([told('NEW', 5, { createTime: '20260301080000', lines })])
      const createdAt = new Date('2026-03-01T08:00:00Z')
      const bought = { productIds: ['OFFI1'], skuCodes: ['SKU1'], chargingModes: ['PERIOD'] }
      expect(await stored()).toMatchObject({ createdAt, listedAt: createdAt, ...bought })
      await write([told('NEW', 6)])
      expect(await stored()).toMatchObject({ createdAt: null, listedAt: createdAt, toldSince: at(6), ...bought })
    })
  })

  it('survives twenty writers at once', async () => {
    await Promise.all(Array.from({ length: 20 }, () => save({})))
    expect((await findOrders(prisma(), ['CS9', 'CS10'])).size).toBe(1)
    expect(await findOrder('CS10')).toBeNull()
  })

  it('are not read for a delivery that is about others, however many they have become', async () => {
    const deliver = (number: number) =>
      directly(
        async (tx) => {
          const told = Array.from({ length: 20 }, (_, at) => ({ ...order, orderId: `CS-${number}-${at}` }))
          await saveOrders(tx, told)
          const [row] = await tx.$queryRaw<{ read: bigint }[]>`
            SELECT seq_tup_read + idx_tup_fetch AS read FROM pg_stat_xact_user_tables WHERE relname = 'orders'`
          return Number(row?.read)
        },
        { lane: 'deliveries', timeoutMs: 10_000 },
      )
    // As often as a server needs to make up its mind how to run a prepared statement.
    for (let number = 0; number < 8; number += 1) await deliver(number)
    await prisma().$executeRaw`
      INSERT INTO orders (order_id, order_type, payload, fetched_at, told_since, listed_at)
      SELECT 'many-' || n, order_type, payload, fetched_at, told_since, listed_at
      FROM orders, generate_series(1, 5000) AS n WHERE order_id = 'CS-0-0'`
    expect(await deliver(8)).toBeLessThan(100)
  })

  it('holds the buyer sealed', async () => {
    await lookUp({})
    const rows = await prisma().$queryRaw<object[]>`SELECT encode(payload, 'escape') AS text FROM orders`
    expect(rows).toHaveLength(1)
    expect(JSON.stringify(rows)).not.toContain('13812345678')
  })
})
