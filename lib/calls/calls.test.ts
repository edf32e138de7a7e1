import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { rebuildInstance } from '@/lib/instances'
import { loadPurchaseDetails } from '@/lib/instances/store'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { decryptField, encryptField, verifyBodySign } from '@/lib/marketplace'
import { applySetup } from '@/lib/setup'
import { systemContext } from '@/lib/users/context'
import {
  cancelBulkReplay,
  createBulkReplay,
  getBulkReplay,
  openPayload,
  replayMessage,
  resolveMessage,
  runBulkReplay,
} from './index'
import { newOrder, purchase, rawCall, send, testKeys, v1Call, v2Call } from './test-marketplace'

let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  await applySetup(
    {
      credentials: [
        { name: 'base-new', kind: 'base', secret: testKeys.base },
        { name: 'base-old', kind: 'base', secret: testKeys.spare },
        { name: 'kit', kind: 'kit', secret: testKeys.kit },
      ],
      products: [
        {
          name: 'Team chat',
          productIds: ['chat-1'],
          kind: 'saas',
          delivery: {
            type: 'template',
            frontEndUrl: 'https://app.example.com/t/{instanceId}',
            userName: 'admin-{customerId}',
            password: 'generate',
            memo: '欢迎',
          },
        },
        { name: 'By hand', productIds: ['hand-1'], kind: 'saas', delivery: { type: 'manual' } },
        { name: 'Pool', productIds: ['pool-1'], kind: 'saas', delivery: { type: 'pool' } },
      ],
      defaultProduct: 'Team chat',
    },
    systemContext,
  )
  forgetCatalog()
})

afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
})

const messageOf = (where: object) => prisma().message.findFirstOrThrow({ where, orderBy: { lastAt: 'desc' } })
const instanceOf = (instanceId: string | undefined) => prisma().instance.findUniqueOrThrow({ where: { instanceId } })

