import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import type { Context } from '@/lib/users/context'
import { createBulkReplay } from './bulk-replay'
import { acknowledgeCause, listCauses, reopenCause } from './causes'
import { messageFilter } from './filters'
import { listMessages, messageQuery, urgentMessages } from './queries'
import { storeCall, storeMessage } from './testing'

let database: Awaited<ReturnType<typeof testDatabase>>
const operator: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
const viewer: Context = { actor: { name: 'viewer@example.com', via: 'user', role: 'viewer' } }
const minute = 60_000

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})
beforeEach(async () => {
  await prisma().$executeRaw`TRUNCATE cause_acks, messages, calls CASCADE`
})

async function failed(resultMsg: string, more: { ago?: number; activity?: string; retryUntil?: Date } = {}) {
  const { ago = 10, activity = 'newInstance', retryUntil } = more
  const at = new Date(Date.now() - ago * minute)
  const { id } = await storeMessage({ at, activity, resultCode: '000005', orderId: `CS${ago}` })
  await prisma().message.update({ where: { id }, data: { resultMsg, ...(retryUntil && { retryUntil }) } })
  return id
}
const causes = () => listCauses({ ctx: viewer, filter: messageFilter.parse({ test: 'false' }) })
const listed = async (query: object) =>
  (await listMessages({ ctx: viewer, query: messageQuery.parse(query) })).items.map(({ id }) => id)

describe('causes', () => {
  it('gather messages whose errors differ only by ids and numbers', async () => {
    const first = await failed('instance 01a2-33 is gone\nat line 3', { ago: 30 })
    const second = await failed('instance 99-ff0 is gone', { ago: 20 })
    const other = await failed('the pool is empty', { ago: 10 })
    await failed('instance 5 is gone', { activity: 'releaseInstance', ago: 40 })
    const [pool, gone, release] = await causes()
    expect(pool).toMatchObject({ state: 'open', error: 'the pool is empty', messages: 1 })
    expect(gone).toMatchObject({ activity: 'newInstance', messages: 2, attempts: 2, error: 'instance 99-ff0 is gone' })
    expect(release).toMatchObject({ activity: 'releaseInstance', messages: 1 })
    expect(Date.parse(gone?.firstAt ?? '')).toBeLessThan(Date.parse(gone?.lastAt ?? ''))
    expect(await listed({ cause: gone?.id })).toEqual([second, first])
    expect(await listed({ cause: pool?.id })).toEqual([other])
    const plan = await createBulkReplay({ ctx: operator, input: { filter: { cause: gone?.id }, dryRun: true } })
    expect(plan.total).toBe(2)
  })

  it('are acknowledged, and come back with a new message, not with a retry of a known one', async () => {
    const retryUntil = new Date(Date.now() + 60 * minute)
    const known = await failed('boom 1', { retryUntil })
    const [cause] = await causes()
    const id = cause?.id ?? ''
    const taken = await acknowledgeCause({ ctx: operator, id, input: { note: 'vendor knows' } })
    expect(taken).toMatchObject({ state: 'acknowledged', acknowledgedBy: 'ops@example.com', note: 'vendor knows' })
    await expect(acknowledgeCause({ ctx: operator, id, input: {} })).rejects.toMatchObject({
      code: 'conflict',
      details: { acknowledgedBy: 'ops@example.com' },
    })
    const later = new Date(Date.now() + minute)
    await prisma().message.update({ where: { id: known }, data: { lastAt: later } })
    expect(await causes()).toMatchObject([{ state: 'acknowledged', cameBack: false }])
    await failed('boom 2', { ago: -2 })
    expect(await causes()).toMatchObject([{ state: 'open', cameBack: true, messages: 2, note: 'vendor knows' }])
    expect(await acknowledgeCause({ ctx: operator, id, input: {} })).toMatchObject({ note: null })
  })

  it('are reopened by hand, and are gone when their messages are', async () => {
    const message = await failed('boom')
    const id = (await causes())[0]?.id ?? ''
    await acknowledgeCause({ ctx: operator, id, input: {} })
    expect(await reopenCause({ ctx: operator, id })).toMatchObject({ state: 'open' })
    await expect(reopenCause({ ctx: operator, id })).rejects.toMatchObject({ code: 'conflict' })
    await prisma().message.update({ where: { id: message }, data: { state: 'succeeded' } })
    expect(await causes()).toEqual([])
    await expect(acknowledgeCause({ ctx: operator, id, input: {} })).rejects.toMatchObject({ code: 'not-found' })
    const audit = await prisma().auditEntry.findMany({ where: { subject: 'cause' }, orderBy: { id: 'asc' } })
    expect(audit.slice(-2).map(({ action }) => action)).toEqual(['cause.acknowledge', 'cause.reopen'])
  })

  it('are for operators', async () => {
    await failed('boom')
    const id = (await causes())[0]?.id ?? ''
    await expect(acknowledgeCause({ ctx: viewer, id, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(reopenCause({ ctx: viewer, id })).rejects.toMatchObject({ code: 'forbidden' })
  })
})

it('urgent messages come by what is left of their window, the ones without one last', async () => {
  const at = (left: number) => new Date(Date.now() + left * minute)
  const none = await failed('a', { ago: 5 })
  const over = await failed('b', { ago: 200, retryUntil: at(-20) })
  const long = await failed('c', { ago: 10, retryUntil: at(170) })
  const short = await failed('d', { ago: 170, retryUntil: at(10) })
  expect((await urgentMessages(8)).map(({ id }) => id)).toEqual([short, long, none, over])
  expect(await listed({ closingWithin: '30' })).toEqual([short])
})

it('orders the marketplace gave up on stay lost after a replay', async () => {
  const at = new Date(Date.now() - 200 * minute)
  const lost = await storeMessage({ at, orderId: 'CS1' })
  const mended = await storeMessage({ at, orderId: 'CS2' })
  await storeCall({ messageId: lost.id, orderId: 'CS1', source: 'replay', outcome: 'succeeded' })
  await storeCall({ messageId: mended.id, orderId: 'CS2', outcome: 'succeeded' })
  await storeMessage({ at, orderId: 'CS3', activity: 'updateInstanceStatus' })
  await storeMessage({ at, orderId: 'CS4', test: true })
  const since = new Date(at.getTime() - minute).toISOString()
  expect(await listed({ lostSince: since })).toEqual([lost.id])
  expect(await listed({ lostSince: new Date().toISOString() })).toEqual([])
})
