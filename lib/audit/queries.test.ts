import { afterAll, beforeAll, expect, test } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { type Context, systemContext as ctx } from '@/lib/users/context'
import { allAudit, listAudit } from './queries'

let database: Awaited<ReturnType<typeof testDatabase>>
const start = Date.parse('2026-03-01T00:00:00Z')
const at = (n: number) => new Date(start + Math.floor(n / 2) * 1000)

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  const entries = Array.from({ length: 25 }, (_, n) => ({
    id: newId(),
    at: at(n),
    actor: n % 5 === 0 ? 'ada@example.com' : 'ci',
    via: n % 5 === 0 ? 'user' : 'token',
    action: n % 2 === 0 ? 'credential.create' : 'message.replay',
    subject: n % 2 === 0 ? 'credential' : 'message',
    target: `t${n}`,
    data: { n },
  }))
  await prisma().auditEntry.createMany({ data: entries })
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const numbers = async (input: Record<string, unknown>) =>
  (await listAudit({ ctx, input })).items.map(({ data }) => data.n)

test('pages hold every entry once, newest first, though two share a time and one is written in between', async () => {
  const seen: unknown[] = []
  let cursor: string | undefined
  do {
    const page = await listAudit({ ctx, input: { limit: 7, ...(cursor && { cursor }) } })
    seen.push(...page.items.map(({ data }) => data.n))
    if (!cursor) {
      const late = {
        id: newId(),
        at: new Date(),
        actor: 'ci',
        via: 'token',
        action: 'x',
        subject: 'x',
        data: { n: 99 },
      }
      await prisma().auditEntry.create({ data: late })
    }
    cursor = page.nextCursor ?? undefined
  } while (cursor)
  await prisma().auditEntry.deleteMany({ where: { action: 'x' } })
  expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => 24 - n))
})

test('filters', async () => {
  expect(await numbers({ actor: 'ada@example.com' })).toEqual([20, 15, 10, 5, 0])
  expect(await numbers({ action: 'credential.', limit: '3' })).toEqual([24, 22, 20])
  expect(await numbers({ subject: 'message', target: 't7' })).toEqual([7])
  expect(await numbers({ q: 'ADA@' })).toHaveLength(5)
  expect(await numbers({ from: at(10).toISOString(), to: at(14).toISOString() })).toEqual([13, 12, 11, 10])
  expect(await numbers({ from: '2026-03-01T08:00:05+08:00', to: at(12).toISOString() })).toEqual([11, 10])
})

test('bad queries name the member', async () => {
  await expect(listAudit({ ctx, input: { limit: 201 } })).rejects.toMatchObject({ code: 'invalid', field: 'limit' })
  await expect(listAudit({ ctx, input: { from: 'yesterday' } })).rejects.toMatchObject({ field: 'from' })
  await expect(listAudit({ ctx, input: { page: 2 } })).rejects.toMatchObject({ field: 'page' })
  await expect(listAudit({ ctx, input: { cursor: 'x' } })).rejects.toMatchObject({ field: 'cursor' })
})

test('only an administrator reads it', async () => {
  const operator: Context = { actor: { name: 'op', via: 'token', role: 'operator' } }
  await expect(listAudit({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
})

test('an export tells all of it, oldest first, in steps', async () => {
  const all = []
  for await (const entry of allAudit(4)) all.push(entry.data.n)
  expect(all).toEqual(Array.from({ length: 25 }, (_, n) => n))
})