describe('SaaS V2', () => {
  it('a purchase opens an instance, and the poll finds its access data', async () => {
    const order = newOrder()
    const bought = await send(v2Call(purchase(order)))
    expect(bought.status).toBe(200)
    expect(bought.json).toMatchObject({ resultCode: '000000', instanceId: expect.any(String) })
    const polled = await send(v2Call({ activity: 'queryInstance', instanceId: bought.json.instanceId }))
    expect(polled.json.resultCode).toBe('000000')
    const [info] = polled.json.info as { instanceId: string; appInfo: Record<string, string> }[]
    expect(info?.appInfo.frontEndUrl).toBe(`https://app.example.com/t/${bought.json.instanceId}`)
    expect(info?.appInfo.password).toMatch(/^.{16}$/)
    expect(polled.body).toContain('\\u6b22\\u8fce')
    const message = await messageOf({ orderId: order.orderId, activity: 'newInstance' })
    expect(message).toMatchObject({
      state: 'succeeded',
      attempts: 1,
      retryUntil: null,
      instanceId: bought.json.instanceId,
    })
  })

  it('20 identical purchases at once open one instance', async () => {
    const order = newOrder()
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(v2Call(purchase(order)))))
    expect(new Set(answers.map(({ json }) => json.instanceId)).size).toBe(1)
    expect(answers.every(({ json }) => json.resultCode === '000000')).toBe(true)
    expect(await prisma().instance.count({ where: { orderId: order.orderId } })).toBe(1)
    expect(await messageOf({ orderId: order.orderId })).toMatchObject({ attempts: 20 })
    expect(await prisma().call.count({ where: { orderId: order.orderId } })).toBe(20)
  })

  it('an older renewal after a newer one changes nothing and is answered', async () => {
    const { json } = await send(v2Call(purchase()))
    const { instanceId } = json
    const renew = (expireTime: string, order = newOrder()) =>
      send(v2Call({ activity: 'refreshInstance', scene: 'RENEWAL', ...order, instanceId, expireTime }))
    expect((await renew('20280101000000')).json.resultCode).toBe('000000')
    expect((await renew('20270101000000123')).json.resultCode).toBe('000000')
    expect((await instanceOf(instanceId)).expiresAt).toEqual(new Date('2028-01-01T00:00:00Z'))
    const events = await prisma().instanceEvent.findMany({
      where: { instanceId, type: 'renewed' },
      orderBy: { position: 'asc' },
    })
    expect(events.map(({ applied }) => applied)).toEqual([true, false])
  })

  it('the same renewal 10 times at once is one event', async () => {
    const { json } = await send(v2Call(purchase()))
    const body = {
      activity: 'refreshInstance',
      scene: 'RENEWAL',
      ...newOrder(),
      instanceId: json.instanceId,
      expireTime: '20290101000000',
    }
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(v2Call(body))))
    expect(answers.every((answer) => answer.json.resultCode === '000000')).toBe(true)
    expect(await prisma().instanceEvent.count({ where: { instanceId: json.instanceId, type: 'renewed' } })).toBe(1)
  })

  it('freezes, unfreezes and releases; a freeze after the release does nothing', async () => {
    const { instanceId } = (await send(v2Call(purchase()))).json
    const status = (value: string) => send(v2Call({ activity: 'updateInstanceStatus', instanceId, status: value }))
    await status('FREEZE')
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'frozen' })
    await status('UNFREEZE')
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'active' })
    const release = () => send(v2Call({ activity: 'releaseInstance', instanceId }))
    expect((await release()).json.resultCode).toBe('000000')
    expect((await release()).json.resultCode).toBe('000000')
    expect((await status('FREEZE')).json.resultCode).toBe('000000')
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'released' })
    const late = await send(v2Call({ activity: 'upgradeInstance', instanceId, ...newOrder() }))
    expect(late.json.resultCode).toBe('000003')
  })

  it('answers upgrade, check and order notice', async () => {
    const { instanceId } = (await send(v2Call(purchase()))).json
    expect((await send(v2Call({ activity: 'upgradeInstance', instanceId, ...newOrder() }))).json.resultCode).toBe(
      '000000',
    )
    const check = { activity: 'changeInstanceCheck', instanceId, productInfo: { productId: 'x', linearValue: 3 } }
    expect((await send(v2Call(check))).json.resultCode).toBe('000000')
    expect((await send(v2Call({ activity: 'orderNotify', ...newOrder(), testFlag: '0' }))).json.resultCode).toBe(
      '000000',
    )
  })

  it('an unknown instance is 000003, named', async () => {
    const answer = await send(v2Call({ activity: 'releaseInstance', instanceId: 'nobody' }))
    expect(answer.json).toMatchObject({ resultCode: '000003', resultMsg: expect.stringContaining('nobody') })
    expect(await messageOf({ instanceId: 'nobody' })).toMatchObject({ state: 'open', outcome: 'failed' })
  })

  it('test purchases have instances of their own', async () => {
    const order = newOrder()
    const real = await send(v2Call(purchase(order)))
    const test = await send(v2Call(purchase(order, { testFlag: '1' })))
    expect(test.json.instanceId).not.toBe(real.json.instanceId)
    expect(await instanceOf(test.json.instanceId)).toMatchObject({ test: true })
    const crossed = { activity: 'releaseInstance', instanceId: real.json.instanceId, testFlag: '1' }
    expect((await send(v2Call(crossed))).json.resultCode).toBe('000003')
  })

  it('keeps a manual purchase in processing', async () => {
    const bought = await send(v2Call(purchase(newOrder(), { productId: 'hand-1' })))
    expect(bought.json).toMatchObject({ resultCode: '000004', instanceId: expect.any(String) })
    const polled = await send(v2Call({ activity: 'queryInstance', instanceId: bought.json.instanceId }))
    expect(polled.json.resultCode).toBe('000004')
  })

  it('an empty pool is 000100', async () => {
    const bought = await send(v2Call(purchase(newOrder(), { productId: 'pool-1' })))
    expect(bought.json.resultCode).toBe('000100')
  })
})

