import { once } from 'node:events'
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import pg from 'pg'
import { DeskError } from '@/lib/errors'
import { fingerprint } from '@/lib/secrets'
import { idTime, newId } from './ids'

const FORMAT = 'seller-desk-backup'
const VERSION = 1
/** About this much of a table is read or written at once. */
const CHUNK_BYTES = 4 * 1024 * 1024
const MAX_ROWS = 1000
const LOCK_TIMEOUT = '55P03'

/** Written by every start: a desk with nothing but these is empty. */
const ownTraces = ['setup_links', 'sign_in_failures', 'nonces', 'refusal_counts']
/** The first counts changes for the running replicas, so it must never go back; sums of usage follow their records. */
const notKept = ['config_version', '_prisma_migrations', 'usage_months', 'usage_days']

type Header = {
  format: typeof FORMAT
  version: number
  migration: string
  /** tells a wrong DESK_SECRET, without which nothing sealed can be opened */
  secretCheck: string
  createdAt: string
  /** oldest and newest call, for the partitions */
  calls: [string, string] | null
}
type Table = { table: string; columns: string[] }
type Column = { name: string; type: string }

/** Rows by table. */
export type Counts = Record<string, number>

/**
 * Writes every table of the desk, as of one moment, to a new file (mode 0600): gzip, one JSON value a line. A header, then
 * for each table a line that names its columns and a line per row; last the counts. Secrets stay sealed. The desk may run.
 */
export async function writeBackup(databaseUrl: string, file: string): Promise<Counts> {
  const client = await connect(databaseUrl)
  const draft = `${file}.${process.pid}.partial`
  const counts: Counts = {}
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    await pipeline(
      Readable.from(dump(client, counts)),
      createGzip({ level: 6 }),
      createWriteStream(draft, { mode: 0o600, flags: 'wx' }),
    )
    renameSync(draft, file)
    return counts
  } finally {
    rmSync(draft, { force: true })
    await client.end()
  }
}

async function* dump(client: pg.Client, counts: Counts): AsyncGenerator<string> {
  const header: Header = {
    format: FORMAT,
    version: VERSION,
    migration: await newestMigration(client),
    secretCheck: secretCheck(),
    createdAt: new Date().toISOString(),
    calls: await callSpan(client),
  }
  yield `${JSON.stringify(header)}\n`
  for (const [table, columns] of await describeTables(client)) {
    counts[table] = 0
    yield `${JSON.stringify({ table, columns: columns.map(({ name }) => name) } satisfies Table)}\n`
    for await (const { lines, text } of rowsOf(client, table, columns)) {
      counts[table] += lines
      yield text
    }
  }
  yield `${JSON.stringify({ end: counts })}\n`
}

async function* rowsOf(client: pg.Client, table: string, columns: Column[]) {
  const values = columns.map(({ name, type }) =>
    type === 'bytea' ? `translate(encode(${quoted(name)}, 'base64'), E'\\n', '')` : `${quoted(name)}::text`,
  )
  await client.query(`DECLARE dump NO SCROLL CURSOR FOR
    SELECT json_build_array(${values.join(', ')})::text AS line FROM ${quoted(table)}`)
  for (let count = 10; ; ) {
    const { rows } = await client.query<{ line: string }>(`FETCH ${count} FROM dump`)
    if (rows.length === 0) break
    const text = `${rows.map(({ line }) => line).join('\n')}\n`
    yield { lines: rows.length, text }
    count = Math.max(1, Math.min(MAX_ROWS, Math.floor((CHUNK_BYTES * rows.length) / text.length)))
  }
  await client.query('CLOSE dump')
}

/**
 * Puts a backup back, all of it or nothing. Errors: conflict when the desk is not empty and `replace` is not given, when
 * the file was written at another migration or under another DESK_SECRET; invalid when it is no whole backup.
 */
