import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import PgBoss from 'pg-boss'
import { log } from '@/lib/log'
import { definitionOf, type JobData, type JobName, jobNames, LEASE_SECONDS, QUEUE_SCHEMA } from './definitions'
import { toInsert } from './enqueue'
import { createRunner, type JobRun, type Runner } from './runner'

export type Handlers = { [Name in JobName]?: (data: JobData<Name>, run: JobRun) => Promise<void> }

export type JobEngine = {
  /** Resolves when the queues stand; tries again for as long as the database is away. */
  start(): Promise<void>
  /** Takes no more jobs, gives the running ones `graceMs` and hands the rest back to the queue. */
  stop(graceMs: number): Promise<void>
  /** Looks for jobs of this name now instead of at the next poll. */
  wake(name: JobName): void
  health(): { ok: boolean; running: number }
}

export type Timing = {
  /** how long the lease of a job holds without being renewed */
  leaseSeconds: number
  /** how often leases that ran out, and old jobs, are looked for */
  maintenanceSeconds: number
  everySeconds(name: JobName): number | undefined
}

const usualTiming: Timing = {
  leaseSeconds: LEASE_SECONDS,
  maintenanceSeconds: 30,
  everySeconds: (name) => definitionOf(name).everySeconds,
}

const CONNECTIONS = 4
const SETUP_LOCK = 7_336_422
const SILENCE_MS = 15_000

/**
 * Runs jobs from pg-boss's queues. Its tables, retries and expiry are used; its own workers are not, because they leave
 * the outcome of a run unawaited: a database that goes away at that moment would end the process.
 */
export function createJobEngine(url: string, handlers: Handlers, timing: Timing = usualTiming): JobEngine {
  const pool = openPool(url)
  const runners = new Map<JobName, Runner>()
  const loops: Promise<void>[] = []
  const timers: NodeJS.Timeout[] = []
  let boss: PgBoss | undefined
  let stopping = false
  let away = false
  let lastAnswerAt = Date.now()

  async function executeSql(text: string, values?: unknown[]) {
    const client = await pool.connect().catch(noteAway)
    let failed: Error | undefined
    try {
      const result = await client.query(text, values)
      noteAnswer()
      return result
    } catch (error) {
      failed = error as Error
      const answered = (error as { severity?: string }).severity === 'ERROR'
      if (!answered) noteAway(failed)
      throw failed
    } finally {
      // Maintenance sends BEGIN … COMMIT as one text; after an error its transaction is still open on the connection.
      client.release(failed)
    }
  }

  function noteAnswer() {
    if (away) log.info('background jobs: the database is back')
    away = false
    lastAnswerAt = Date.now()
  }

  function noteAway(error: Error): never {
    if (!away && !stopping) log.warn({ reason: error.message }, 'background jobs: the database is away')
    away = true
    throw error
  }

  async function start() {
    boss = await startBoss()
    if (!boss) return
    for (const name of jobNames) {
      const handler = handlers[name] as ((data: object, run: JobRun) => Promise<void>) | undefined
      if (!handler) continue
      const runner = createRunner(name, handler, executeSql)
      runners.set(name, runner)
      loops.push(runner.serve(boss))
      timers.push(setInterval(runner.renewLeases, (timing.leaseSeconds * 1000) / 3))
      schedule(boss, name)
    }
  }

  async function startBoss(): Promise<PgBoss | undefined> {
    while (!stopping) {
      // One whose start failed cannot be started again.
      const fresh = new PgBoss({
        db: { executeSql },
        schema: QUEUE_SCHEMA,
        schedule: false,
        maintenanceIntervalSeconds: timing.maintenanceSeconds,
        archiveCompletedAfterSeconds: 600,
        deleteAfterDays: 1,
      })
      fresh.on('error', (error: Error) => {
        if (!away) log.warn({ reason: error.message }, 'background jobs: maintenance failed')
      })
      try {
        await alone(async () => {
          await fresh.start()
          for (const name of jobNames) await fresh.createQueue(name, { name, policy: 'short' })
        })
        return fresh
      } catch (error) {
        await fresh.stop({ graceful: false }).catch(() => {})
        if (!away) throw error
        await sleep(500)
      }
    }
  }

  // Processes that make the tables of the queues at the same time would run into each other's locks.
  async function alone(work: () => Promise<void>) {
    const client = await pool.connect().catch(noteAway)
    try {
      await client.query('SELECT pg_advisory_lock($1)', [SETUP_LOCK])
      await work()
    } finally {
      client.release(true) // the lock goes with the session
    }
  }

  function schedule(boss: PgBoss, name: JobName) {
    const seconds = timing.everySeconds(name)
    if (!seconds) return
    // Every process asks; the database takes one for each slot of time.
    const ask = () => {
      const { data, retryLimit, retryDelay, expireInSeconds } = toInsert({ name, data: {} } as never)
      boss
        .send(name, data ?? {}, { retryLimit, retryDelay, expireInSeconds, singletonSeconds: seconds })
        .catch(() => {})
    }
    ask()
    timers.push(setInterval(ask, (seconds * 1000) / 4))
  }

  async function stop(graceMs: number) {
    if (stopping) return
    stopping = true
    for (const timer of timers) clearInterval(timer)
    await Promise.all([...runners.values()].map((runner) => runner.stop(graceMs)))
    await Promise.all(loops)
    await boss?.stop({ graceful: false }).catch(() => {})
    await pool.end()
  }

  return {
    start,
    stop,
    wake: (name) => runners.get(name)?.wake(),
    health: () => ({
      ok: boss !== undefined && !stopping && !away && Date.now() - lastAnswerAt < SILENCE_MS,
      running: [...runners.values()].reduce((sum, runner) => sum + runner.held(), 0),
    }),
  }
}

function openPool(url: string): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    application_name: 'desk jobs',
    options: '-c timezone=UTC',
    connectionTimeoutMillis: 3000,
    query_timeout: 60_000,
    keepAlive: true,
  })
  // A connection that breaks says so even while a statement on it fails for the same reason; unheard it ends the process.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('error', () => {})
  return pool
}
