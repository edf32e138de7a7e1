import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { receive } from '@/lib/calls'
import { testKeys } from '@/lib/calls/test-marketplace'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { serveMarketplaceCall, splitTarget } from '@/lib/http/door'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { applySetup } from '@/lib/setup'
import { type Context, type Role, systemContext } from '@/lib/users/context'
import {
  changeSchedule,
  createCase,
  createUsualCases,
  deleteCase,
  fireRehearsal,
  getSchedule,
  listCases,
  listRuns,
  listStreaks,
  probeStates,
  runDueRehearsals,
  runQuery,
  updateCase,
} from '.'
import { dueSlot } from './schedule'

let database: Awaited<ReturnType<typeof testDatabase>>
let desk: Server
let away = false
let productRef: string
const as = (role: Role): Context => ({ actor: { name: `${role}@example.com`, via: 'user', role } })
const operator = as('operator')

beforeAll(async () => {
  desk = createServer((request, response) => {
    if (away) return void request.socket.destroy()
    void serveMarketplaceCall(request, response, splitTarget(request.url ?? '/'))
  })
  await new Promise<void>((done) => desk.listen(0, '127.0.0.1', done))
  process.env.DESK_URL = `http://127.0.0.1:${(desk.address() as AddressInfo).port}`
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  globalThis.__desk = { receive, stop: async () => {} }
  registerHandlers({ housekeeping: async () => {} })
  await startJobs()
  const delivery = { type: 'template', frontEndUrl: 'https://chat.example.com/{instanceId}' }
  const products = [{ name: 'Chat', productIds: ['OFFI-CHAT'], skuCodes: ['sku-1'], kind: 'saas', delivery }]
  const credentials = [
    { name: 'base', kind: 'base', secret: testKeys.base },
    { name: 'kit', kind: 'kit', secret: 'kit-key-of-the-rehearsals' },
    { name: 'licence', kind: 'license', secret: 'licence-key-of-the-rehearsals' },
  ]
  await applySetup({ credentials, products } as Parameters<typeof applySetup>[0], systemContext)
  forgetCatalog()
  productRef = (await prisma().product.findFirstOrThrow()).id
})

afterAll(async () => {
  await stopJobs()
  globalThis.__desk = undefined
  await prisma().$disconnect()
  desk.closeAllConnections()
  await Promise.all([database.drop(), new Promise((done) => desk.close(done))])
  delete process.env.DESK_URL
})

beforeEach(async () => {
  away = false
  await prisma().rehearsalRun.deleteMany()
  await prisma().rehearsalCase.deleteMany()
})

const fire = (input: object) => fireRehearsal({ ctx: operator, input })

