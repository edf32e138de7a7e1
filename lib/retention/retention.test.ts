import { afterAll, beforeAll, expect, it } from 'vitest'
import { replayMessage } from '@/lib/calls'
import { getCall } from '@/lib/calls/detail'
import { storeMessage } from '@/lib/calls/testing'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import type { Context } from '@/lib/users/context'
import { applyRetention, getRetention, saveRetention } from '.'

let database: Awaited<ReturnType<typeof testDatabase>>
const admin: Context = { actor: { name: 'admin@example.com', via: 'user', role: 'admin' } }
const operator: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
const ago = (days: number) => new Date(Date.now() - days * 86_400_000)

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

it('empties payloads, then drops rows and whole months; what is younger stays', async () => {
  const young = await storeMessage({ at: ago(179) })
  const old = await storeMessage({ at: ago(181) })
  const past = await storeMessage({ at: ago(401) })
  await prisma().$executeRaw`SELECT ensure_call_partitions(now() - INTERVAL '30 months', now() - INTERVAL '28 months')`
  const months = () =>
    prisma().$queryRaw<{ n: bigint }[]>`SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'calls'::regclass`
  const before = Number((await months())[0]?.n)
  const rehearsed = [ago(399), ago(401)].map((at) => ({ id: newId(at.getTime()), at }))
  await prisma().rehearsalRun.createMany({
    data: rehearsed.map((run) => ({ ...run, version: 'v2', activity: 'queryInstance', actor: 'system' })),
  })
  await applyRetention()
  await applyRetention()
  expect((await prisma().rehearsalRun.findMany()).map(({ id }) => id)).toEqual([rehearsed[0]?.id])
  expect(Number((await months())[0]?.n)).toBeLessThanOrEqual(before - 3)
  expect(await getCall({ ctx: admin, id: young.callId })).toMatchObject({ payloadGone: false, request: { body: '{}' } })
  expect(await getCall({ ctx: admin, id: old.callId })).toMatchObject({ payloadGone: true, answer: null })
  await expect(getCall({ ctx: admin, id: past.callId })).rejects.toMatchObject({ code: 'not-found' })
  expect((await prisma().message.findMany()).map(({ id }) => id).sort()).toEqual([young.id, old.id].sort())
  await expect(replayMessage({ ctx: operator, input: { messageId: old.id } })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('retention'),
  })
})

it('is set by administrators within bounds, and a shorter time applies at once', async () => {
  expect(await getRetention({ ctx: admin })).toEqual({ payloadDays: 180, rowDays: 400 })
  await expect(getRetention({ ctx: operator })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(saveRetention({ ctx: admin, input: { payloadDays: 10, rowDays: 400 } })).rejects.toMatchObject({
    field: 'payloadDays',
  })
  await expect(saveRetention({ ctx: admin, input: { payloadDays: 200, rowDays: 100 } })).rejects.toMatchObject({
    field: 'payloadDays',
  })
  const { callId } = await storeMessage({ at: ago(40) })
  await applyRetention()
  expect(await getCall({ ctx: admin, id: callId })).toMatchObject({ payloadGone: false })
  await saveRetention({ ctx: admin, input: { payloadDays: 30, rowDays: 90 } })
  await applyRetention()
  expect(await getCall({ ctx: admin, id: callId })).toMatchObject({ payloadGone: true })
  const entry = await prisma().auditEntry.findFirst({ where: { action: 'retention.change' } })
  expect(entry?.data).toMatchObject({ before: { payloadDays: 180 }, after: { payloadDays: 30, rowDays: 90 } })
})
