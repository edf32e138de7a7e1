import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { migrate, waitForDatabase } from './migrate'
import { testDatabase } from './testing'

let database: Awaited<ReturnType<typeof testDatabase>>
let client: pg.Client
let directory: string

beforeAll(async () => {
  database = await testDatabase()
  client = new pg.Client({ connectionString: database.url })
  await client.connect()
})

afterAll(async () => {
  await client.end()
  await database.drop()
})

beforeEach(async () => {
  await client.query('drop schema public cascade; create schema public')
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-migrations-'))
  write('20260101000000_create_shelf', 'create table shelf (id int primary key); insert into shelf values (1)')
  write('20260102000000_fill_shelf', 'insert into shelf values (2)')
  return () => fs.rmSync(directory, { recursive: true })
})

function write(name: string, sql: string) {
  fs.mkdirSync(path.join(directory, name), { recursive: true })
  fs.writeFileSync(path.join(directory, name, 'migration.sql'), sql)
}

async function ids(): Promise<number[]> {
  return (await client.query('select id from shelf order by id')).rows.map((row) => row.id)
}

describe('migrate', () => {
  test('applies what is missing, in order, and nothing the second time', async () => {
    const names = ['20260101000000_create_shelf', '20260102000000_fill_shelf']
    expect(await migrate(database.url, directory)).toEqual({ applied: names, unknown: [] })
    expect(await migrate(database.url, directory)).toEqual({ applied: [], unknown: [] })
    expect(await ids()).toEqual([1, 2])
  })

  test('three processes at once apply each migration once', async () => {
    const runs = await Promise.all([1, 2, 3].map(() => migrate(database.url, directory)))
    expect(runs.flatMap((run) => run.applied)).toHaveLength(2)
    expect(await ids()).toEqual([1, 2])
  })

  test('refuses a migration that was edited after it had been applied', async () => {
    await migrate(database.url, directory)
    write('20260102000000_fill_shelf', 'insert into shelf values (3)')
    await expect(migrate(database.url, directory)).rejects.toThrow(/20260102000000_fill_shelf was edited/)
    expect(await ids()).toEqual([1, 2])
  })

  test('leaves nothing of a migration that fails, and applies it once it is mended', async () => {
    write('20260103000000_break', 'insert into shelf values (9); insert into nowhere values (1)')
    await expect(migrate(database.url, directory)).rejects.toThrow(/20260103000000_break failed and was undone/)
    expect(await ids()).toEqual([1, 2])
    write('20260103000000_break', 'insert into shelf values (9)')
    expect((await migrate(database.url, directory)).applied).toEqual(['20260103000000_break'])
  })

  test('names the migrations that a later release left', async () => {
    await migrate(database.url, directory)
    fs.rmSync(path.join(directory, '20260102000000_fill_shelf'), { recursive: true })
    expect((await migrate(database.url, directory)).unknown).toEqual(['20260102000000_fill_shelf'])
  })

  test("records what Prisma's own CLI records", async () => {
    await migrate(database.url, directory)
    const { rows } = await client.query('select * from _prisma_migrations order by migration_name')
    expect(rows[0]).toMatchObject({
      checksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      finished_at: expect.any(Date),
      rolled_back_at: null,
      applied_steps_count: 1,
    })
  })
})

describe('waitForDatabase', () => {
  test('returns when the server answers', () => waitForDatabase(database.url, 1_000))

  test('gives up at once where waiting does not help, without the password', async () => {
    const url = new URL(database.url)
    url.password = 'not-the-password'
    const failure = await waitForDatabase(url.href).catch((error: Error) => error.message)
    expect(failure).toMatch(/refuses the sign-in/)
    expect(failure).not.toContain('not-the-password')

    url.href = database.url
    url.pathname = '/nowhere'
    await expect(waitForDatabase(url.href)).rejects.toThrow(/has no database nowhere/)
  })

  test('says which host kept silent', async () => {
    await expect(waitForDatabase('postgresql://x:y@127.0.0.1:1/desk', 600)).rejects.toThrow(
      /127\.0\.0\.1:1 did not answer/,
    )
  })
})
