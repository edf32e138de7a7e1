import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'

/** The advisory lock that Prisma's own CLI takes, so that the two never migrate at once. */
const MIGRATION_LOCK = 72_707_369
const OLDEST_SERVER = 140_000

export type Migrated = {
  /** names applied now, in order */
  applied: string[]
  /** names in the database that this release does not bring: it was migrated by a later one */
  unknown: string[]
}

/**
 * Waits until the server answers, at most `patienceMs`. A refusal that waiting cannot cure ends it at once. Throws with
 * one sentence that names the host and hides the password.
 */
export async function waitForDatabase(databaseUrl: string, patienceMs = 30_000): Promise<void> {
  const { host, pathname } = new URL(databaseUrl)
  const giveUpAt = Date.now() + patienceMs
  for (;;) {
    const client = new pg.Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5_000 })
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query("select current_setting('server_version_num')::int as version")
      if (rows[0].version >= OLDEST_SERVER) return
      throw new Hopeless(`PostgreSQL at ${host} is older than 14; allowed is 14 or later.`)
    } catch (error) {
      if (error instanceof Hopeless) throw error
      const { code, message } = error as { code?: string; message: string }
      if (code === '28P01' || code === '28000')
        throw new Hopeless(`PostgreSQL at ${host} refuses the sign-in: ${message}.`)
      if (code === '3D000')
        throw new Hopeless(`PostgreSQL at ${host} has no database ${pathname.slice(1)}; create it first.`)
      if (Date.now() > giveUpAt) {
        throw new Error(`PostgreSQL at ${host} did not answer in ${patienceMs / 1000} s: ${message || code}.`)
      }
    } finally {
      await client.end().catch(() => {})
    }
    await sleep(500)
  }
}

class Hopeless extends Error {}

/**
 * Applies the migrations below `directory` that the database lacks, in the order of their names, each in one transaction,
 * and records them as `prisma migrate deploy` does. Several processes may call it at once. Throws when a migration fails
 * or was edited after it had been applied; nothing of the failing one stays.
 */
export async function migrate(databaseUrl: string, directory = path.resolve('prisma/migrations')): Promise<Migrated> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c timezone=UTC' })
  await client.connect()
  try {
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await client.query(createTable)
    return await applyMissing(client, readMigrations(directory))
  } finally {
    await client.end()
  }
}

const createTable = `
  create table if not exists "_prisma_migrations" (
    "id" varchar(36) primary key not null,
    "checksum" varchar(64) not null,
    "finished_at" timestamptz,
    "migration_name" varchar(255) not null,
    "logs" text,
    "rolled_back_at" timestamptz,
    "started_at" timestamptz not null default now(),
    "applied_steps_count" integer not null default 0
  )`

type Migration = { name: string; sql: string; checksum: string }

function readMigrations(directory: string): Migration[] {
  const folders = fs.readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return folders
    .map(({ name }) => {
      const sql = fs.readFileSync(path.join(directory, name, 'migration.sql'), 'utf8')
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function applyMissing(client: pg.Client, migrations: Migration[]): Promise<Migrated> {
  const { rows } = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'select migration_name, checksum, finished_at from "_prisma_migrations" where rolled_back_at is null',
  )
  const recorded = new Map(rows.map((row) => [row.migration_name, row]))
  const applied: string[] = []
  for (const migration of migrations) {
    const known = recorded.get(migration.name)
    if (!known) {
      await apply(client, migration)
      applied.push(migration.name)
    } else if (!known.finished_at) {
      throw new Error(`Migration ${migration.name} was begun by another tool and not finished.`)
    } else if (known.checksum !== migration.checksum) {
      throw new Error(
        `Migration ${migration.name} was edited after it had been applied; undo the edit and add a new one.`,
      )
    }
  }
  const ours = new Set(migrations.map(({ name }) => name))
  return { applied, unknown: [...recorded.keys()].filter((name) => !ours.has(name)) }
}

async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  try {
    await client.query('begin')
    await client.query(sql)
    await client.query(
      `insert into "_prisma_migrations" (id, checksum, migration_name, finished_at, applied_steps_count)
       values ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    )
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw new Error(`Migration ${name} failed and was undone: ${(error as Error).message}`)
  }
}
