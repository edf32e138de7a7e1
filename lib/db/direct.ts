import type { Duplex } from 'node:stream'
import pg from 'pg'
import { env } from '@/lib/env'
import { Prisma } from './client'
import { once } from './once'

/**
 * A transaction that takes SQL: the driver's own, or one of Prisma's. Statements asked for at the same time run in the
 * order they were asked; the driver's own sends them together, without waiting for one to end before the next.
 */
export type RawTx = {
  $queryRaw<Rows = unknown>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows>
  $queryRawUnsafe<Rows = unknown>(text: string, ...values: unknown[]): Promise<Rows>
  /** Resolves to the number of rows. */
  $executeRaw(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>
  $executeRawUnsafe(text: string, ...values: unknown[]): Promise<number>
  /** Runs a COPY … FROM STDIN with `data` for its input; only the driver's own can. */
  copyIn?(text: string, data: Buffer): Promise<void>
  /**
   * Lets the driver's own commit right behind what was asked for already, without waiting for its answers: for a
   * transaction in which nothing but an error of the database can still speak against it.
   */
  commitBehind?(): void
}

/**
 * Connections of their own, so that calls of the marketplace never queue behind pages and background work. What a call
 * writes finds rows by their key only, and is planned once; what a delivery joins is planned for what is there by then.
 */
const lanes = { calls: { connections: 4, prepares: true }, deliveries: { connections: 4, prepares: false } }
type Lane = keyof typeof lanes

const ABANDONED_MS = 6_000

const pool = (lane: Lane) =>
  once(`direct-pool:${lane}`, () => {
    const made = new pg.Pool({
      connectionString: env().databaseUrl,
      max: lanes[lane].connections,
      application_name: `desk ${lane}`,
      // The server ends what we gave up on by itself, so that it does not keep its locks. A plan made while a table was
      // small must not read all of it once it is large.
      options: `-c timezone=UTC -c statement_timeout=${ABANDONED_MS} -c enable_seqscan=off`,
      connectionTimeoutMillis: 2_000,
      idleTimeoutMillis: 30_000,
      allowExitOnIdle: true,
      keepAlive: true,
      ...({ pipeline: true } as object), // @types/pg does not know it yet
    })
    // A connection that breaks fails its transaction, and says so besides; unheard that would end the process.
    made.on('connect', (client) => client.on('error', () => {}))
    made.on('error', () => {}) // an idle connection that broke; the next transaction opens another
    return made
  })

/**
 * Runs `work` in a transaction on the driver itself, for the way every call takes: a statement costs the processor a
 * sixth of what it costs through Prisma. An error cuts the connection, which undoes the transaction; so does `timeoutMs`,
 * after which the promise rejects as for a database that is away.
 */
export async function directly<T>(
  work: (tx: RawTx) => Promise<T>,
  { timeoutMs, lane = 'calls' }: { timeoutMs: number; lane?: Lane },
): Promise<T> {
  const client = await pool(lane).connect()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DatabaseLate(`the database took longer than ${timeoutMs} ms`)), timeoutMs)
  })
  try {
    const result = await Promise.race([inTransaction(client, rawTx(client, lanes[lane].prepares), work), late])
    client.release()
    return result
  } catch (error) {
    streamOf(client).destroy()
    client.release(true)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

class DatabaseLate extends Error {
  readonly code = 'ETIMEDOUT'
}

async function inTransaction<T>(client: pg.PoolClient, tx: RawTx, work: (tx: RawTx) => Promise<T>): Promise<T> {
  let committed: Promise<{ command: string }> | undefined
  const commitBehind = () => {
    committed ??= client.query('COMMIT')
    committed.catch(() => {}) // whoever awaits it hears of it, unless a statement failed before
  }
  const [, result] = await Promise.all([tx.$executeRawUnsafe('BEGIN'), work({ ...tx, commitBehind })])
  const { command } = await (committed ?? client.query('COMMIT'))
  if (command !== 'COMMIT') throw new Error(`the transaction ended with ${command}`)
  return result
}

function streamOf(client: pg.PoolClient): Duplex {
  return (client as unknown as { connection: { stream: Duplex } }).connection.stream
}

function rawTx(client: pg.PoolClient, prepares: boolean): RawTx {
  const stream = streamOf(client)
  let gathering = false
  // What is asked for in one go leaves in one go.
  function gather() {
    if (gathering) return
    gathering = true
    stream.cork()
    setImmediate(() => {
      gathering = false
      stream.uncork()
    })
  }
  const run = (text: string, values: unknown[]) => {
    gather()
    return client.query({ text, values, types, ...(prepares && preparedAs(text)) })
  }
  const render = (query: TemplateStringsArray | Prisma.Sql, values: unknown[]) =>
    query instanceof Prisma.Sql ? query : Prisma.sql(query, ...values)
  return {
    async $queryRaw<Rows>(query: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) {
      const sql = render(query, values)
      return (await run(sql.text, sql.values)).rows as Rows
    },
    async $queryRawUnsafe<Rows>(text: string, ...values: unknown[]) {
      return (await run(text, values)).rows as Rows
    },
    async $executeRaw(query, ...values) {
      const sql = render(query, values)
      return (await run(sql.text, sql.values)).rowCount ?? 0
    },
    async $executeRawUnsafe(text, ...values) {
      return (await run(text, values)).rowCount ?? 0
    },
    copyIn(text, data) {
      gather()
      return new Promise((resolve, reject) => {
        client.query(new CopyIn(text, data, (error) => (error ? reject(error) : resolve())))
      })
    },
  }
}

/** Sends its data right behind the statement; where that fails the server leaves them unread (protocol flow, COPY). */
class CopyIn extends pg.Query {
  constructor(
    private readonly copy: string,
    private readonly data: Buffer,
    done: (error: Error | null) => void,
  ) {
    // @ts-expect-error @types/pg leaves out the callback
    super({ text: copy }, undefined, done)
  }

  override submit = (connection: pg.Connection) => {
    const to = connection as unknown as {
      query(text: string): void
      sendCopyFromChunk(data: Buffer): void
      endCopyFrom(): void
    }
    to.query(this.copy)
    to.sendCopyFromChunk(this.data)
    to.endCopyFrom()
  }

  handleCopyInResponse() {}
}

/** As Prisma reads them: 64-bit integers as bigint. */
const types = {
  getTypeParser: ((oid: number, format: 'text' | 'binary') =>
    oid === pg.types.builtins.INT8 ? BigInt : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
}

const PREPARED = 30
const names = () => once('direct-prepared', () => new Map<string, string>())

// A plan made while a joined table was small reads all of it once it is large: nothing prepared here joins one.
function preparedAs(text: string): { name?: string } {
  if (!/^\s*(INSERT|WITH)\b/.test(text)) return {}
  const known = names().get(text)
  if (known) return { name: known }
  if (names().size >= PREPARED) return {}
  const name = `call-${names().size}`
  names().set(text, name)
  return { name }
}

/** Closes the connections; for the end of the process. */
export async function leaveDirect(): Promise<void> {
  await Promise.all([pool('calls').end(), pool('deliveries').end()])
}
