import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { type Context, systemContext } from '@/lib/users/context'
import { callAsCurl, curlCommand, getCall, revealCall } from './detail'
import { callQuery, countOpenMessages, listCalls, listMessages, messageQuery } from './queries'
import { storeCall, storeMessage } from './testing'

let database: Awaited<ReturnType<typeof testDatabase>>
const viewer: Context = { actor: { name: 'viewer@example.com', via: 'user', role: 'viewer' } }
const admin: Context = { actor: { name: 'admin@example.com', via: 'user', role: 'admin' } }
const hour = 3_600_000

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const calls = async (query: Record<string, unknown>) => {
  const { items, total } = await listCalls({ ctx: viewer, query: callQuery.parse({ limit: 200, ...query }) })
  expect(total).toBe(items.length)
  return items.map(({ id }) => id)
}
const messages = async (query: Record<string, unknown>) => {
  const { items, total } = await listMessages({ ctx: viewer, query: messageQuery.parse({ limit: 200, ...query }) })
  expect(total).toBe(items.length)
  return items.map(({ id }) => id)
}

describe('the list of calls', () => {
  const order = `CS${Date.now()}`
  const businessId = newId()
  const ids: Record<'old' | 'fresh' | 'test' | 'replay' | 'underWay', string> = {} as never
  const about = { orderId: order, orderLineId: `${order}-000001` }

  beforeAll(async () => {
    ids.old = await storeCall({ ...about, businessId, at: new Date(Date.now() - 40 * 24 * hour), resultCode: '000002' })
    ids.fresh = await storeCall({ ...about, instanceId: 'inst-1', activity: 'refreshInstance' })
    ids.test = await storeCall({ ...about, instanceId: 'inst_1', test: true, outcome: 'succeeded' })
    ids.replay = await storeCall({ ...about, customerId: 'cust-9', source: 'replay', outcome: 'succeeded' })
    ids.underWay = await storeCall({ ...about, outcome: 'received' })
  })

  it('filters by each of its members', async () => {
    const { old, fresh, test, replay, underWay } = ids
    const find = (query: object) => calls({ orderId: order, ...query })
    expect(await find({})).toEqual([underWay, replay, test, fresh, old])
    expect(await find({ activity: 'refreshInstance' })).toEqual([fresh])
    expect(await find({ outcome: 'succeeded' })).toEqual([replay, test])
    expect(await find({ outcome: 'processing' })).toEqual([underWay])
    expect(await find({ resultCode: '000002' })).toEqual([old])
    expect(await find({ instanceId: 'inst-1' })).toEqual([fresh])
    expect(await find({ source: 'replay' })).toEqual([replay])
    expect(await find({ test: 'true' })).toEqual([test])
    expect(await find({ test: '1' })).toEqual([test])
    expect(await find({ test: '0' })).toEqual([underWay, replay, fresh, old])
    expect(await find({ test: 'false' })).toEqual([underWay, replay, fresh, old])
    expect(await find({ orderId: `${order}x` })).toEqual([])
  })

  it('takes times of any zone, from and not to', async () => {
    const { old, fresh } = ids
    const at = (await getCall({ ctx: viewer, id: old })).receivedAt
    const shanghai = `${new Date(Date.parse(at) + 8 * hour).toISOString().slice(0, -1)}+08:00`
    expect(await calls({ orderId: order, to: new Date(Date.now() - hour).toISOString() })).toEqual([old])
    expect(await calls({ orderId: order, from: shanghai, to: new Date(Date.now() - hour).toISOString() })).toEqual([
      old,
    ])
    expect(await calls({ orderId: order, to: shanghai })).toEqual([])
    expect(await calls({ orderId: order, from: shanghai })).toContain(fresh)
  })

  it('finds ids by their beginning, and nothing by a wildcard', async () => {
    const { old, fresh, test } = ids
    expect(await calls({ q: order.slice(0, -2) })).toHaveLength(5)
    expect(await calls({ q: 'inst-' })).toEqual([fresh])
    expect(await calls({ q: 'inst_1' })).toEqual([test])
    expect(await calls({ q: 'inst%' })).toEqual([])
    expect(await calls({ q: 'ins\\t' })).toEqual([])
    expect(await calls({ q: old })).toEqual([old])
    expect(await calls({ q: old.slice(0, 13) })).toEqual([old])
    expect(await calls({ q: "'; DROP TABLE calls; --" })).toEqual([])
  })

  it('finds a call by what its message or its instance knows', async () => {
    const { id, callId } = await storeMessage({ customerId: 'only-the-message', orderId: `M${order}` })
    expect(await calls({ q: 'only-the-mess' })).toEqual([callId])
    expect(await calls({ q: id })).toEqual([callId])
    expect(await calls({ messageId: id })).toEqual([callId])
  })

  it('answers the search from indexes', async () => {
    const { callConditions } = await import('./filters')
    const { allOf } = await import('@/lib/db/where')
    const where = allOf(callConditions({ q: 'CS2026' }))
    const plan = await prisma().$transaction(async (tx) => {
      await tx.$executeRaw`SET LOCAL enable_seqscan = off`
      return tx.$queryRaw<Record<string, string>[]>`EXPLAIN SELECT id FROM calls WHERE ${where}`
    })
    const text = plan.map((line) => Object.values(line)[0]).join('\n')
    expect(text).toContain('BitmapOr')
    expect(text).not.toMatch(/Seq Scan on calls/)
  })
})

