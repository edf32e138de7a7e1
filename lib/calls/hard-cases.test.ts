import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { catalog, forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { learnUpgradeOrder, loadInstances, rebuildInstance } from '@/lib/instances'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { seal } from '@/lib/secrets'
import { applySetup } from '@/lib/setup'
import { systemContext } from '@/lib/users/context'
import { openPayload, replayMessage, resolveMessage, settleMessages } from './index'
import { runAgain, workOfMessage } from './replay'
import { newOrder, purchase, send, testKeys, v1Call, v2Call } from './test-marketplace'

let database: Awaited<ReturnType<typeof testDatabase>>
let marketplace: http.Server
/** what the stand-in marketplace tells of an order, by the query's order line id */
const lines = new Map<string, object>()

const template = (host: string) => ({ type: 'template', frontEndUrl: `https://${host}.example.com/t/{instanceId}` })
const products = [
  { name: 'Chat', productIds: ['chat-1'], kind: 'saas', delivery: template('chat') },
  {
    name: 'Hook',
    productIds: ['hook-1'],
    kind: 'saas',
    delivery: {
      type: 'webhook',
      url: 'https://hook.invalid/',
      secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
      timeoutSeconds: 1,
    },
  },
  { name: 'Pool', productIds: ['pool-1'], kind: 'saas', delivery: { type: 'pool' } },
]
const setUp = (setup: object) => applySetup(setup as Parameters<typeof applySetup>[0], systemContext)

beforeAll(async () => {
  marketplace = http.createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '/', 'http://x')
    const [orderId, orderLineId] = ['orderId', 'orderLineId'].map((name) => searchParams.get(name) ?? '')
    const line = lines.get(orderLineId ?? '')
    const orderInfo = { orderId, orderType: 'NEW', orderLine: [{ orderLineId, chargingMode: 'PERIOD', ...line }] }
    const buyerInfo = { customerId: 'c-1', customerName: 'One' }
    const told = line
      ? { resultCode: 'MKT.0000', resultMsg: 'ok', orderInfo: { ...orderInfo, buyerInfo } }
      : { resultCode: 'MKT.9001', resultMsg: 'no such order' }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(told))
  })
  await new Promise<void>((resolve) => marketplace.listen(0, '127.0.0.1', resolve))
  const host = `http://127.0.0.1:${(marketplace.address() as AddressInfo).port}`
  Object.assign(process.env, { MARKETPLACE_URL: host, MARKETPLACE_FALLBACK_URL: host })
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  await setUp({ credentials: [{ name: 'base', kind: 'base', secret: testKeys.base }], products })
  forgetCatalog()
})

afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
  await new Promise((resolve) => marketplace.close(resolve))
})

const instanceOf = (instanceId: string | undefined) => prisma().instance.findUniqueOrThrow({ where: { instanceId } })
const messageOf = (where: object) => prisma().message.findFirstOrThrow({ where, orderBy: { lastAt: 'desc' } })
const buy = async (productId = 'chat-1', more: object = {}) => {
  const { json } = await send(v2Call(purchase(newOrder(), { productId, ...more })))
  return json.instanceId as string
}

/** Runs `during` while nobody can write to a table. */
async function whileLocked<T>(table: string, during: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    return await during()
  } finally {
    await client.query('ROLLBACK')
    await client.end()
  }
}

describe('order of effects', () => {
  const status = (instanceId: string, status: string, at: number) =>
    send(v2Call({ activity: 'updateInstanceStatus', instanceId, status }, { at }))

  it('a freeze sent before an unfreeze that changed nothing is not applied after it', async () => {
    const instanceId = await buy()
    const now = Date.now()
    await status(instanceId, 'UNFREEZE', now - 2_000)
    await status(instanceId, 'FREEZE', now - 10_000)
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'active' })
  })

  it('an unfreeze sent between two freezes is not applied after the second', async () => {
    const instanceId = await buy()
    const now = Date.now()
    await status(instanceId, 'FREEZE', now - 20_000)
    await status(instanceId, 'FREEZE', now - 2_000)
    await status(instanceId, 'UNFREEZE', now - 10_000)
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'frozen' })
    const { differed } = await prisma().$transaction((tx) => rebuildInstance(tx, instanceId))
    expect(differed).toBe(false)
  })
})

describe('many ids', () => {
  it('asks for 100 instances at once', async () => {
    const ids = Array.from({ length: 100 }, () => newId())
    const answer = await send(v2Call({ activity: 'queryInstance', instanceId: ids.join(',') }))
    expect(answer.json.resultCode).toBe('000003')
    const long = Array.from({ length: 100 }, () => (newId() + newId()).replaceAll('-', '').slice(0, 64))
    expect((await send(v2Call({ activity: 'queryInstance', instanceId: long.join(',') }))).json.resultCode).toBe(
      '000003',
    )
  })
})

