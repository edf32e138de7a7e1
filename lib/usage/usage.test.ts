import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { send, v2Call } from '@/lib/calls/test-marketplace'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { ask, tokensOfRoles } from '@/lib/http/api-testing'
import { startJobs, stopJobs } from '@/lib/jobs'
import { type Context, type Role, systemContext } from '@/lib/users/context'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { importUsage } from './files'
import { listUsageMonths, usageOverview } from './months'
import { addRecords } from './records'
import { runUsagePush, usageRounds } from './send'
import { storeInstances, storeUsageKeys, storeUsageProduct, usageTestAccount, usageTestKey } from './testing'

let database: Awaited<ReturnType<typeof testDatabase>>
let sandbox: Sandbox
let tokens: Record<Role, string>
let count = 0
const ctx: Context = systemContext

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [usageTestAccount], usageKeys: [usageTestKey], lenientUsage: false })
  process.env.MARKETPLACE_URL = sandbox.url
  process.env.MARKETPLACE_FALLBACK_URL = sandbox.fallbackUrl
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'usage-test-secret-0001' })
  await storeUsageKeys()
  await startJobs()
  tokens = await tokensOfRoles()
  forgetCatalog()
})
afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
  await sandbox.stop()
  delete process.env.MARKETPLACE_URL
  delete process.env.MARKETPLACE_FALLBACK_URL
})
beforeEach(() => {
  sandbox.control.clearFaults()
  sandbox.control.usage.clear()
})

const HOUR = 3_600_000
/** Whole hours before now. */
const hours = (ago: number) => new Date(Math.floor(Date.now() / HOUR) * HOUR - ago * HOUR).toISOString()
const freshId = (name = 'i') => `${name}-${++count}-${Date.now()}`

function record(instanceId: string, ago: number, more: object = {}) {
  return { meteringSn: freshId('sn'), instanceId, beginAt: hours(ago + 1), endAt: hours(ago), value: '1.5', ...more }
}

async function post(records: unknown[], role: Role = 'operator') {
  const answer = await ask('POST', '/usage-records', { token: tokens[role], json: { records } })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body.results
}
const get = async (path: string) => (await ask('GET', path, { token: tokens.viewer })).body

async function instance(given: Parameters<typeof storeInstances>[1] & { wire?: object } = {}) {
  const instanceId = freshId('inst')
  const { wire, ...facts } = given
  await storeInstances([instanceId], facts)
  sandbox.control.registerUsageInstances([{ instanceId, ...wire }])
  return instanceId
}

async function push(filter: object) {
  const { body, status } = await ask('POST', '/usage-pushes', { token: tokens.operator, json: filter })
  expect(status, JSON.stringify(body)).toBe(200)
  return body as { id: string; total: number; state: string }
}

async function pushNow(instanceIds: string[]) {
  const { id } = await push({ instanceIds })
  await runUsagePush(id)
  return get(`/usage-pushes/${id}`)
}

const statesOf = async (instanceId: string) =>
  (await get(`/usage-records?instanceId=${instanceId}&limit=200`)).items.map((item: { state: string }) => item.state)