describe('the list of messages', () => {
  it('filters by state, product, time and id', async () => {
    const product = await prisma().product.create({
      data: {
        id: newId(),
        name: 'Team chat',
        kind: 'saas',
        productIds: ['00301-1'],
        skuCodes: [],
        deliveryType: 'manual',
        delivery: {},
      },
    })
    const orderId = `MS${Date.now()}`
    const at = (ms: number) => new Date(Date.now() - ms)
    const old = (await storeMessage({ orderId, at: at(48 * hour), productRef: product.id })).id
    const done = (await storeMessage({ orderId, at: at(hour), state: 'succeeded', outcome: 'succeeded' })).id
    const tested = await storeMessage({ orderId, test: true })
    const find = (query: object) => messages({ orderId, ...query })
    expect(await find({})).toEqual([tested.id, done, old])
    expect(await find({ state: 'open' })).toEqual([tested.id, old])
    expect(await find({ state: 'open', test: false })).toEqual([old])
    expect(await find({ productId: '00301-1' })).toEqual([old])
    expect(await find({ productId: product.id })).toEqual([old])
    expect(await find({ productId: 'nobody' })).toEqual([])
    expect(await find({ from: at(2 * hour).toISOString() })).toEqual([tested.id, done])
    expect(await find({ to: at(2 * hour).toISOString() })).toEqual([old])
    expect(await find({ outcome: 'succeeded' })).toEqual([done])
    expect(await messages({ q: tested.callId })).toEqual([tested.id])
    expect(await messages({ q: orderId })).toHaveLength(3)
  })

  it('searches on from page to page and keeps the total', async () => {
    const orderId = `MQ${Date.now()}`
    for (let n = 0; n < 3; n += 1)
      await storeMessage({ orderId: `${orderId}${n}`, at: new Date(Date.now() - n * 1000) })
    const find = (cursor?: string | null) =>
      listMessages({
        ctx: viewer,
        query: messageQuery.parse({ q: orderId, limit: 2, ...(cursor ? { cursor } : {}) }),
      })
    const first = await find()
    const second = await find(first.nextCursor)
    expect([...first.items, ...second.items].map((item) => item.orderId)).toEqual(
      [0, 1, 2].map((n) => `${orderId}${n}`),
    )
    expect([first.total, second.total, second.nextCursor]).toEqual([3, 3, null])
    expect(first.items[0]).not.toHaveProperty('total')
    await prisma().message.deleteMany({ where: { orderId: `${orderId}2` } })
    expect(await find(first.nextCursor)).toEqual({ items: [], nextCursor: null, total: 2 })
  })

  it('pages through messages of the same moment', async () => {
    const at = new Date(Date.now() - hour)
    const orderId = `MP${Date.now()}`
    const stored: string[] = []
    for (let n = 0; n < 5; n += 1) stored.push((await storeMessage({ orderId, at })).id)
    const seen: string[] = []
    for (let cursor: string | undefined; ; ) {
      const query = messageQuery.parse({ orderId, limit: 2, ...(cursor && { cursor }) })
      const page = await listMessages({ ctx: viewer, query })
      expect(page.total).toBe(5)
      seen.push(...page.items.map(({ id }) => id))
      if (!page.nextCursor) break
      cursor = page.nextCursor
    }
    expect(seen).toEqual(stored.sort().reverse())
  })

  it('tells when the partner desk was written to', async () => {
    const orderId = `MN${Date.now()}`
    const { id } = await storeMessage({ orderId })
    const notice = { messageId: id, kind: 'partner-mail', recipient: 'a', subject: 'b', body: 'c', createdBy: 'd' }
    const sentAt = new Date(Date.now() - hour)
    await prisma().notice.create({ data: { ...notice, id: newId(), state: 'sent', createdAt: sentAt } })
    await prisma().notice.create({ data: { ...notice, id: newId(), state: 'failed', createdAt: new Date() } })
    const { items } = await listMessages({ ctx: viewer, query: messageQuery.parse({ orderId }) })
    expect(items[0]).toMatchObject({ notifiedAt: sentAt.toISOString(), windowHours: 3, replayable: true })
  })

  it('counts open ones without those of tests', async () => {
    const before = await countOpenMessages()
    await storeMessage()
    await storeMessage({ test: true })
    await storeMessage({ state: 'resolved' })
    expect(await countOpenMessages()).toBe(before + 1)
  })
})

