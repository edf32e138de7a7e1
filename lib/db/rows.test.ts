import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { provideEnv } from '@/lib/env'
import { prisma } from './client'
import { directly, leaveDirect, type RawTx } from './direct'
import { type Columns, insertRows, type Row } from './rows'
import { testDatabase } from './testing'
import { isCollision } from './trouble'

let database: Awaited<ReturnType<typeof testDatabase>>
let other: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  other = new pg.Client({ connectionString: database.url })
  await other.connect()
  await other.query(`CREATE TABLE things (place serial, id uuid PRIMARY KEY, name text, yes boolean, n int, at timestamptz,
    said jsonb, sealed bytea, names text[])`)
})

beforeEach(() => other.query('TRUNCATE things RESTART IDENTITY'))

afterAll(async () => {
  await leaveDirect()
  await prisma().$disconnect()
  await other.end()
  await database.drop()
})

const columns: Columns = {
  id: 'uuid',
  name: 'text',
  yes: 'boolean',
  n: 'int',
  at: 'timestamptz',
  said: 'jsonb',
  sealed: 'bytea',
  names: 'text[]',
}
const id = (n: number) => `01a204e0-2724-749f-899c-${String(n).padStart(12, '0')}`
const rows: Row[] = [
  {
    id: id(3),
    name: '云商店 "a"\t\\N\n🙂',
    yes: true,
    n: -2_147_483_648,
    at: new Date('2026-11-22T20:08:48.670Z'),
    said: { set: { gone: null, 名: ['é', 1.5, false] } },
    sealed: Buffer.from([0, 1, 92, 255]),
    names: ['a', '', '"b",{c}', '订单'],
  },
  { id: id(1), name: '', yes: false, n: 2_147_483_647, at: new Date('1969-12-31T23:59:59.999Z'), names: [] },
  { id: id(2), name: null, sealed: new Uint8Array(0), said: 'a text', names: null },
]
const ways: [string, (work: (tx: RawTx) => Promise<unknown>) => Promise<unknown>][] = [
  ['on the driver', (work) => directly(work, { timeoutMs: 3_000 })],
  ['through Prisma', (work) => prisma().$transaction(work)],
]
const stored = async () => (await other.query('SELECT * FROM things ORDER BY place')).rows

it.each(ways)('every kind of value arrives as it is, in order (%s)', async (_, transact) => {
  await transact((tx) => insertRows(tx, 'things', columns, rows))
  const none = { id: null, name: null, yes: null, n: null, at: null, said: null, sealed: null, names: null }
  const bytes = ({ sealed }: Row) => (sealed instanceof Uint8Array ? Buffer.from(sealed) : null)
  expect(await stored()).toEqual(rows.map((row, at) => ({ place: at + 1, ...none, ...row, sealed: bytes(row) })))
})

it.each(ways)('many and large rows arrive (%s)', async (_, transact) => {
  const many = Array.from({ length: 500 }, (_, n) => ({ id: id(n), name: '量'.repeat(n), sealed: Buffer.alloc(n, n) }))
  await transact((tx) => insertRows(tx, 'things', columns, many))
  const found = await stored()
  expect(found.map(({ name }) => name)).toEqual(many.map(({ name }) => name))
  expect(found.every(({ sealed }, n) => sealed.equals(many[n]?.sealed))).toBe(true)
})

it.each(ways)('a row that is there already collides, and nothing is left behind (%s)', async (_, transact) => {
  await transact((tx) => insertRows(tx, 'things', columns, [{ id: id(7) }]))
  const again = transact((tx) =>
    Promise.all([
      insertRows(tx, 'things', columns, [{ id: id(8) }, { id: id(7) }]),
      insertRows(tx, 'things', columns, [{ id: id(9) }]),
    ]),
  )
  await expect(again).rejects.toSatisfy(isCollision)
  expect((await stored()).map((row) => row.id)).toEqual([id(7)])
  await transact((tx) => insertRows(tx, 'things', columns, [{ id: id(9) }]))
  expect(await stored()).toHaveLength(2)
})

it('statements before and behind a COPY keep their answers', async () => {
  const answers = await directly(
    (tx) =>
      Promise.all([
        tx.$queryRaw`SELECT 1 AS n`,
        insertRows(tx, 'things', columns, rows),
        tx.$queryRaw`SELECT count(*)::int AS n FROM things`,
        insertRows(tx, 'things', columns, [{ id: id(8) }]),
        tx.$queryRaw`SELECT count(*)::int AS n FROM things`,
      ]),
    { timeoutMs: 3_000 },
  )
  expect([answers[0], answers[2], answers[4]]).toEqual([[{ n: 1 }], [{ n: 3 }], [{ n: 4 }]])
})

it('what is no uuid is told before it is sent', async () => {
  const wrong = directly((tx) => insertRows(tx, 'things', columns, [{ id: '7' }]), { timeoutMs: 3_000 })
  await expect(wrong).rejects.toThrow('"7" is not 16 bytes in hex')
})