describe('a fired call', () => {
  it.each(['v1', 'v2'] as const)('of %s goes through the door, and its call has its id', async (version) => {
    const run = await fire({ version, activity: 'newInstance', productRef })
    expect(run).toMatchObject({
      good: true,
      status: 200,
      resultCode: '000000',
      bodySign: version === 'v1' ? true : null,
      productName: 'Chat',
      actor: 'operator@example.com',
      hasCall: true,
      error: null,
    })
    expect(run.durationMs).toBeGreaterThan(0)
    const call = await prisma().call.findFirstOrThrow({ where: { id: run.id } })
    expect(call).toMatchObject({ source: 'rehearsal', test: true, instanceId: run.instanceId })
    const message = await prisma().message.findUniqueOrThrow({ where: { id: call.messageId ?? '' } })
    expect(message).toMatchObject({ test: true, retryUntil: null, productRef })
  })

  it('is a test call whatever it was asked to be', async () => {
    const run = await fire({ version: 'v2', activity: 'newInstance', productRef, members: { testFlag: '0' } })
    expect(await prisma().instance.findUnique({ where: { instanceId: run.instanceId ?? '' } })).toMatchObject({
      test: true,
    })
  })

  it('is good when it gets the code it expects', async () => {
    const strange = { version: 'v2', activity: 'queryInstance', members: { instanceId: 'nobody' } }
    expect(await fire(strange)).toMatchObject({ good: false, resultCode: '000003' })
    expect(await fire({ ...strange, expectCode: '000003' })).toMatchObject({ good: true })
  })

  it('that reaches nobody says so', async () => {
    away = true
    const run = await fire({ version: 'v2', activity: 'newInstance' })
    expect(run).toMatchObject({ good: false, status: null, resultCode: null, hasCall: false })
    expect(run.error).toMatch(/127\.0\.0\.1/)
  })

  it.each(['v1', 'v2'] as const)('of the kit %s is signed with the kit key and taken in', async (version) => {
    const members = { tenantId: `rehearsed-${version}`, testFlag: '0' }
    const run = await fire({ version, activity: 'tenantSync', members })
    expect(run).toMatchObject({ good: true, resultCode: '000000', hasCall: true })
    const call = await prisma().call.findFirstOrThrow({ where: { id: run.id } })
    expect(call).toMatchObject({ protocol: `kit-${version}`, source: 'rehearsal', test: true })
  })

  it('about a licence is signed with the licence key', async () => {
    const run = await fire({ version: 'v1', activity: 'getLicense' })
    const call = await prisma().call.findFirstOrThrow({ where: { id: run.id } })
    expect(call).toMatchObject({ protocol: 'license', source: 'rehearsal', activity: 'getLicense' })
    expect(run).toMatchObject({ bodySign: true, hasCall: true })
  })

  it.each([
    { version: 'v2', activity: 'upgrade' },
    { version: 'v1', activity: 'orderNotify' },
    { version: 'v2', activity: 'newInstance', expectCode: 'ok' },
  ])('%j is refused', async (input: object) => {
    await expect(fire(input)).rejects.toMatchObject({ code: 'invalid' })
    expect(await prisma().rehearsalRun.count()).toBe(0)
  })

  it('is fired by operators only; a forged or old mark makes no rehearsal', async () => {
    const call = { version: 'v2', activity: 'newInstance' }
    await expect(fireRehearsal({ ctx: as('viewer'), input: call })).rejects.toMatchObject({ code: 'forbidden' })
    const { readRehearsalMark, rehearsalMark, REHEARSAL_HEADER } = await import('@/lib/calls/rehearsal-mark')
    const id = newId()
    const read = (mark: string, now = Date.now()) => readRehearsalMark({ [REHEARSAL_HEADER]: mark }, now)
    expect(read(rehearsalMark(id))).toBe(id)
    expect(read(rehearsalMark(id), Date.now() + 120_000)).toBeNull()
    expect(read(`${id}.${'0'.repeat(64)}`)).toBeNull()
    expect(read('nonsense')).toBeNull()
    expect(readRehearsalMark({}, Date.now())).toBeNull()
  })
})

describe('cases', () => {
  const one = { name: 'one', version: 'v2', activity: 'newInstance' }

  it('are kept, changed, run and deleted', async () => {
    const made = await createCase({ ctx: operator, input: { ...one, members: { orderId: 'CSREHEARSE1' }, productRef } })
    expect(made).toMatchObject({ scheduled: true, productName: 'Chat', lastRun: null })
    await expect(createCase({ ctx: operator, input: one })).rejects.toMatchObject({ code: 'conflict', field: 'name' })
    const run = await fire({ caseId: made.id })
    expect(run).toMatchObject({ caseId: made.id, name: 'one', good: true })
    expect((await fire({ caseId: made.id })).instanceId).toBe(run.instanceId)
    const changed = await updateCase({ ctx: operator, input: { id: made.id, ...one, name: 'two', scheduled: false } })
    expect(changed).toMatchObject({ name: 'two', scheduled: false, productRef: null, lastRun: { good: true } })
    await deleteCase({ ctx: operator, input: { id: made.id } })
    expect(await listCases({ ctx: as('viewer') })).toEqual([])
    const { items, total } = await listRuns({ ctx: as('viewer'), query: runQuery.parse({ good: 'true' }) })
    expect(total).toBe(2)
    expect(items.map(({ caseId, name }) => [caseId, name])).toEqual([
      [null, 'one'],
      [null, 'one'],
    ])
    await expect(fire({ caseId: made.id })).rejects.toMatchObject({ code: 'not-found' })
  })

  it('the usual ones of a product are made once', async () => {
    const input = { productRef, version: 'v2' as const }
    expect(await createUsualCases({ ctx: operator, input })).toHaveLength(3)
    expect(await createUsualCases({ ctx: operator, input })).toHaveLength(0)
  })
})

