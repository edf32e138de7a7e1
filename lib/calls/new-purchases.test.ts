import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { catalog, forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { QUEUE_SCHEMA } from '@/lib/jobs/definitions'
import { applySetup } from '@/lib/setup'
import { systemContext } from '@/lib/users/context'
import { newOrder, purchase, send, testKeys, v2Call } from './test-marketplace'

let database: Awaited<ReturnType<typeof testDatabase>>
let other: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  const delivery = { type: 'template', frontEndUrl: 'https://chat.example.com/t/{instanceId}' }
  const products = [{ name: 'Chat', productIds: ['chat-1'], kind: 'saas', delivery }]
  const setup = { credentials: [{ name: 'base', kind: 'base', secret: testKeys.base }], products }
  await applySetup(setup as Parameters<typeof applySetup>[0], systemContext)
  forgetCatalog()
  other = new pg.Client({ connectionString: database.url })
  await other.connect()
})

afterAll(async () => {
  await stopJobs()
  await other.end()
  await prisma().$disconnect()
  await database.drop()
})

// What was not new makes the desk careful for a second.
beforeEach(async () => {
  await sleep(1_100)
  await catalog()
})

const buy = (order = newOrder()) => send(v2Call(purchase(order, { productId: 'chat-1' })))

it('are written without a question before, and a known one among them is found all the same', async () => {
  const known = newOrder()
  const first = await buy(known)
  const answers = await Promise.all([buy(), buy(known), buy(), buy(known)])
  expect(answers.map(({ json }) => json.resultCode)).toEqual(['000000', '000000', '000000', '000000'])
  const ids = answers.map(({ json }) => json.instanceId)
  expect([ids[1], ids[3]]).toEqual([first.json.instanceId, first.json.instanceId])
  expect(new Set(ids).size).toBe(3)
  expect(await prisma().instance.count({ where: { orderId: known.orderId } })).toBe(1)
  expect(await prisma().call.count({ where: { orderId: known.orderId } })).toBe(3)
})

it('are opened once when twenty of one order meet, at two desks', async () => {
  const order = newOrder()
  // As another replica would: while ours are being written.
  await other.query('BEGIN')
  await other.query(
    `INSERT INTO instances (instance_id, purchase_key, state, protocol, business_id, order_id, order_line_id,
      test, trial, quantity, expiry_as_of, refunded_orders, delivery_state, delivery_attempts, created_at, version)
    SELECT 'of-another', $1 || ':chat-1', state, protocol, business_id, $2, $1, test, trial, quantity, expiry_as_of,
      refunded_orders, delivery_state, delivery_attempts, created_at, version FROM instances LIMIT 1`,
    [order.orderLineId, order.orderId],
  )
  const asked = Promise.all(Array.from({ length: 20 }, () => buy(order)))
  await sleep(200)
  await other.query('COMMIT')
  const answers = await asked
  expect(new Set(answers.map(({ json }) => json.instanceId))).toEqual(new Set(['of-another']))
  expect(await prisma().instance.count({ where: { orderId: order.orderId } })).toBe(1)
})

it('with a nonce used before are refused, and change nothing', async () => {
  const call = v2Call(purchase(newOrder(), { productId: 'chat-1' }))
  const bought = await send(call)
  await sleep(1_100)
  const again = await send(call)
  expect([bought.json.resultCode, again.json.resultCode]).toEqual(['000000', '000001'])
  const twice = v2Call(purchase(newOrder(), { productId: 'chat-1' }))
  const codes = (await Promise.all([send(twice), send(twice)])).map(({ json }) => json.resultCode)
  expect(codes.sort()).toEqual(['000000', '000001'])
})

it('follow a configuration that another replica wrote a moment ago', async () => {
  await buy()
  await other.query(`UPDATE products SET delivery = jsonb_set(delivery, '{frontEndUrl}', '"https://new.example.com/"')`)
  await other.query('UPDATE config_version SET version = version + 1')
  const { json } = await buy()
  const { frontEndUrl } = await prisma().instance.findUniqueOrThrow({ where: { instanceId: json.instanceId } })
  expect(frontEndUrl).toBe('https://new.example.com/')
})

it('come to nothing where a queue takes less than it is given', async () => {
  await other.query(`
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
    CREATE TRIGGER lose BEFORE INSERT ON ${QUEUE_SCHEMA}.job FOR EACH ROW EXECUTE FUNCTION lose()`)
  // With a key for the order query, every purchase has a job.
  const key = { name: 'iam', kind: 'ak-sk' as const, accessKeyId: 'AK', secret: 'SK' }
  await applySetup({ credentials: [key] } as Parameters<typeof applySetup>[0], systemContext)
  forgetCatalog()
  await catalog()
  const order = newOrder()
  const { json } = await buy(order).finally(() => other.query('DROP FUNCTION lose CASCADE'))
  expect(json.resultCode).toBe('000005')
  expect(await prisma().instance.count({ where: { orderId: order.orderId } })).toBe(0)
  // What failed has a message already.
  const again = await buy(order)
  expect(again.json).toMatchObject({ resultCode: expect.stringMatching(/^00000[04]$/) })
  const messages = await prisma().message.findMany({ where: { orderId: order.orderId } })
  expect(messages).toMatchObject([{ attempts: 2, instanceId: again.json.instanceId }])
  expect(await prisma().call.count({ where: { messageId: messages[0]?.id } })).toBe(2)
})
