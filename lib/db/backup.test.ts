import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { provideEnv } from '@/lib/env'
import { seal, unseal } from '@/lib/secrets'
import { restoreBackup, writeBackup } from './backup'
import { connect, type Db } from './client'
import { newId } from './ids'
import { testDatabase } from './testing'

type Database = Awaited<ReturnType<typeof testDatabase>>
let from: Database
let to: Database
let source: Db
let target: Db
const directory = mkdtempSync(path.join(os.tmpdir(), 'desk-backup-'))
const file = path.join(directory, 'desk.gz')
const secret = '键 \\ "quoted"\n\t\u2028 😀'
const actor = 'cli:test'

beforeAll(async () => {
  from = await testDatabase()
  to = await testDatabase()
  provideEnv({ databaseUrl: from.url, deskSecret: 'a secret of these tests' })
  source = connect(from.url, 2)
  target = connect(to.url, 2)
  await fill(source)
})

afterAll(async () => {
  await Promise.all([source.$disconnect(), target.$disconnect()])
  await Promise.all([from.drop(), to.drop()])
  rmSync(directory, { recursive: true })
})

async function fill(db: Db) {
  const product = { name: 'Team "chat"', kind: 'saas', productIds: ['a,b', '{c}', '"d"', 'NULL'], skuCodes: [] }
  const { id: productRef } = await db.product.create({
    data: { id: newId(), ...product, deliveryType: 'pool', delivery: { memo: secret }, deliverySealed: seal(secret) },
  })
  await db.poolAccount.create({
    data: { id: newId(), productRef, fingerprint: 'f', appInfo: seal('{}'), label: 'l' },
  })
  const messageId = newId()
  const calls = Array.from({ length: 300 }, (_, n) => {
    const receivedAt = new Date(Date.parse('2024-01-15T00:00:00Z') + n * 48 * 3_600_000)
    const payload = seal(`payload ${n}`)
    const what = { protocol: 'saas-v2', activity: 'newInstance', source: 'marketplace', outcome: 'failed' }
    return {
      id: newId(receivedAt.getTime()),
      receivedAt,
      ...what,
      resultMsg: n === 3 ? secret : null,
      payload,
      messageId,
    }
  })
  await db.call.createMany({ data: calls })
  await db.$executeRaw`UPDATE calls SET payload = convert_to(repeat('large', 200000), 'UTF8') WHERE id = ${calls[7]?.id}::uuid`
  await db.message.create({
    data: {
      id: messageId,
      key: 'k',
      protocol: 'saas-v2',
      activity: 'newInstance',
      state: 'open',
      outcome: 'failed',
      firstAt: new Date('2024-01-15T00:00:00.123Z'),
      lastAt: new Date(),
      lastCallId: calls[0]?.id ?? '',
      notices: {
        create: {
          id: newId(),
          kind: 'alert',
          state: 'sent',
          recipient: 'r',
          subject: 's',
          body: 'b',
          createdBy: 'c',
          createdAt: new Date(),
        },
      },
    },
  })
  for (const type of ['purchased', 'delivered']) {
    const at = { occurredAt: new Date(), recordedAt: new Date() }
    await db.instanceEvent.create({
      data: {
        id: newId(),
        instanceId: 'i',
        type,
        dedupeKey: type,
        applied: true,
        ...at,
        data: { n: 1.5, text: secret },
      },
    })
  }
}

const tables = ['product', 'poolAccount', 'message', 'notice', 'instanceEvent'] as const
async function everything(db: Db) {
  const rows = await Promise.all(tables.map((table) => (db[table] as { findMany(): Promise<unknown[]> }).findMany()))
  const calls = await db.$queryRaw`SELECT md5(string_agg(c::text, '' ORDER BY id)), count(*)::int FROM calls c`
  return [...rows, calls]
}

const restore = (name = file, replace = false) => restoreBackup(to.url, name, { replace, actor })

