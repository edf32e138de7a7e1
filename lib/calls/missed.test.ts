import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import type { CallRow } from './messages'
import { keepMissed, recordMissed } from './missed'
import { openPayload, sealPayload } from './payload'
import { storeMessage } from './testing'

const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-missed-'))
const kept = () => fs.readdirSync(dataDir).filter((name) => name.startsWith('missed-calls'))
let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  process.env.DESK_DATA_DIR = path.join(dataDir, 'made', '..')
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'missed-test-secret-0001' })
})
afterAll(async () => {
  delete process.env.DESK_DATA_DIR
  await prisma().$disconnect()
  await database.drop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})
beforeEach(async () => {
  await prisma().$executeRaw`TRUNCATE calls, messages CASCADE`
})

function missed(given: Partial<CallRow> = {}): CallRow {
  const receivedAt = given.receivedAt ?? new Date()
  const orderId = given.orderId ?? `CS${newId()}`
  const request = { method: 'POST', path: '/api/produce', query: '', headers: {}, body: '{"text":"中文"}' }
  const answer = { status: 200, headers: {}, body: '{"resultCode":"000005"}' }
  return {
    id: newId(receivedAt.getTime()),
    messageKey: `newInstance:${orderId}`,
    receivedAt,
    protocol: 'saas-v2',
    activity: 'newInstance',
    source: 'marketplace',
    outcome: 'failed',
    resultCode: '000005',
    resultMsg: 'our database is not available; please send this again',
    orderId,
    orderLineId: null,
    businessId: null,
    instanceId: null,
    customerId: null,
    productRef: null,
    test: false,
    durationMs: 3,
    credentialId: null,
    replayOf: null,
    actor: null,
    payload: sealPayload({ request, answer, signature: null }),
    ...given,
  }
}

it('keeps calls in a file nobody else reads, and brings them in as open messages with their window', async () => {
  const rows = [missed(), missed(), missed()]
  await Promise.all(rows.map(keepMissed))
  const [file] = kept()
  expect(kept()).toHaveLength(1)
  expect(fs.statSync(path.join(dataDir, file as string)).mode & 0o777).toBe(0o600)
  expect(fs.readFileSync(path.join(dataDir, file as string), 'utf8')).not.toContain('中文')

  expect(await recordMissed()).toBe(3)
  expect(kept()).toEqual([])
  const messages = await prisma().message.findMany({ orderBy: { id: 'asc' } })
  expect(messages.map(({ state, resultCode, attempts }) => [state, resultCode, attempts])).toEqual(
    rows.map(() => ['open', '000005', 1]),
  )
  expect(messages.every(({ retryUntil }) => retryUntil && retryUntil > new Date())).toBe(true)
  const call = await prisma().call.findUniqueOrThrow({ where: { id: rows[0]?.id as string } })
  expect(openPayload(call.payload).request.body).toBe('{"text":"中文"}')
})

it('brings each in once, even when the process died before the file was gone', async () => {
  await keepMissed(missed({ orderId: 'CS-twice' }))
  const name = kept()[0] as string
  const text = fs.readFileSync(path.join(dataDir, name), 'utf8')
  expect(await recordMissed()).toBe(1)
  fs.writeFileSync(path.join(dataDir, 'missed-calls-left.jsonl'), `${text}{"id":"cut of`)
  expect(await recordMissed()).toBe(0)
  expect(kept()).toEqual([])
  expect(await prisma().call.count()).toBe(1)
  expect(await prisma().message.findFirstOrThrow()).toMatchObject({ attempts: 1 })
})

it('does not open a message again that succeeded later', async () => {
  const message = await storeMessage({ state: 'succeeded', outcome: 'succeeded', resultCode: '000000' })
  const { key } = await prisma().message.findUniqueOrThrow({ where: { id: message.id } })
  await keepMissed(missed({ messageKey: key, receivedAt: new Date(Date.now() - 60_000) }))
  expect(await recordMissed()).toBe(1)
  expect(await prisma().message.findFirstOrThrow()).toMatchObject({
    state: 'succeeded',
    resultCode: '000000',
    attempts: 2,
    lastCallId: message.callId,
  })
  expect(await prisma().call.count({ where: { messageId: message.id } })).toBe(2)
})

it('counts several calls of one message, and lets the newest say how it stands', async () => {
  const at = Date.now() - 10_000
  const times = [0, 1000, 2000].map((ms) => new Date(at + ms))
  for (const receivedAt of times) await keepMissed(missed({ orderId: 'CS-often', receivedAt }))
  expect(await recordMissed()).toBe(3)
  const message = await prisma().message.findFirstOrThrow()
  expect(message).toMatchObject({ attempts: 3, state: 'open', firstAt: times[0], lastAt: times[2] })
})

it('lets no call that the database does not take hold up the others', async () => {
  for (const row of [missed(), missed({ credentialId: 'not an id' }), missed()]) await keepMissed(row)
  expect(await recordMissed()).toBe(2)
  expect(kept()).toEqual([expect.stringMatching(/\.refused$/)])
  expect(await recordMissed()).toBe(0)
})