describe('refusals', () => {
  it('tries every active key', async () => {
    expect((await send(v2Call(purchase(), { key: testKeys.spare }))).json.resultCode).toBe('000000')
  })

  it('a wrong signature is 000001 and kept with what was computed, the key masked', async () => {
    const order = newOrder()
    const answer = await send(v2Call(purchase(order), { key: 'somebody-else' }))
    expect(answer.json).toMatchObject({ resultCode: '000001', resultMsg: expect.stringContaining('signature') })
    const call = await prisma().call.findFirstOrThrow({ where: { orderId: order.orderId } })
    expect(call).toMatchObject({ outcome: 'rejected', messageId: null })
    const { signature } = openPayload(call.payload)
    expect(signature).toMatchObject({
      ok: false,
      reason: 'mismatch',
      computed: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    expect(signature?.signedText).not.toContain(testKeys.base)
    expect(await prisma().instance.count({ where: { orderId: order.orderId } })).toBe(0)
  })

  it('a nonce works once, also when it comes twice at the same time', async () => {
    const call = v2Call(purchase())
    const answers = await Promise.all([send(call), send(call), send(call)])
    expect(answers.map(({ json }) => json.resultCode).sort()).toEqual(['000000', '000001', '000001'])
    expect((await send(call)).json).toMatchObject({ resultCode: '000001', resultMsg: expect.stringContaining('nonce') })
  })

  it('61 s old or ahead is 000002, 59 s is fine', async () => {
    expect((await send(v2Call(purchase(), { at: Date.now() - 61_000 }))).json.resultCode).toBe('000002')
    expect((await send(v2Call(purchase(), { at: Date.now() + 61_500 }))).json.resultCode).toBe('000002')
    expect((await send(v2Call(purchase(), { at: Date.now() - 58_000 }))).json.resultCode).toBe('000000')
  })

  it.each([
    ['no JSON', 'body', v2Call('{"activity":')],
    ['a list', 'body', v2Call('[]')],
    ['not UTF-8', 'body', rawCall({ body: Buffer.from([0x7b, 0xff, 0x7d]), query: 'signature=a&timestamp=1&nonce=b' })],
    ['too large', 'body', rawCall({ bodyProblem: 'too-large' })],
    ['a strange method', 'method', rawCall({ method: 'PUT' })],
    ['a strange path', 'path', rawCall({ path: '/api/produce/other' })],
    ['no timestamp', 'timestamp', rawCall({ body: Buffer.from('{}'), query: 'signature=a&nonce=b' })],
  ])('%s is 000002 and names %s', async (_, field, call) => {
    const answer = await send({ ...call, receivedAt: Date.now() })
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ resultCode: '000002', resultMsg: expect.stringContaining(field) })
  })

  it('a signed call that lacks a field is kept as failed, with its ids', async () => {
    const { orderId } = newOrder()
    const answer = await send(v2Call({ activity: 'newInstance', orderId, businessId: 'b' }))
    expect(answer.json).toMatchObject({ resultCode: '000002', resultMsg: expect.stringContaining('orderLineId') })
    expect(await messageOf({ orderId })).toMatchObject({ state: 'open', outcome: 'failed', resultCode: '000002' })
  })
})