test('what is restored is what was there, in the partitions of its months', async () => {
  const before = await target.configVersion.findUniqueOrThrow({ where: { id: 1 } })
  const counts = await writeBackup(from.url, file)
  expect(counts).toMatchObject({ calls: 300, products: 1, instance_events: 2 })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(directory)).toEqual(['desk.gz'])
  expect(await restore()).toEqual(counts)
  expect(await everything(target)).toEqual(await everything(source))
  expect(unseal((await target.product.findFirstOrThrow()).deliverySealed ?? new Uint8Array())).toBe(secret)
  const [{ count }] = await target.$queryRaw<[{ count: bigint }]>`SELECT count(*) FROM calls_default`
  expect(count).toBe(0n)
  const after = await target.configVersion.findUniqueOrThrow({ where: { id: 1 } })
  expect(after.version).toBeGreaterThan(before.version)
  expect(await target.auditEntry.findMany()).toMatchObject([{ action: 'desk.restore', actor, via: 'cli' }])
})

test('numbers go on after the restored ones', async () => {
  const { position } = await target.instanceEvent.create({
    data: {
      id: newId(),
      instanceId: 'i',
      type: 'frozen',
      dedupeKey: 'frozen',
      applied: true,
      occurredAt: new Date(),
      recordedAt: new Date(),
      data: {},
    },
  })
  expect(position).toBe(3n)
})

test('a desk that is not empty is replaced on demand only', async () => {
  const before = await everything(target)
  await expect(restore()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--replace') })
  expect(await everything(target)).toEqual(before)
  await restore(file, true)
  expect(await everything(target)).toEqual(await everything(source))
})

test('a backup is of one moment, though the desk works on', async () => {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split('\n')
  const other = path.join(directory, 'busy.gz')
  const writing = writeBackup(from.url, other)
  for (let n = 0; n < 20; n++) {
    await source.$transaction([
      source.setting.create({ data: { key: `s${n}`, value: n } }),
      source.nonce.create({ data: { nonce: `n${n}` } }),
    ])
  }
  const counts = await writing
  expect(counts.settings).toBe(counts.nonces)
  expect(lines.at(-1)).toContain('"end"')
})

test.each([
  ['cut off', (data: Buffer) => data.subarray(0, data.length / 2)],
  ['without its end', (data: Buffer) => edit(data, (lines) => lines.slice(0, -1))],
  ['with a row missing', (data: Buffer) => edit(data, (lines) => lines.filter((_, n) => n !== lines.length - 100))],
  [
    'with a row that does not fit',
    (data: Buffer) => edit(data, (lines) => lines.map((line) => line.replace('"true"', '"yea"'))),
  ],
  [
    'with a table that does not exist',
    (data: Buffer) =>
      edit(data, (lines) => lines.map((line) => line.replace('{"table":"calls"', '{"table":"pg_class"'))),
  ],
  [
    'with an unknown column',
    (data: Buffer) => edit(data, (lines) => lines.map((line) => line.replace('"activity"', '"x\\"; DROP"'))),
  ],
  ['of nothing', () => gzipSync('')],
  ['no gzip', () => Buffer.from('hello')],
  ['of something else', () => gzipSync('{"format":"other"}\n')],
])('a backup %s is refused and nothing changes', async (_, spoil) => {
  const spoilt = path.join(directory, 'spoilt.gz')
  writeFileSync(spoilt, spoil(readFileSync(file)))
  const before = await everything(target)
  await expect(restore(spoilt, true)).rejects.toMatchObject({ code: 'invalid' })
  expect(await everything(target)).toEqual(before)
})

test('a backup of another migration or another secret is refused in words', async () => {
  const other = path.join(directory, 'other.gz')
  writeFileSync(
    other,
    edit(readFileSync(file), (lines) =>
      lines.map((line) => line.replace(/"migration":"\w+"/, '"migration":"20990101000000_later"')),
    ),
  )
  await expect(restore(other, true)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('_later'),
  })
  writeFileSync(
    other,
    edit(readFileSync(file), (lines) => lines.map((line) => line.replace(/"secretCheck":"\w+"/, '"secretCheck":"0"'))),
  )
  await expect(restore(other, true)).rejects.toMatchObject({ message: expect.stringContaining('DESK_SECRET') })
})

test('a file that cannot be written leaves nothing behind', async () => {
  await expect(writeBackup(from.url, path.join(directory, 'none', 'desk.gz'))).rejects.toThrow('ENOENT')
  await expect(restore(path.join(directory, 'none.gz'))).rejects.toThrow('ENOENT')
  expect(existsSync(path.join(directory, 'none'))).toBe(false)
})

function edit(data: Buffer, change: (lines: string[]) => string[]): Buffer {
  const lines = gunzipSync(data).toString().trimEnd().split('\n')
  return gzipSync(`${change(lines).join('\n')}\n`)
}