describe('records in', () => {
  it('are created once, whoever sends them again and however often', async () => {
    const id = await instance()
    const one = record(id, 3)
    expect(await post([one, one, record(id, 4)])).toMatchObject([
      { meteringSn: one.meteringSn, status: 'created' },
      { status: 'unchanged' },
      { status: 'created' },
    ])
    const many = await Promise.all([post([one]), post([{ ...one, value: '7' }]), post([one])])
    expect(many.flat().map(({ status }) => status)).toEqual(['unchanged', 'unchanged', 'unchanged'])
    expect(many[1]?.[0].note).toContain('value 1.5')
    const { items, total } = await get(`/usage-records?instanceId=${id}`)
    expect(total).toBe(2)
    expect(items[1]).toMatchObject({ value: '1.5', state: 'draft', code: null, pushId: null, source: 'api' })
  })

  it('entered by hand are in the audit log', async () => {
    const id = await instance()
    const one = record(id, 3)
    const staff: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
    const add = () => addRecords({ ctx: staff, records: [one, record('nobody', 3)], source: 'manual' })
    expect((await add()).map(({ status }) => status)).toEqual(['created', 'refused'])
    expect((await add()).map(({ status }) => status)).toEqual(['unchanged', 'refused'])
    const entries = await prisma().auditEntry.findMany({ where: { action: 'usage.add', target: one.meteringSn } })
    expect(entries).toMatchObject([{ actor: 'ops@example.com', data: { instanceId: id, value: '1.5' } }])
  })

  it('of the same number from many senders at once become one', async () => {
    const id = await instance()
    const shared = Array.from({ length: 50 }, (_, at) => record(id, at + 2))
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(shared)))
    expect(answers.flat().filter(({ status }) => status === 'created')).toHaveLength(50)
    expect(answers.flat().every(({ status }) => status !== 'refused')).toBe(true)
  })

  it.each([
    [
      'a stranger’s instance',
      () => ({ instanceId: 'nobody' }),
      'stranger',
      /^instanceId: no instance "nobody" was opened here$/,
    ],
    ['a negative value', () => ({ value: '-1' }), 'value-positive', /^value: "-1" must be above 0$/],
    ['zero', () => ({ value: '0.0000' }), 'value-positive', /must be above 0/],
    [
      '5 decimals',
      () => ({ value: '1.23456' }),
      'value-decimals',
      /^value: "1.23456" has 5 decimals; at most 4 are allowed$/,
    ],
    ['words for a value', () => ({ value: '1,5' }), 'value-form', /"1,5" is no decimal number/],
    ['a huge value', () => ({ value: '1234567890123' }), 'value-size', /13 digits/],
    [
      'a local time',
      () => ({ beginAt: '2026-11-21 10:00:00' }),
      'time-local',
      /^beginAt: "2026-11-21 10:00:00" has no time zone/,
    ],
    [
      'a local wire time',
      () => ({ endAt: '20261121100000' }),
      'time-local',
      /^endAt: "20261121100000" has no time zone/,
    ],
    ['no time', () => ({ endAt: 'yesterday' }), 'time-form', /^endAt: "yesterday" is no time/],
    ['a day that does not exist', () => ({ endAt: '2026-02-30T10:00:00Z' }), 'time-form', /is no time/],
    ['the future', () => ({ endAt: hours(-2) }), 'future', /is in the future/],
    ['an end before the begin', () => ({ beginAt: hours(1), endAt: hours(2) }), 'order', /is after endAt/],
    ['22 days ago', () => ({ beginAt: hours(22 * 24) }), 'too-old', /more than 21 days ago/],
    ['a missing number', () => ({ meteringSn: '' }), 'missing', /^meteringSn: is missing/],
    ['a long number', () => ({ meteringSn: 'x'.repeat(65) }), 'form', /1 to 64 characters/],
    ['an unknown member', () => ({ price: 1 }), 'unknown-member', /^price: is not a member/],
    ['a package of nobody', () => ({ relatedPackageInstanceId: 'nobody' }), 'package-stranger', /no package instance/],
  ])('with %s are refused with a sentence', async (_, change, rule, sentence) => {
    const id = await instance()
    const [result] = await post([record(id, 3, change())])
    expect(result).toMatchObject({ status: 'refused', error: { rule, message: expect.stringMatching(sentence) } })
  })

  it('keep to the life of the instance and to how it is charged', async () => {
    const opened = await instance({ openedAt: new Date(hours(5)) })
    const closed = await instance({ releasedAt: new Date(hours(5)) })
    const yearly = await instance({ chargingMode: 'PERIOD' })
    const pack = await instance({ chargingMode: 'ON_DEMAND_PKG' })
    const test = await instance({ test: true })
    const own = await instance()
    const results = await post([
      record(opened, 5),
      record(opened, 4),
      record(closed, 4),
      record(closed, 5),
      record(yearly, 3),
      record(pack, 3),
      record(test, 3),
      record(own, 3, { relatedPackageInstanceId: pack }),
      record(own, 3),
      record(own, 3),
      'text',
    ])
    expect(results.map((one: { error?: { rule: string } }) => one.error?.rule ?? 'ok')).toEqual([
      ...['before-opening', 'ok', 'after-closing', 'ok', 'not-pay-per-use', 'package', 'test', 'ok', 'ok'],
      ...['same-period', 'form'],
    ])
  })

  it('may be a thousand, and no more; viewers send none', async () => {
    const id = await instance()
    const many = Array.from({ length: 1001 }, () => record(id, 3))
    const refused = await ask('POST', '/usage-records', { token: tokens.operator, json: { records: many } })
    expect(refused).toMatchObject({ status: 400, body: { detail: 'records: must hold at most 1000 records' } })
    const viewer = await ask('POST', '/usage-records', { token: tokens.viewer, json: { records: [record(id, 1)] } })
    expect(viewer.status).toBe(403)
  })

  it('are summed by month, instance and day as they change', async () => {
    const productRef = await storeUsageProduct(freshId('Summed'))
    const id = await instance({ productRef })
    await post([record(id, 30, { value: '2' }), record(id, 31, { value: '0.25' })])
    await pushNow([id])
    const sums = await prisma().usageMonth.findMany({ where: { instanceId: id } })
    expect(sums.reduce((sum, row) => sum + row.accepted, 0)).toBe(2)
    expect(sums.reduce((sum, row) => sum + Number(row.acceptedValue), 0)).toBe(2.25)
    const month = sums[0]?.month as string
    const { items } = await get(`/usage-months?month=${month}&q=${id}`)
    expect(items[0]).toMatchObject({ instanceId: id, difference: '0', rejected: 0 })
    const overview = (await get(`/usage-overview?month=${month}`)).items
    expect(overview.find((one: { productRef: string }) => one.productRef === productRef)).toMatchObject({
      instances: 1,
      draft: 0,
      api: 'new',
      rhythm: 'monthly',
    })
    const days = (await get(`/usage-days?month=${month}&productId=${productRef}`)).items
    expect(days.filter((day: { value: string | null }) => day.value).length).toBeGreaterThan(0)
    await prisma().usageRecord.deleteMany({ where: { instanceId: id } })
    expect((await get(`/usage-months?month=${month}&q=${id}`)).items).toEqual([])
    expect(await prisma().usageDay.findMany({ where: { productRef, NOT: { records: 0 } } })).toEqual([])
  })

  it('leave no gap unnoticed', async () => {
    const id = await instance({ openedAt: new Date(hours(10)) })
    await post([record(id, 7), record(id, 5), record(id, 6), record(id, 2)])
    const months = new Set(
      [hours(0), hours(10)].map((at) => new Date(Date.parse(at) + 8 * HOUR).toISOString().slice(0, 7)),
    )
    const all = await Promise.all([...months].map((month) => get(`/usage-gaps?instanceId=${id}&month=${month}`)))
    const gaps = all.flatMap(({ items }) => items as { from: string; to: string }[])
    const missing = gaps.reduce((sum, { from, to }) => sum + (Date.parse(to) - Date.parse(from)) / HOUR, 0)
    expect(missing).toBe(2 + 2 + 2)
    expect(all[0].total).toBe('6')
  })
})