describe('SaaS V1', () => {
  const params = (more: Record<string, string> = {}) => ({
    activity: 'newInstance',
    customerId: 'cust-1',
    customerName: '测试客户 A&B=C',
    businessId: 'biz-1',
    orderId: newOrder().orderId,
    productId: 'chat-1',
    expireTime: '20280101000000',
    chargingMode: '1',
    ...more,
  })

  it('a purchase is answered with encrypted access data and Body-Sign', async () => {
    const answer = await send(v1Call(params()))
    expect(answer.json).toMatchObject({ resultCode: '000000', encryptType: '1', instanceId: expect.any(String) })
    expect(verifyBodySign(answer.headers['Body-Sign'] ?? '', answer.body, testKeys.base)).toBe(true)
    const { userName } = answer.json.appInfo as { userName: string }
    expect(decryptField(userName, testKeys.base, '1')).toEqual({ ok: true, value: 'admin-cust-1' })
    expect(await instanceOf(answer.json.instanceId)).toMatchObject({
      customerId: 'cust-1',
      expiresAt: new Date('2028-01-01T00:00:00Z'),
    })
  })

  it('asked again it is the same instance and the same password', async () => {
    const same = params()
    const [first, second] = [await send(v1Call(same)), await send(v1Call({ ...same, businessId: 'biz-2' }))]
    expect(second.json.instanceId).toBe(first.json.instanceId)
    const open = (answer: typeof first) =>
      decryptField((answer.json.appInfo as { password: string }).password, testKeys.base, '1')
    expect(open(second)).toEqual(open(first))
  })

  it('pay-per-use opens one instance per product', async () => {
    const { orderId } = newOrder()
    const buy = (productId: string) => send(v1Call(params({ orderId, chargingMode: '0', productId })))
    const [one, two] = [await buy('chat-1'), await buy('chat-2')]
    expect(one.json.instanceId).not.toBe(two.json.instanceId)
  })

  it('an expiry freezes, a renewal lifts that', async () => {
    const bought = params()
    const { instanceId } = (await send(v1Call(bought))).json as { instanceId: string }
    await send(v1Call({ activity: 'expireInstance', instanceId, orderId: bought.orderId }))
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'frozen', frozenReason: 'expired' })
    const { orderId } = newOrder()
    await send(v1Call({ activity: 'refreshInstance', instanceId, orderId, expireTime: '20290101000000' }))
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'active', expiresAt: new Date('2029-01-01T00:00:00Z') })
  })

  it('a malformed kit call is signed with the newest kit key, in V2 with none', async () => {
    const broken = (path: string) =>
      send(rawCall({ path, headers: { authtoken: 'x' }, body: Buffer.from('{"timeStamp":') }))
    for (const path of ['/api/produce/tenantSync', '/api/produce/produceAPI/tenantSync', '/api/produce/unknown']) {
      const answer = await broken(path)
      expect(answer.json.resultCode).toBe('000002')
      expect(verifyBodySign(answer.headers['Body-Sign'] ?? '', answer.body, testKeys.kit)).toBe(true)
    }
    expect((await broken('/api/produce/v2/tenantSync')).headers['Body-Sign']).toBeUndefined()
  })

  it('a key that was added is good for the very next call, also right after a call it did not fit', async () => {
    const params = { activity: 'queryInstance', instanceId: 'nobody' }
    for (const n of [1, 2, 3]) {
      const key = `a-key-added-late-${n}`
      expect((await send(v1Call(params, { key }))).json.resultCode).toBe('000001')
      await applySetup({ credentials: [{ name: 'late', kind: 'base', secret: key }] }, systemContext)
      const answer = await send(v1Call(params, { key }))
      expect(answer.json.resultCode).toBe('000003')
      expect(verifyBodySign(answer.headers['Body-Sign'] ?? '', answer.body, key)).toBe(true)
    }
    await prisma().credential.delete({ where: { name: 'late' } })
  })

  it('a wrong authToken is 000001, signed with the newest key all the same', async () => {
    const answer = await send(v1Call(params(), { key: 'somebody-else' }))
    expect(answer.json.resultCode).toBe('000001')
    const signed = [testKeys.base, testKeys.spare].some((key) =>
      verifyBodySign(answer.headers['Body-Sign'] ?? '', answer.body, key),
    )
    expect(signed).toBe(true)
  })

  it('every instance can be rebuilt from its events', async () => {
    const all = await prisma().instance.findMany({ select: { instanceId: true } })
    expect(all.length).toBeGreaterThan(10)
    for (const { instanceId } of all) {
      const { differed } = await prisma().$transaction((tx) => rebuildInstance(tx, instanceId))
      expect({ instanceId, differed }).toEqual({ instanceId, differed: false })
    }
  })
})