describe('one call', () => {
  const body = JSON.stringify({ orderId: "CS'1", password: 'open sesame', memo: "it's" })
  const signature = {
    ok: false,
    credentialId: null,
    credentialName: null,
    variant: null,
    received: 'a'.repeat(64),
    computed: 'b'.repeat(64),
    signedText: `‹key›nonce17${body}`,
    reason: 'mismatch',
    skewMs: null,
  }
  const payload = {
    request: {
      method: 'POST',
      path: '/api/produce',
      query: `signature=${'a'.repeat(64)}&nonce=1`,
      headers: { host: 'desk', authorization: 'Bearer me', 'content-type': 'application/json' },
      body,
    },
    signature,
  }

  it('is shown with its secrets masked, and whole to an administrator who leaves a trace', async () => {
    const id = await storeCall({ payload })
    const shown = await getCall({ ctx: viewer, id })
    expect(JSON.stringify(shown)).not.toMatch(/open sesame|Bearer me|a{20}|b{20}/)
    expect(shown.request.query).toEqual([
      ['signature', 'aaaaaaaa…aaaa'],
      ['nonce', '1'],
    ])
    await expect(revealCall({ ctx: viewer, id })).rejects.toThrow(DeskError)
    expect(await prisma().auditEntry.count({ where: { target: id } })).toBe(0)
    const whole = await revealCall({ ctx: admin, id })
    expect(whole).toMatchObject({ request: { body }, signature: { computed: 'b'.repeat(64) } })
    const [entry] = await prisma().auditEntry.findMany({ where: { target: id } })
    expect(entry).toMatchObject({ action: 'call.reveal', actor: 'admin@example.com' })
  })

  it('becomes a command a shell reads as it was meant', async () => {
    const id = await storeCall({ payload })
    const command = await callAsCurl({ ctx: viewer, id })
    expect(command).not.toMatch(/open sesame|Bearer me|host: desk/)
    const script = command.replace(/^curl/, 'printf "%s\\0"')
    const words = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0')
    expect(words).toContain(JSON.stringify({ orderId: "CS'1", password: '••••', memo: "it's" }))
    const hostile = { method: 'GET', path: "/a'$(id)`id`\n", query: '', headers: { 'x-a': '"; id; \\' }, body: '!x\0' }
    const parts = execFileSync('sh', ['-c', curlCommand('http://d', hostile).replace(/^curl/, 'printf "%s\\0"')], {
      encoding: 'utf8',
    }).split('\0')
    expect(parts).toEqual(['-X', 'GET', "http://d/a'$(id)`id`\n", '-H', 'x-a: "; id; \\', '--data-raw', '!x', ''])
  })

  it('that does not exist is not found', async () => {
    await expect(getCall({ ctx: systemContext, id: newId() })).rejects.toMatchObject({ code: 'not-found' })
  })
})