describe('the schedule', () => {
  const at = (text: string) => Date.parse(`${text}+08:00`)

  it.each([
    ['2026-11-21T07:29:59', null],
    ['2026-11-21T07:30:00', '2026-11-21 07:30'],
    ['2026-11-21T08:29:59', '2026-11-21 07:30'],
    ['2026-11-21T08:30:00', null],
    ['2026-11-21T15:31:00', '2026-11-21 15:30'],
  ])('at %s Beijing time %s is due', (text, slot) => {
    expect(dueSlot(['07:30', '15:30'], at(text))).toBe(slot)
  })

  it('just after midnight the slot of yesterday is still due', () => {
    expect(dueSlot(['23:50'], at('2026-11-22T00:10:00'))).toBe('2026-11-21 23:50')
  })

  it('runs at 07:30 and 15:30 unless changed by an administrator', async () => {
    expect(await getSchedule({ ctx: as('viewer') })).toEqual({ enabled: true, times: ['07:30', '15:30'] })
    const times = { enabled: true, times: ['16:00', '08:00', '08:00'] }
    await expect(changeSchedule({ ctx: operator, input: times })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await changeSchedule({ ctx: as('admin'), input: times })).toEqual({
      enabled: true,
      times: ['08:00', '16:00'],
    })
    await expect(
      changeSchedule({ ctx: as('admin'), input: { enabled: true, times: ['24:00'] } }),
    ).rejects.toMatchObject({
      code: 'invalid',
    })
    await prisma().setting.deleteMany({ where: { key: 'rehearsals' } })
  })

  it('each scheduled case runs once a slot, however many processes look, the purchase first', async () => {
    await createUsualCases({ ctx: operator, input: { productRef, version: 'v2' } })
    await createCase({
      ctx: operator,
      input: { name: 'off', version: 'v2', activity: 'newInstance', scheduled: false },
    })
    const morning = at('2026-11-21T07:30:10')
    const ran = await Promise.all([1, 2, 3].map(() => runDueRehearsals(morning)))
    expect(ran.reduce((sum, count) => sum + count)).toBe(3)
    expect(await runDueRehearsals(morning + 60_000)).toBe(0)
    const runs = await prisma().rehearsalRun.findMany({ orderBy: { id: 'asc' } })
    expect(runs.map(({ good, slot }) => [good, slot])).toEqual(Array(3).fill([true, '2026-11-21 07:30']))
    expect(await runDueRehearsals(at('2026-11-21T15:30:00'))).toBe(3)
    expect(await runDueRehearsals(at('2026-11-21T12:00:00'))).toBe(0)
  })

  it('a run that a stop cut short counts for no day, and its case runs again', async () => {
    const made = await createCase({
      ctx: operator,
      input: { name: 'cut', version: 'v2', activity: 'newInstance', productRef },
    })
    const morning = at('2026-11-21T07:31:00')
    const begun = { caseId: made.id, name: 'cut', version: 'v2', activity: 'newInstance', productRef, actor: 'system' }
    const cut = await prisma().rehearsalRun.create({
      data: { id: newId(), ...begun, slot: '2026-11-21 07:30', at: new Date(Date.now() - 61_000) },
    })
    expect(await runDueRehearsals(morning)).toBe(1)
    const { items } = await listRuns({ ctx: as('viewer'), query: runQuery.parse({ caseId: made.id }) })
    expect(items.find(({ id }) => id === cut.id)).toMatchObject({ good: false, slot: null, resultCode: null })
    expect(items.find(({ id }) => id !== cut.id)).toMatchObject({ good: true, slot: '2026-11-21 07:30' })
  })

  it('failing days in a row are counted by product, also when nothing arrived; by hand counts not', async () => {
    await prisma().call.deleteMany()
    const found = async () => (await probeStates()).find((state) => state.productRef === productRef)
    const made = await createCase({
      ctx: operator,
      input: { name: 'one', version: 'v2', activity: 'newInstance', productRef },
    })
    const day = 86_400_000
    const run = (daysAgo: number, good: boolean, slot: string | null = `${daysAgo}`) => {
      const when = new Date(Date.now() - daysAgo * day)
      const data = { id: newId(when.getTime()), caseId: made.id, name: 'one', version: 'v2', activity: 'newInstance' }
      const more = { productRef, slot, actor: 'system', at: when, good, error: good ? null : 'no answer' }
      return prisma().rehearsalRun.create({ data: { ...data, ...more } })
    }
    await run(4, true)
    await run(3, false)
    await run(2, false)
    await run(0, false)
    await run(0, true, null)
    expect(await found()).toMatchObject({ failingDays: 3, failing: true, lastMessage: 'no answer' })
    expect(await listStreaks({ ctx: as('viewer') })).toMatchObject([{ productName: 'Chat', failingDays: 3 }])
    // By hand, on purpose wrong: it says nothing of the product.
    await fire({ version: 'v2', activity: 'queryInstance', members: { instanceId: 'nobody' }, productRef })
    expect(await found()).toMatchObject({ failingDays: 3 })
  })
})