describe('a slow database', () => {
  it('does not hold up a refusal', async () => {
    const answers = await whileLocked('calls', async () => {
      const startedAt = Date.now()
      const refused = await Promise.all([send(v2Call(purchase(), { key: 'somebody-else' })), send(v2Call('{'))])
      return { refused, ms: Date.now() - startedAt }
    })
    expect(answers.ms).toBeLessThan(4_000)
    expect(answers.refused.map(({ json }) => json.resultCode)).toEqual(['000001', '000002'])
  }, 20_000)

  it('executes what waited too long and records what was sent', async () => {
    const orders = [newOrder(), newOrder(), newOrder(), newOrder()]
    const answers = await whileLocked('messages', async () => {
      const calls = []
      for (const order of orders) {
        calls.push(send(v2Call(purchase(order, { productId: 'chat-1' }))))
        await sleep(20)
      }
      return Promise.all(calls)
    })
    expect(answers.map(({ json }) => json.resultCode)).toEqual(Array(4).fill('000005'))
    const made = { orderId: { in: orders.map(({ orderId }) => orderId) } }
    const late = async () => prisma().message.findMany({ where: { ...made, outcome: 'failed' } })
    while ((await late()).length === 0) await sleep(20)
    expect(await prisma().instance.count({ where: made })).toBeGreaterThan(0)
    for (const message of await late()) {
      expect(message).toMatchObject({ state: 'open', resultCode: '000005', retryUntil: expect.any(Date) })
      const call = await prisma().call.findUniqueOrThrow({ where: { id: message.lastCallId } })
      expect(call).toMatchObject({ outcome: 'failed', resultCode: '000005' })
      expect(openPayload(call.payload).answer?.body).toContain('"000005"')
    }
  })
})

describe('polls and deliveries', () => {
  it('of the same instances never wait for each other in a circle', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => buy('pool-1')))
    const states = await prisma().$transaction((tx) => loadInstances(tx, { instanceIds: ids, lock: false }))
    const some = <T>(all: T[]) => all.filter(() => Math.random() < 0.5).sort(() => Math.random() - 0.5)
    const end = Date.now() + 2_500
    const poll = async () => {
      while (Date.now() < end)
        await Promise.all(some(ids).map((instanceId) => send(v2Call({ activity: 'queryInstance', instanceId }))))
    }
    const settle = async () => {
      while (Date.now() < end) {
        const ends = some(states).map((state) => ({ outcome: 'delivered', state }) as const)
        await prisma().$transaction((tx) => settleMessages(tx, ends))
      }
    }
    await Promise.all([poll(), poll(), settle(), settle()])
  })
})

describe('a released purchase', () => {
  it('takes no account from the pool', async () => {
    const order = newOrder()
    const { instanceId } = (await send(v2Call(purchase(order, { productId: 'pool-1' })))).json
    await send(v2Call({ activity: 'releaseInstance', instanceId }))
    const { id } = await prisma().product.findFirstOrThrow({ where: { name: 'Pool' } })
    const account = { id: newId(), productRef: id, fingerprint: 'f', appInfo: seal('{}'), label: 'x' }
    await prisma().poolAccount.create({ data: account })
    const again = await send(v2Call(purchase(order, { productId: 'pool-1' })))
    expect(again.json).toMatchObject({ resultCode: '000000', instanceId })
    expect(await prisma().poolAccount.count({ where: { takenBy: null } })).toBe(1)
  })
})

describe('a product that is set up after its purchase', () => {
  it('is delivered by the replay', async () => {
    const { orderId } = newOrder()
    const params = {
      activity: 'newInstance',
      customerId: 'c',
      businessId: 'b',
      orderId,
      productId: 'late-1',
      chargingMode: '1',
    }
    expect((await send(v1Call(params))).json.resultCode).toBe('000004')
    await setUp({ products: [{ name: 'Late', productIds: ['late-1'], kind: 'saas', delivery: template('late') }] })
    forgetCatalog()
    const message = await messageOf({ orderId })
    const result = await replayMessage({ ctx: systemContext, input: { messageId: message.id } })
    expect(result.resultCode).toBe('000000')
    const instance = await instanceOf(message.instanceId ?? undefined)
    expect(instance.frontEndUrl).toContain('late.example.com')
    const { differed } = await prisma().$transaction((tx) => rebuildInstance(tx, instance.instanceId))
    expect(differed).toBe(false)
  })
})