export async function restoreBackup(
  databaseUrl: string,
  file: string,
  { replace, actor }: { replace: boolean; actor: string },
): Promise<Counts> {
  const client = await connect(databaseUrl)
  try {
    await client.query("BEGIN; SET LOCAL lock_timeout = '30s'")
    const counts = await load(client, file, replace)
    await continueSequences(client)
    await client.query(
      `INSERT INTO audit_entries (id, at, actor, via, action, subject, data)
       VALUES ($1, now(), $2, 'cli', 'desk.restore', 'desk', $3)`,
      [newId(), actor, { rows: Object.values(counts).reduce((sum, rows) => sum + rows, 0) }],
    )
    await client.query('UPDATE config_version SET version = version + 1')
    await client.query('COMMIT')
    return counts
  } catch (error) {
    if ((error as { code?: string }).code !== LOCK_TIMEOUT) throw error
    throw new DeskError('unavailable', 'The desk is too busy for a restore; stop the server and try again.')
  } finally {
    await client.end()
  }
}

async function load(client: pg.Client, file: string, replace: boolean): Promise<Counts> {
  const tables = await describeTables(client)
  const counts: Counts = {}
  let header: Header | null = null
  let columns: Column[] = []
  let table = ''
  let waiting: string[] = []
  let waitingBytes = 0
  let ended = false

  const flush = async () => {
    if (waiting.length > 0) await insertRows(client, table, columns, waiting)
    waiting = []
    waitingBytes = 0
  }

  for await (const line of linesOf(file)) {
    if (!header) {
      header = readHeader(line)
      await requireFitting(client, header)
      await empty(client, [...tables.keys()], replace)
      await makePartitions(client, header)
    } else if (ended) {
      throw broken('something stands after its end')
    } else if (line.startsWith('[')) {
      if (!table) throw broken('a row stands before its table')
      waiting.push(line)
      waitingBytes += line.length
      counts[table] = (counts[table] ?? 0) + 1
      if (waiting.length >= MAX_ROWS || waitingBytes >= CHUNK_BYTES) await flush()
    } else {
      await flush()
      const mark = parsed(line) as Partial<Table> & { end?: Counts }
      if (mark.end) {
        ended = true
        for (const [name, rows] of Object.entries(mark.end)) {
          if (counts[name] !== rows) throw broken(`${name} should have ${rows} rows`)
        }
        continue
      }
      table = mark.table ?? ''
      const known = tables.get(table)
      if (!known || !mark.columns) throw broken(`the desk has no table ${table}`)
      columns = mark.columns.map((name) => {
        const column = known.find((one) => one.name === name)
        if (!column) throw broken(`${table} has no column ${name}`)
        return column
      })
      counts[table] = 0
    }
  }
  if (!ended) throw broken('its end is missing')
  return counts
}

async function insertRows(client: pg.Client, table: string, columns: Column[], lines: string[]): Promise<void> {
  const values = columns.map(({ type }, at) =>
    type === 'bytea' ? `decode(r->>${at}, 'base64')` : `(r->>${at})::${type}`,
  )
  const inserted = client.query(
    `INSERT INTO ${quoted(table)} (${columns.map(({ name }) => quoted(name)).join(', ')})
     SELECT ${values.join(', ')} FROM jsonb_array_elements($1::jsonb) AS r`,
    [`[${lines.join(',')}]`],
  )
  await inserted.catch((error: { code?: string }) => {
    // Classes 22 and 23: the value does not fit its column, or a rule of the table.
    throw /^2[23]/.test(error.code ?? '') ? broken(`a row of ${table} does not fit`) : error
  })
}

function readHeader(line: string): Header {
  const header = parsed(line) as Partial<Header> | null
  if (header?.format !== FORMAT) throw new DeskError('invalid', 'This is no backup of a seller desk.')
  if (header.version !== VERSION) {
    throw new DeskError('conflict', `The backup has the format ${header.version}; this desk reads ${VERSION}.`)
  }
  return header as Header
}

async function requireFitting(client: pg.Client, header: Header): Promise<void> {
  const migration = await newestMigration(client)
  if (header.migration !== migration) {
    throw new DeskError(
      'conflict',
      `The backup was written at the migration ${header.migration}, this desk is at ${migration}; restore it with the release that wrote it, then upgrade.`,
    )
  }
  if (header.secretCheck !== secretCheck()) {
    throw new DeskError('conflict', 'The backup was written under another DESK_SECRET; start with that one.')
  }
}