describe('instances that owe records', () => {
  const openedAt = new Date('2026-02-01T00:00:00Z')
  const used = async (instanceId: string, productRef: string, until: string) => {
    const endAt = new Date(until)
    const beginAt = new Date(endAt.getTime() - HOUR)
    const month = new Date(beginAt.getTime() + 8 * HOUR).toISOString().slice(0, 7)
    const [id, meteringSn] = [newId(), freshId('sn')]
    await prisma().usageRecord.create({
      data: {
        ...{ id, meteringSn, wireSn: meteringSn, instanceId, productRef, month, beginAt, endAt },
        ...{ value: '1', state: 'draft', source: 'api', changedAt: endAt },
      },
    })
  }
  /** What the heads count and what the grid lists of a product. */
  const owing = async (productRef: string, at: string, month = '2026-03') => {
    const now = new Date(at)
    const [overview, { items, total }] = await Promise.all([
      usageOverview({ ctx, month, now }),
      listUsageMonths({ ctx, query: { month, productId: productRef, only: 'silent', limit: 50 }, now }),
    ])
    const head = overview.find((one) => one.productRef === productRef)
    expect(total).toBe(items.length)
    expect(head?.silent ?? 0).toBe(items.length)
    return items.map(({ instanceId }) => instanceId.replace(/-.*/, '')).sort()
  }
  const product = (rhythm: string) => storeUsageProduct(freshId(rhythm), { rhythm })
  const store = async (names: string[], given: Parameters<typeof storeInstances>[1]) => {
    const ids = names.map((name) => freshId(name))
    await storeInstances(ids, { openedAt, ...given })
    return Object.fromEntries(names.map((name, at) => [name, ids[at] as string]))
  }

  it('of a monthly product have none at all; tests, packages, other products and closed ones do not count', async () => {
    const productRef = await product('monthly')
    const { busy } = await store(['busy', 'idle'], { productRef })
    await used(busy as string, productRef, '2026-03-02T00:00:00Z')
    await store(['test'], { productRef, test: true })
    await store(['pack'], { productRef, chargingMode: 'ON_DEMAND_PKG' })
    await store(['yearly'], { productRef, chargingMode: 'PERIOD' })
    await store(['closed'], { productRef, releasedAt: new Date('2026-02-20T00:00:00Z') })
    await store(['left'], { productRef, releasedAt: new Date('2026-03-10T00:00:00Z') })
    await store(['new'], { productRef, openedAt: new Date('2026-03-15T04:05:00Z') })
    await store(['other'], { productRef: await product('monthly') })
    expect(await owing(productRef, '2026-03-15T04:20:00Z')).toEqual(['idle', 'left'])
    expect(await owing(productRef, '2026-03-15T05:20:00Z')).toEqual(['idle', 'left', 'new'])
    expect(await owing(productRef, '2026-04-02T00:00:00Z')).toEqual(['idle', 'left', 'new'])
    expect(await owing(productRef, '2026-02-27T00:00:00Z')).toEqual([])
    expect(await owing(productRef, '2026-03-15T04:20:00Z', '2026-02')).toEqual(['busy', 'closed', 'idle', 'left'])
    const [head] = (await usageOverview({ ctx, month: '2026-03', now: new Date('2026-03-15T04:20:00Z') })).filter(
      (one) => one.productRef === productRef,
    )
    expect(head).toMatchObject({ instances: 1, collected: 1, silent: 2 })
  })

  it('are told of a product of which nothing came in', async () => {
    const productRef = await product('hourly')
    await store(['mute'], { productRef })
    const overview = await usageOverview({ ctx, month: '2026-03', now: new Date('2026-03-15T04:20:00Z') })
    expect(overview.find((one) => one.productRef === productRef)).toMatchObject({
      ...{ productName: expect.stringMatching(/^hourly/), collected: 0, collectedValue: '0', silent: 1 },
      ...{ rhythm: 'hourly', difference: '0', oldestOpenAt: null },
    })
    const query = { month: '2026-03', productId: productRef, only: 'silent' as const, limit: 50 }
    const { items } = await listUsageMonths({ ctx, query, now: new Date('2026-03-15T04:20:00Z') })
    expect(items).toMatchObject([{ collected: 0, collectedValue: '0', difference: '0', lastEndAt: null }])
  })

  it.each([
    // Of 03:00 to 04:00 there is until 05:00 to tell; of the day before, in UTC+8, until the next one began.
    ['hourly', '2026-03-15T03:00:00Z', '2026-03-15T04:59:00Z', []],
    ['hourly', '2026-03-15T03:00:00Z', '2026-03-15T05:00:00Z', ['one']],
    ['daily', '2026-03-14T15:30:00Z', '2026-03-15T15:59:00Z', []],
    ['daily', '2026-03-14T15:30:00Z', '2026-03-15T16:00:00Z', ['one']],
    ['daily', '2026-03-31T15:30:00Z', '2026-04-09T00:00:00Z', []],
    ['daily', '2026-03-30T15:30:00Z', '2026-04-09T00:00:00Z', ['one']],
    ['hourly', '2026-03-31T14:00:00Z', '2026-04-09T00:00:00Z', ['one']],
    ['hourly', '2026-03-31T15:00:00Z', '2026-04-09T00:00:00Z', []],
  ])('of a %s product with use until %s at %s: %j', async (rhythm, until, at, expected) => {
    const productRef = await product(rhythm)
    const { one } = await store(['one'], { productRef })
    await used(one as string, productRef, until)
    expect(await owing(productRef, at)).toEqual(expected)
  })

  it('owe nothing of a month, a day or an hour that only just began', async () => {
    const [hourly, daily] = [await product('hourly'), await product('daily')]
    await store(['hour'], { productRef: hourly })
    await store(['day'], { productRef: daily })
    await store(['late'], { productRef: hourly, openedAt: new Date('2026-02-28T18:05:00Z') })
    expect(await owing(hourly, '2026-02-28T17:59:00Z')).toEqual([])
    expect(await owing(hourly, '2026-02-28T18:00:00Z')).toEqual(['hour'])
    expect(await owing(hourly, '2026-02-28T19:30:00Z')).toEqual(['hour'])
    expect(await owing(hourly, '2026-02-28T20:00:00Z')).toEqual(['hour', 'late'])
    expect(await owing(daily, '2026-03-01T15:59:00Z')).toEqual([])
    expect(await owing(daily, '2026-03-01T16:00:00Z')).toEqual(['day'])
  })
})

