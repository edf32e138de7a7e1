import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { provideEnv } from '@/lib/env'
import { directly, leaveDirect } from './direct'
import { testDatabase } from './testing'
import { isUnavailable } from './trouble'

let database: Awaited<ReturnType<typeof testDatabase>>
let other: pg.Client

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  other = new pg.Client({ connectionString: database.url })
  await other.connect()
})

afterAll(async () => {
  await leaveDirect()
  await other.end()
  await database.drop()
})

const limit = { timeoutMs: 3_000 }
const cutAll = () =>
  other.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'desk calls'`)
const busy = async () => {
  const active = `SELECT FROM pg_stat_activity WHERE application_name = 'desk calls' AND xact_start IS NOT NULL`
  return (await other.query(active)).rowCount
}

it('what takes too long is undone and lets go of what it locked', async () => {
  await other.query('CREATE TABLE rows (n int); CREATE TABLE locked (n int)')
  await other.query('BEGIN; LOCK TABLE locked')
  const late = directly(
    async (tx) => {
      await tx.$executeRaw`INSERT INTO rows VALUES (1)`
      await tx.$executeRaw`INSERT INTO locked VALUES (1)`
    },
    { timeoutMs: 300 },
  )
  await expect(late).rejects.toSatisfy(isUnavailable)
  await other.query('COMMIT')
  await directly((tx) => tx.$executeRaw`LOCK TABLE rows`, limit)
  expect((await other.query('SELECT FROM rows UNION ALL SELECT FROM locked')).rowCount).toBe(0)
})

it('a connection that is cut in the middle of a transaction fails that transaction only', async () => {
  const during = directly((tx) => tx.$queryRaw`SELECT pg_sleep(5)`, limit)
  const between = directly(async (tx) => {
    await tx.$queryRaw`SELECT 1`
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    return tx.$queryRaw`SELECT 2 AS n`
  }, limit)
  const settled = Promise.allSettled([during, between])
  await expect.poll(busy, { timeout: 5_000 }).toBe(2)
  await cutAll()
  const ends = await settled
  for (const end of ends) expect(end.status === 'rejected' && isUnavailable(end.reason)).toBe(true)
  expect(await directly((tx) => tx.$queryRaw`SELECT 3 AS n`, limit)).toEqual([{ n: 3 }])
})

it('commits behind statements that are still running, or not at all when one of them fails', async () => {
  await other.query('CREATE TABLE behind (n int UNIQUE)')
  await directly(async (tx) => {
    const writing = tx.$executeRaw`INSERT INTO behind SELECT 1 FROM pg_sleep(0.2)`
    tx.commitBehind?.()
    expect(await writing).toBe(1)
  }, limit)
  expect((await other.query('SELECT n FROM behind')).rows).toEqual([{ n: 1 }])

  const failing = directly(async (tx) => {
    const first = tx.$executeRaw`INSERT INTO behind VALUES (2)`
    const second = tx.$executeRaw`INSERT INTO behind SELECT 1 FROM pg_sleep(0.2)`
    tx.commitBehind?.()
    await Promise.all([first, second])
  }, limit)
  await expect(failing).rejects.toMatchObject({ code: '23505' })
  // Even when nobody waits for what failed.
  const unheard = directly(async (tx) => {
    tx.$executeRaw`INSERT INTO behind VALUES (1)`.catch(() => {})
    tx.commitBehind?.()
  }, limit)
  await expect(unheard).rejects.toThrow('ended with ROLLBACK')
  expect((await other.query('SELECT n FROM behind')).rows).toEqual([{ n: 1 }])
})

it('prepares what calls write, and nothing of deliveries', async () => {
  const prepared = (lane: 'calls' | 'deliveries') =>
    directly(
      async (tx) => {
        await tx.$executeRaw`INSERT INTO nonces (nonce) VALUES (${`of ${lane}`})`
        return tx.$queryRaw<{ statement: string }[]>`SELECT statement FROM pg_prepared_statements WHERE name <> ''`
      },
      { ...limit, lane },
    )
  expect(await prepared('calls')).toContainEqual({ statement: 'INSERT INTO nonces (nonce) VALUES ($1)' })
  expect(await prepared('deliveries')).toEqual([])
})