async function empty(client: pg.Client, tables: string[], replace: boolean): Promise<void> {
  await client.query(`LOCK TABLE ${tables.map(quoted).join(', ')} IN ACCESS EXCLUSIVE MODE`)
  for (const table of tables) {
    if (replace || ownTraces.includes(table)) continue
    const { rowCount } = await client.query(`SELECT 1 FROM ${quoted(table)} LIMIT 1`)
    if (rowCount) {
      throw new DeskError('conflict', `The desk is not empty (${table}); --replace puts the backup in place of it.`)
    }
  }
  await client.query(`TRUNCATE ${tables.map(quoted).join(', ')}`)
}

async function makePartitions(client: pg.Client, { calls }: Header): Promise<void> {
  if (calls) await client.query('SELECT ensure_call_partitions($1::timestamptz, $2::timestamptz)', calls)
}

async function callSpan(client: pg.Client): Promise<Header['calls']> {
  const end = async (direction: 'ASC' | 'DESC') => {
    const { rows } = await client.query<{ id: string }>(`SELECT id FROM calls ORDER BY id ${direction} LIMIT 1`)
    return rows[0] && new Date(idTime(rows[0].id)).toISOString()
  }
  const [first, last] = [await end('ASC'), await end('DESC')]
  return first && last ? [first, last] : null
}

/** Our tables with their columns, those that others refer to first. Partitions are told by their table. */
async function describeTables(client: pg.Client): Promise<Map<string, Column[]>> {
  const { rows } = await client.query<{ table: string; column: string; type: string }>(
    `
    SELECT c.relname AS "table", a.attname AS "column", format_type(a.atttypid, a.atttypmod) AS type
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attgenerated = '' AND c.relname <> ALL($1)
    ORDER BY c.relname, a.attnum`,
    [notKept],
  )
  const { rows: references } = await client.query<{ child: string; parent: string }>(`
    SELECT child.relname AS child, parent.relname AS parent FROM pg_constraint r
    JOIN pg_class child ON child.oid = r.conrelid JOIN pg_class parent ON parent.oid = r.confrelid
    WHERE r.contype = 'f' AND child.oid <> parent.oid AND child.relnamespace = 'public'::regnamespace`)
  const columns = new Map<string, Column[]>()
  for (const { table, column, type } of rows) {
    columns.set(table, [...(columns.get(table) ?? []), { name: column, type }])
  }
  const ordered = new Map<string, Column[]>()
  const place = (table: string) => {
    const own = columns.get(table)
    if (!own || ordered.has(table)) return
    for (const { child, parent } of references) if (child === table) place(parent)
    ordered.set(table, own)
  }
  for (const table of columns.keys()) place(table)
  return ordered
}

/** Numbers the database gives out go on after the highest restored one. */
async function continueSequences(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(`
    SELECT c.relname AS "table", a.attname AS "column", s.sequence FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS s(sequence)
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND s.sequence IS NOT NULL`)
  for (const { table, column, sequence } of rows) {
    await client.query(`SELECT setval($1, max(${quoted(column)})) FROM ${quoted(table)}`, [sequence])
  }
}

async function newestMigration(client: pg.Client): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT migration_name AS name FROM _prisma_migrations
     WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL ORDER BY migration_name DESC LIMIT 1`,
  )
  return rows[0]?.name ?? ''
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const source = createReadStream(file)
  // A file that is not there must say so before anything is locked.
  await once(source, 'open')
  const text = createGunzip()
  const read = pipeline(source, text)
  read.catch(() => {})
  text.setEncoding('utf8')
  let rest = ''
  try {
    for await (const chunk of text) {
      const [head = '', ...more] = (chunk as string).split('\n')
      rest += head
      for (const next of more) {
        yield rest
        rest = next
      }
    }
  } catch (error) {
    if (/^Z_|^ERR_STREAM/.test((error as NodeJS.ErrnoException).code ?? '')) throw broken('it is damaged')
    throw error
  }
  if (rest) yield rest
}

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, options: '-c timezone=UTC -c datestyle=ISO' })
  client.on('error', () => {})
  await client.connect()
  return client
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw broken('a line of it is not JSON')
  }
}

function broken(reason: string): DeskError {
  return new DeskError('invalid', `The backup is not whole: ${reason}.`)
}

function secretCheck(): string {
  return fingerprint('backup', 'the secret of this desk').slice(0, 16)
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