describe('records out', () => {
  it('go through both interfaces, signed so that the marketplace takes them', async () => {
    const old = await storeUsageProduct(freshId('Old'), { api: 'old' })
    const [a, b] = [await instance(), await instance({ productRef: old })]
    await post([record(a, 3, { value: '12.50' }), record(b, 3)])
    expect(await pushNow([a, b])).toMatchObject({ state: 'done', total: 2, accepted: 2, rejected: 0, waiting: 0 })
    expect(sandbox.control.usage.accepted()).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ api: 'new', instanceId: a, value: '12.5' }),
        expect.objectContaining({ api: 'old', instanceId: b, value: '1.5', meteringSn: null }),
      ]),
    )
  })

  it('may be all of them at once, or those of a product, which the push then names', async () => {
    const [one, two] = [await storeUsageProduct(freshId('P')), await storeUsageProduct(freshId('P'))]
    const [first, second] = [await instance({ productRef: one }), await instance({ productRef: two })]
    await post([record(first, 3), record(second, 3)])
    const { total } = await push({ productId: one })
    expect(total).toBe(1)
    const [named] = (await get('/usage-pushes?limit=1')).items
    expect(named.productName).toMatch(/^P-/)
    await runUsagePush(named.id)
    expect([await statesOf(first), await statesOf(second)]).toEqual([['accepted'], ['draft']])
    const csv = (await ask('GET', '/usage-pushes.csv', { token: tokens.viewer })).body as string
    expect(csv.split('\r\n').filter((line) => line.includes(named.id))).toHaveLength(1)
    const everything = await push({})
    await runUsagePush(everything.id)
    expect(await statesOf(second)).toEqual(['accepted'])
    const unknown = await ask('POST', '/usage-pushes', { token: tokens.operator, json: { product: one } })
    expect(unknown).toMatchObject({ status: 400, body: { field: 'product' } })
  })

  it('are counted by a dry run, which keeps nothing', async () => {
    const id = await instance()
    await post([record(id, 3), record(id, 4)])
    const plan = await push({ instanceIds: [id], dryRun: true })
    expect(plan).toMatchObject({ id: '00000000-0000-0000-0000-000000000000', total: 2 })
    expect(await statesOf(id)).toEqual(['draft', 'draft'])
  })

  it('are rejected one by one with their codes, mended and pushed again', async () => {
    const good = await instance()
    const bad = await instance({ wire: { abnormal: true } })
    await post([record(good, 3), record(bad, 3)])
    expect(await pushNow([good, bad])).toMatchObject({ state: 'done', accepted: 1, rejected: 1 })
    const { items } = await get(`/usage-records?state=rejected&instanceId=${bad}`)
    expect(items).toMatchObject([{ code: '013', message: 'abnormal resource state' }])
    sandbox.control.registerUsageInstances([{ instanceId: bad }])
    const mend = (json: object) => ask('POST', `/usage-records/${items[0].id}/mend`, { token: tokens.operator, json })
    expect(await mend({ value: '-2' })).toMatchObject({ status: 400, body: { field: 'value' } })
    const mended = await mend({ value: '2.25' })
    expect(mended.body).toMatchObject({ state: 'queued', value: '2.25', wireSn: items[0].meteringSn })
    expect((await mend({})).status).toBe(409)
    expect(await pushNow([bad])).toMatchObject({ accepted: 1 })
    expect(await statesOf(bad)).toEqual(['accepted'])
  })

  it('get another number where the marketplace knows the old one', async () => {
    const id = await instance()
    const one = record(id, 3)
    await post([one])
    sandbox.control.addUsageFault({ answer: 'half', code: '005', times: 1 })
    await post([record(id, 4)])
    await pushNow([id])
    const { items } = await get(`/usage-records?state=rejected&instanceId=${id}`)
    expect(items).toHaveLength(1)
    const requeued = await ask('POST', '/usage-records/requeue', {
      token: tokens.operator,
      json: { ids: [items[0].id] },
    })
    expect(requeued.body).toEqual({ queued: 1, left: 0 })
    await pushNow([id])
    const numbers = sandbox.control.usage.accepted().map(({ meteringSn }) => meteringSn)
    expect(numbers).toHaveLength(2)
    expect(numbers).not.toContain(items[0].meteringSn)
  })

  it.each(['cut-after', '500-after', '500-before', 'cut-before'] as const)(
    'are taken exactly once when the answer is %s',
    async (answer) => {
      const id = await instance()
      await post(Array.from({ length: 5 }, (_, at) => record(id, at + 2)))
      sandbox.control.addUsageFault({ answer, times: 2 })
      expect(await pushNow([id])).toMatchObject({ state: 'done', accepted: 5, rejected: 0 })
      expect(sandbox.control.usage.count).toBe(5)
    },
  )

  it('are found out by halves where an answer does not say which were bad', async () => {
    const old = await storeUsageProduct(freshId('Halves'), { api: 'old' })
    const ids = await Promise.all(Array.from({ length: 9 }, () => instance({ productRef: old })))
    const foreign = await instance({ productRef: old, wire: { foreign: true } })
    await post([...ids, foreign].map((id) => record(id, 3)))
    expect(await pushNow([...ids, foreign])).toMatchObject({ accepted: 9, rejected: 1 })
    expect((await get(`/usage-records?instanceId=${foreign}`)).items[0]).toMatchObject({ code: 'MKT.0150' })

    const more = await instance()
    await post([record(more, 3), record(more, 4)])
    sandbox.control.addUsageFault({ answer: 'unreadable', times: 1 })
    expect(await pushNow([more])).toMatchObject({ accepted: 2, rejected: 0 })
  })

  it('wait again when the marketplace does not know us, with its words', async () => {
    const id = await instance()
    await post([record(id, 3)])
    sandbox.control.addUsageFault({ answer: '94060002' })
    expect(await pushNow([id])).toMatchObject({ state: 'stopped', error: expect.stringContaining('94060002') })
    expect(await statesOf(id)).toEqual(['draft'])
    sandbox.control.clearFaults()
    expect(await pushNow([id])).toMatchObject({ state: 'done', accepted: 1 })
  })

  it('that grew too old are not sent', async () => {
    const id = await instance()
    await post([record(id, 3)])
    await prisma().$executeRaw`UPDATE usage_records SET begin_at = now() - interval '22 days' WHERE instance_id = ${id}`
    expect(await pushNow([id])).toMatchObject({ accepted: 0, rejected: 1 })
    expect((await get(`/usage-records?instanceId=${id}`)).items[0]).toMatchObject({ state: 'rejected', code: '007' })
    expect(sandbox.control.usage.requests).toBe(0)
  })

  it('wait again when a push is cancelled', async () => {
    const id = await instance()
    await post([record(id, 3)])
    const { id: pushId } = await push({ instanceIds: [id] })
    const cancelled = await ask('POST', `/usage-pushes/${pushId}/cancel`, { token: tokens.operator, json: {} })
    expect(cancelled.status).toBe(200)
    await runUsagePush(pushId)
    expect(await get(`/usage-pushes/${pushId}`)).toMatchObject({ state: 'cancelled', accepted: 0, waiting: 0 })
    expect(await statesOf(id)).toEqual(['draft'])
    const again = await ask('POST', `/usage-pushes/${pushId}/cancel`, { token: tokens.operator, json: {} })
    expect(again.status).toBe(409)
  })

  it('of hourly and daily products go by themselves when they are due, once for all processes', async () => {
    const hourly = await storeUsageProduct(freshId('Hourly'), { rhythm: 'hourly' })
    const id = await instance({ productRef: hourly })
    await post([record(id, 1), record(id, 2)])
    expect(await statesOf(id)).toEqual(['queued', 'queued'])
    await Promise.all([usageRounds(), usageRounds(), usageRounds()])
    const pushes = await prisma().usagePush.findMany({ where: { productRef: hourly } })
    expect(pushes).toHaveLength(1)
    await Promise.all([1, 2, 3].map(() => runUsagePush(pushes[0]?.id as string)))
    expect(await statesOf(id)).toEqual(['accepted', 'accepted'])
    expect(await get(`/usage-pushes/${pushes[0]?.id}`)).toMatchObject({ state: 'done', total: 2, accepted: 2 })
    await post([record(id, 3)])
    expect(await usageRounds()).toContain(pushes[0]?.id)
    await runUsagePush(pushes[0]?.id as string)
    expect(await statesOf(id)).toEqual(['accepted', 'accepted', 'accepted'])
  })

  it('are settled when everything is answered and the rest explained', async () => {
    const productRef = await storeUsageProduct(freshId('Settled'))
    const id = await instance({ productRef, wire: { abnormal: true } })
    await post([record(id, 3)])
    const { month } = (await get(`/usage-records?instanceId=${id}`)).items[0]
    const settle = (json: object) =>
      ask('POST', '/usage-settlements', { token: tokens.operator, json: { productId: productRef, month, ...json } })
    expect(await settle({})).toMatchObject({ status: 409, body: { detail: expect.stringContaining('1 records') } })
    await pushNow([id])
    expect(await settle({})).toMatchObject({ status: 409, body: { field: 'note' } })
    expect((await settle({ note: 'agreed with the customer' })).status).toBe(200)
    const { items } = await get(`/usage-overview?month=${month}`)
    expect(items.find((one: { productRef: string }) => one.productRef === productRef)).toMatchObject({
      rejected: 1,
      settledNote: 'agreed with the customer',
    })
  })
})

