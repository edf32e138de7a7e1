import { randomUUID } from 'node:crypto'
import path from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { startEmbedded } from './embedded'
import { migrate } from './migrate'

declare module 'vitest' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface merges with vitest's own
  interface ProvidedContext {
    testDataDir: string
  }
}

const TEMPLATE = 'desk_template'
const TEMPLATE_LOCK = 1

/** A server that only tests use, started by the first file that needs it and shared by all of them. */
export function testServer() {
  const settings = { fsync: 'off', full_page_writes: 'off', max_connections: '200' }
  return startEmbedded({ dataDir: inject('testDataDir'), settings })
}

/**
 * An empty database with every migration applied, for one test file. Call it in `beforeAll`, point `connect(url, …)` or
 * `provideEnv({ databaseUrl: url, … })` at it, and `drop` it in `afterAll`.
 */
export async function testDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = await testServer()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(server.url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [TEMPLATE_LOCK])
    await ensureTemplate(client, server.url)
    await client.query(`create database ${name} template ${TEMPLATE}`)
  })
  return {
    url: withDatabase(server.url, name),
    drop: () => onServer(server.url, async (client) => void (await client.query(`drop database ${name} with (force)`))),
  }
}

async function ensureTemplate(client: pg.Client, serverUrl: string): Promise<void> {
  const { rowCount } = await client.query('select 1 from pg_database where datname = $1 and datistemplate', [TEMPLATE])
  if (rowCount) return
  await client.query(`drop database if exists ${TEMPLATE}`)
  await client.query(`create database ${TEMPLATE}`)
  await migrate(withDatabase(serverUrl, TEMPLATE), path.resolve('prisma/migrations'))
  await client.query(`alter database ${TEMPLATE} is_template true`)
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

async function onServer(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}