describe('replay', () => {
  const failedRenewal = async () => {
    const instance = `late-${newOrder().orderId}`
    const order = newOrder()
    const body = {
      activity: 'refreshInstance',
      scene: 'RENEWAL',
      ...order,
      instanceId: instance,
      expireTime: '20280101000000',
    }
    await send(v2Call(body))
    return messageOf({ orderId: order.orderId })
  }

  it('a dry run says what would change and changes nothing', async () => {
    const { instanceId } = (await send(v2Call(purchase()))).json as { instanceId: string }
    const message = await failedRenewal()
    const before = await prisma().call.count()
    const payload = { body: { instanceId } }
    const dry = await replayMessage({ ctx: systemContext, input: { messageId: message.id, payload, dryRun: true } })
    expect(dry).toMatchObject({ replayId: null, resultCode: '000000' })
    expect(dry.changes.map(({ field }) => field)).toContain('expiresAt')
    expect(await prisma().call.count()).toBe(before)
    expect((await instanceOf(instanceId)).expiresAt).toBeNull()
    const real = await replayMessage({ ctx: systemContext, input: { messageId: message.id, payload } })
    expect(real).toMatchObject({ resultCode: '000000', replayId: expect.any(String) })
    expect((await instanceOf(instanceId)).expiresAt).toEqual(new Date('2028-01-01T00:00:00Z'))
    const after = await prisma().message.findUniqueOrThrow({ where: { id: message.id } })
    expect(after).toMatchObject({ state: 'succeeded', attempts: 2, lastCallId: message.lastCallId })
    expect(await prisma().call.findUniqueOrThrow({ where: { id: message.lastCallId } })).toMatchObject({
      outcome: 'failed',
      resultCode: '000003',
    })
    expect(await prisma().auditEntry.count({ where: { action: 'message.replay', target: message.id } })).toBe(1)
  })

  it('a payload may name its members without saying where they stand', async () => {
    const { instanceId } = (await send(v2Call(purchase()))).json as { instanceId: string }
    const message = await failedRenewal()
    const replay = (messageId: string, payload: Record<string, unknown>) =>
      replayMessage({ ctx: systemContext, input: { messageId, payload, dryRun: true } })
    expect(await replay(message.id, { instanceId })).toMatchObject({ resultCode: '000000' })
    await send(v1Call({ activity: 'expireInstance', instanceId: 'nobody-here' }))
    const older = await messageOf({ instanceId: 'nobody-here' })
    expect(await replay(older.id, { instanceId })).toMatchObject({ resultCode: '000000' })
    await expect(replay(older.id, { instanceId: {} })).rejects.toMatchObject({ field: 'payload.instanceId' })
  })

  it('an old freeze replayed after a newer unfreeze is not applied', async () => {
    const { instanceId } = (await send(v2Call(purchase()))).json as { instanceId: string }
    const body = (status: string) => ({ activity: 'updateInstanceStatus', instanceId, status })
    await send(v2Call(body('FREEZE'), { at: Date.now() - 5_000 }))
    await send(v2Call(body('UNFREEZE')))
    const freeze = await messageOf({ instanceId, activity: 'updateInstanceStatus', key: { contains: ':FREEZE' } })
    const { replayId } = await replayMessage({ ctx: systemContext, input: { messageId: freeze.id } })
    const writers = await prisma().$queryRaw<{ call: string; entry: string }[]>`
      SELECT c.xmin::text AS call, a.xmin::text AS entry FROM calls c JOIN audit_entries a ON a.data->>'callId' = c.id::text
      WHERE c.id = ${replayId}::uuid`
    expect(writers).toEqual([{ call: writers[0]?.entry, entry: writers[0]?.call }])
    expect(await instanceOf(instanceId)).toMatchObject({ state: 'active' })
  })

  it('resolving needs a note and an open message', async () => {
    const message = await failedRenewal()
    const resolve = (note: string) => resolveMessage({ ctx: systemContext, input: { messageId: message.id, note } })
    await expect(resolve(' ')).rejects.toMatchObject({ code: 'invalid', field: 'note' })
    await resolve('the buyer cancelled')
    await expect(resolve('again')).rejects.toMatchObject({ code: 'conflict' })
  })

  it('a viewer may not replay', async () => {
    const ctx = { actor: { name: 'v', via: 'user', role: 'viewer' } } as const
    const message = await failedRenewal()
    await expect(replayMessage({ ctx, input: { messageId: message.id } })).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('in bulk: plans, runs, counts, skips what is closed', async () => {
    const q = `bulk-${newOrder().orderId}`
    for (let n = 0; n < 6; n += 1) await send(v2Call({ activity: 'releaseInstance', instanceId: `${q}-${n}` }))
    const closed = await messageOf({ instanceId: `${q}-0` })
    await resolveMessage({ ctx: systemContext, input: { messageId: closed.id, note: 'gone' } })
    const plan = await createBulkReplay({ ctx: systemContext, input: { filter: { q }, dryRun: true } })
    expect(plan).toMatchObject({
      total: 6,
      skipped: 1,
      counts: { releaseInstance: 5 },
      skippedReasons: [{ reason: 'resolved', count: 1 }],
    })
    const bulk = await createBulkReplay({ ctx: systemContext, input: { filter: { q } } })
    await runBulkReplay(bulk.id)
    const end = await getBulkReplay({ ctx: systemContext, input: { id: bulk.id } })
    expect(end).toMatchObject({ state: 'done', total: 6, succeeded: 0, failed: 5, skipped: 1 })
  })

  it('in bulk: a cancelled one ends after the message it is at', async () => {
    const q = `stop-${newOrder().orderId}`
    for (let n = 0; n < 15; n += 1) await send(v2Call({ activity: 'releaseInstance', instanceId: `${q}-${n}` }))
    const input = await createBulkReplay({ ctx: systemContext, input: { filter: { q } } })
    const running = runBulkReplay(input.id)
    const look = () => getBulkReplay({ ctx: systemContext, input })
    while ((await look()).failed === 0) await new Promise((resolve) => setTimeout(resolve, 1))
    await cancelBulkReplay({ ctx: systemContext, input })
    const { failed } = await look()
    await running
    const end = await look()
    expect(end.state).toBe('cancelled')
    expect(end.failed).toBeLessThanOrEqual(failed + 1)
    expect(end.failed).toBeLessThan(15)
  })
})

it('a V1 purchase keeps what only it says of the buyer, sealed and in plain for the delivery', async () => {
  const iv = 'abcdefgh12345678'
  const mobilePhone = encryptField('13800000000', testKeys.base, '1', iv)
  const saasExtendParams = Buffer.from('[{"name":"emailDomainName","value":"shop.example.com"}]').toString('base64')
  const answer = await send(
    v1Call({
      activity: 'newInstance',
      customerId: 'cust-9',
      businessId: 'biz-9',
      productId: 'hand-1',
      ...{ orderId: newOrder().orderId, mobilePhone, saasExtendParams },
    }),
  )
  expect(answer.json.resultCode).toBe('000004')
  const details = await loadPurchaseDetails(String(answer.json.instanceId))
  expect(details).toMatchObject({
    mobilePhone: '13800000000',
    email: null,
    extendParams: [{ name: 'emailDomainName', value: 'shop.example.com' }],
  })
  const event = await prisma().instanceEvent.findFirstOrThrow({ where: { instanceId: answer.json.instanceId } })
  expect(JSON.stringify(event.data)).not.toContain('13800000000')
})