it('are told by queryInstance: what an instance used, and what a package gave to each', async () => {
  const [used, pack, idle, yearly] = [
    await instance(),
    await instance({ chargingMode: 'ON_DEMAND_PKG' }),
    await instance(),
    await instance({ chargingMode: 'PERIOD' }),
  ]
  await post([
    record(used, 3, { value: '2.5' }),
    record(used, 4, { value: '0.25', relatedPackageInstanceId: pack }),
    record(used, 5, { value: '9' }),
  ])
  await prisma().$executeRaw`UPDATE usage_records SET state = 'rejected' WHERE instance_id = ${used} AND value = 9`
  const call = v2Call(
    { activity: 'queryInstance', instanceId: [used, pack, idle, yearly].join(',') },
    { key: usageTestKey },
  )
  const { json } = await send(call)
  expect(json.resultCode).toBe('000000')
  const info = json.info as { instanceId: string; usageInfo?: { usageValue: number; relatedInstanceId?: string }[] }[]
  expect(info.map(({ usageInfo }) => usageInfo?.map((one) => [one.relatedInstanceId, one.usageValue]))).toEqual([
    [[undefined, 2.75]],
    [[used, 0.25]],
    [[undefined, 0]],
    undefined,
  ])
})

describe('files', () => {
  const file = (path: string, text: string) =>
    ask('POST', path, { token: tokens.operator, text, headers: { 'content-type': 'text/csv' } })

  it('are imported row by row, with an error file and a dry run; the same file twice adds nothing', async () => {
    const id = await instance()
    const rows = [
      `${id},${hours(4)},${hours(3)},3`,
      `${id},2026-11-21 10:00,${hours(3)},3`,
      `=cmd|' /C calc'!A0,${hours(4)},${hours(3)},3`,
      `${id},${hours(4)},${hours(3)},4`,
    ]
    const text = `\uFEFF实例ID,开始时间,结束时间,用量\r\n${rows.join('\r\n')}\r\n`
    const plan = await file('/usage-imports?dryRun=1&name=november.csv', text)
    expect(plan.body).toMatchObject({ total: 4, created: 1, refused: 2, unchanged: 1 })
    expect(plan.body.rows.map((row: { line: number; status: string }) => [row.line, row.status])).toEqual([
      [2, 'created'],
      [3, 'refused'],
      [4, 'refused'],
      [5, 'unchanged'],
    ])
    expect(await statesOf(id)).toEqual([])
    const errors = await file('/usage-imports/errors?name=november.csv', text)
    expect(errors.type).toContain('text/csv')
    expect(errors.body).toContain(`'=cmd|' /C calc'!A0`)
    expect(errors.body).toContain('has no time zone')
    expect((await file('/usage-imports', text)).body).toMatchObject({ created: 1, unchanged: 1, refused: 2 })
    expect((await file('/usage-imports', text)).body).toMatchObject({ created: 0, unchanged: 2, refused: 2 })
  })

  it('are in the audit log from the first row on, also when they break off', async () => {
    const id = await instance()
    const at = (row: number) => new Date(Date.parse(hours(3)) + row * 1000).toISOString()
    const rows = Array.from({ length: 30_000 }, (_, row) => `${id},${at(row)},${at(row + 1)},1`)
    const text = ['instanceId,beginAt,endAt,value', ...rows, '"never closed'].join('\n')
    const name = freshId('broken')
    const query = { name, zone: 'none' as const }
    const file = Buffer.from(text)
    await expect(importUsage({ ctx, file, query, now: new Date(Date.now() + 9 * HOUR) })).rejects.toThrow(/./)
    expect(await prisma().usageRecord.count({ where: { instanceId: id } })).toBeGreaterThan(0)
    const entries = await prisma().auditEntry.findMany({ where: { data: { path: ['name'], equals: name } } })
    expect(entries.map(({ action }) => action)).toEqual(['usage.import-begin'])
  })

  it('may tell the zone of their times', async () => {
    const id = await instance()
    const local = (ago: number) =>
      new Date(Date.parse(hours(ago)) + 8 * HOUR).toISOString().slice(0, 19).replace('T', ' ')
    const text = `instance_id;begin_time;end_time;usage_value;metering_sn\n${id};${local(4)};${local(3)};3;${freshId('sn')}\n`
    expect((await file('/usage-imports?zone=Asia/Shanghai', text)).body).toMatchObject({ created: 1 })
    expect((await get(`/usage-records?instanceId=${id}`)).items[0].endAt).toBe(hours(3))
  })

  it('without the columns they need, or too large, are refused as a whole', async () => {
    expect(await file('/usage-imports', 'a,b\n1,2\n')).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('has no column instanceId (实例id), beginAt') },
    })
    const large = await file('/usage-imports', `a\n${'x\n'.repeat(11_000_000)}`)
    expect(large).toMatchObject({ status: 413, body: { detail: expect.stringContaining('more than 20971520 bytes') } })
  })

  it('tell of later rejections, which make the records rejected under a new number', async () => {
    const id = await instance()
    const [one, two] = [record(id, 3), record(id, 4)]
    await post([one, two, record(id, 5)])
    await pushNow([id])
    const text = `话单唯一标识,实例ID,错误码,异常描述\n${one.meteringSn},${id},013,资源状态异常\nstranger,x,001,\n`
    expect((await file('/usage-reconciliations?dryRun=1', text)).body).toMatchObject({ rejected: 1, unknown: 1 })
    expect((await file('/usage-reconciliations', text)).body).toMatchObject({ rejected: 1, unknown: 1, total: 2 })
    expect((await file('/usage-reconciliations', text)).body).toMatchObject({ rejected: 0, unchanged: 1 })
    const { items } = await get(`/usage-records?instanceId=${id}&state=rejected`)
    expect(items).toMatchObject([{ meteringSn: one.meteringSn, code: '013', message: '资源状态异常' }])
    const mended = await ask('POST', `/usage-records/${items[0].id}/mend`, { token: tokens.operator, json: {} })
    expect(mended.body.wireSn).not.toBe(one.meteringSn)
  })

  it('of everything shown can be had, formulas made harmless', async () => {
    const id = await instance()
    await storeInstances(['=2+3'])
    await post([record(id, 3, { meteringSn: `=1+1${newId()}` })])
    const records = await ask('GET', `/usage-records.csv?instanceId=${id}`, { token: tokens.viewer })
    expect(records.body).toContain(`'=1+1`)
    const { month } = (await get(`/usage-records?instanceId=${id}`)).items[0]
    const months = await ask('GET', `/usage-months.csv?month=${month}`, { token: tokens.viewer })
    expect(months.body).toContain(id)
  })
})

it('changes the rhythm of what waits, admins only', async () => {
  const productRef = await storeUsageProduct(freshId('Rhythm'))
  const id = await instance({ productRef })
  await post([record(id, 3)])
  const set = (role: Role, json: object) => ask('PUT', `/usage-settings/${productRef}`, { token: tokens[role], json })
  expect((await set('operator', { api: 'old', rhythm: 'daily' })).status).toBe(403)
  expect((await set('admin', { api: 'old', rhythm: 'daily' })).body).toEqual({ api: 'old', rhythm: 'daily' })
  expect(await statesOf(id)).toEqual(['queued'])
  expect(await prisma().auditEntry.count({ where: { action: 'usage.settings', target: productRef } })).toBe(1)
  expect(ctx.actor.via).toBe('system')
})