describe('with the order query', () => {
  beforeAll(async () => {
    await setUp({
      credentials: [
        { name: 'ak', kind: 'ak-sk', accessKeyId: 'AKAKAKAKAKAKAKAKAKAK', secret: 'sk-secret-sk-secret-sk-secret' },
      ],
    })
    await setUp({ products: [{ name: 'Two', productIds: ['two-1'], kind: 'saas', delivery: template('two') }] })
    forgetCatalog()
  })

  it('the second line of an order gets its own product', async () => {
    const { orderId } = newOrder()
    lines.set(`${orderId}-1`, { productInfo: [{ productId: 'chat-1', skuCode: 's' }] })
    lines.set(`${orderId}-2`, { productInfo: [{ productId: 'two-1', skuCode: 's2' }] })
    const one = await send(v2Call(purchase({ orderId, orderLineId: `${orderId}-1` })))
    expect(one.json.resultCode).toBe('000000')
    const two = await send(v2Call(purchase({ orderId, orderLineId: `${orderId}-2` })))
    expect(two.json.resultCode).toBe('000000')
    expect(await instanceOf(two.json.instanceId)).toMatchObject({ productId: 'two-1' })
  })

  it('an upgrade learnt late does not replace a newer one', async () => {
    const { orderId } = newOrder()
    lines.set(`${orderId}-1`, { productInfo: [{ productId: 'chat-1', skuCode: 's' }] })
    const { instanceId } = (await send(v2Call(purchase({ orderId, orderLineId: `${orderId}-1` })))).json
    const upgrades = [newOrder(), newOrder()] as const
    for (const [n, up] of upgrades.entries()) {
      lines.set(up.orderLineId, {
        productInfo: [{ productId: 'chat-1', skuCode: `up-${n}`, linearValue: 10 * (n + 1) }],
      })
      await send(v2Call({ activity: 'upgradeInstance', instanceId, ...up }))
      await sleep(5)
    }
    const learn = (up: { orderId: string; orderLineId: string }) =>
      learnUpgradeOrder({ instanceId: instanceId as string, ...up }, Date.now() + 5_000)
    await learn(upgrades[1])
    await learn(upgrades[0])
    expect(await instanceOf(instanceId)).toMatchObject({ skuCode: 'up-1', quantity: { amount: 20 } })
  })

  it('an upgrade is announced once its specification is known', async () => {
    const { orderId, orderLineId } = newOrder()
    lines.set(orderLineId, { productInfo: [{ productId: 'hook-1' }] })
    await send(v2Call(purchase({ orderId, orderLineId })))
    const { instanceId } = await prisma().instance.findFirstOrThrow({ where: { orderId } })
    const up = newOrder()
    lines.set(up.orderLineId, { productInfo: [{ productId: 'hook-1', linearValue: 7 }] })
    await send(v2Call({ activity: 'upgradeInstance', instanceId, ...up }))
    const announced = () => prisma().$queryRaw<{ data: object }[]>`
      SELECT data FROM pgboss.job WHERE name = 'announce-instance' AND data->>'instanceId' = ${instanceId}`
    expect(await announced()).toEqual([])
    await learnUpgradeOrder({ instanceId, ...up }, Date.now() + 5_000)
    const data = { instanceId, type: 'instance.upgraded', eventId: up.orderLineId }
    expect(await announced()).toEqual([{ data }])
  })
})

describe('replays', () => {
  const failed = async (more: object = {}) => {
    const instanceId = `unknown-${newOrder().orderId}`
    await send(v2Call({ activity: 'releaseInstance', instanceId, ...more }))
    return messageOf({ instanceId })
  }
  const replay = (messageId: string, body?: object) =>
    replayMessage({ ctx: systemContext, input: { messageId, ...(body ? { payload: { body } } : {}) } } as never)

  it('do not start a retry window of their own', async () => {
    const { id, retryUntil } = await failed()
    expect(retryUntil).not.toBeNull()
    await resolveMessage({ ctx: systemContext, input: { messageId: id, note: 'gone' } })
    expect((await replay(id)).resultCode).toBe('000003')
    expect(await prisma().message.findUniqueOrThrow({ where: { id } })).toMatchObject({
      state: 'open',
      retryUntil: null,
    })
  })

  it('with an edited payload stay about the same thing', async () => {
    const { id } = await failed()
    await expect(replay(id, { activity: 'newInstance' })).rejects.toMatchObject({
      code: 'invalid',
      field: 'payload.body.activity',
    })
    await expect(replay(id, { testFlag: '1' })).rejects.toMatchObject({ field: 'payload.body.testFlag' })
    const test = await failed({ testFlag: '1' })
    await expect(replay(test.id, { testFlag: '0' })).rejects.toMatchObject({ field: 'payload.body.testFlag' })
  })

  it('of an older call leave the newest one the one to be replayed', async () => {
    const { id, lastCallId, instanceId } = await failed()
    const work = await workOfMessage(id, await catalog(), 'somebody')
    await send(v2Call({ activity: 'releaseInstance', instanceId }))
    const { lastCallId: newest } = await prisma().message.findUniqueOrThrow({ where: { id } })
    expect(newest).not.toBe(lastCallId)
    await runAgain(work, await catalog())
    expect((await prisma().message.findUniqueOrThrow({ where: { id } })).lastCallId).toBe(newest)
  })
})
