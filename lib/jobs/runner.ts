import { setTimeout as sleep } from 'node:timers/promises'
import type PgBoss from 'pg-boss'
import { log } from '@/lib/log'
import { definitionOf, type JobName, QUEUE_SCHEMA } from './definitions'

/** What a handler knows about its run. `attempt` counts from 1; `signal` says that the result is no longer waited for. */
export type JobRun = { id: string; attempt: number; lastAttempt: boolean; signal: AbortSignal }

type Job = PgBoss.JobWithMetadata<object>
type Held = { job: Job; controller: AbortController }

/** Jobs taken at once for each place: a long queue is expensive to look into. */
const TAKEN_PER_PLACE = 8
/** How long an aborted handler, and the outcome of a run, may take when the process ends. */
const LAST_MS = 1000

export type Runner = ReturnType<typeof createRunner>

/** Takes jobs of one name, runs a few at a time and writes down how they ended. */
export function createRunner(
  name: JobName,
  handler: (data: object, run: JobRun) => Promise<void>,
  executeSql: (text: string, values?: unknown[]) => Promise<unknown>,
) {
  const { concurrency, pollSeconds, timeoutSeconds, data: schema } = definitionOf(name)
  /** every job that is ours now: waiting here, running, or ended and not yet written */
  const held = new Map<string, Held>()
  const waiting: Job[] = []
  let ended: { id: string; written: () => void }[] = []
  let running = 0
  let writing = false
  let stopping = false
  let called = false
  let wakeUp = () => {}

  function wake() {
    called = true
    wakeUp()
  }

  async function serve(boss: PgBoss): Promise<void> {
    while (!stopping) {
      called = false
      const wanted = waiting.length < concurrency ? concurrency * TAKEN_PER_PLACE - waiting.length : 0
      // A failing fetch comes back empty: the next poll is the next try.
      const taken = wanted
        ? await boss.fetch<object>(name, { batchSize: wanted, includeMetadata: true, priority: false })
        : []
      if (stopping) return handBack(taken)
      for (const job of taken) held.set(job.id, { job, controller: new AbortController() })
      waiting.push(...taken)
      fillPlaces(boss)
      if (!called && !stopping) await pause()
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollSeconds * 1000)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  function fillPlaces(boss: PgBoss): void {
    while (running < concurrency && !stopping) {
      const next = waiting.shift()
      if (!next) return
      running++
      void run(boss, next)
    }
  }

  async function run(boss: PgBoss, job: Job): Promise<void> {
    const error = await runHandler(job)
    running--
    fillPlaces(boss)
    if (waiting.length < concurrency) wake()
    if (stopping && held.get(job.id)?.controller.signal.aborted) return // handed back by `stop`
    await (error ? persist(() => boss.fail(name, job.id, { message: error.message })) : complete(boss, job.id))
    held.delete(job.id)
  }

  async function runHandler(job: Job): Promise<Error | undefined> {
    const { controller } = held.get(job.id) as Held
    const { signal } = controller
    const attempt = job.retryCount + 1
    const lastAttempt = job.retryCount >= job.retryLimit
    const timer = setTimeout(() => controller.abort(), timeoutSeconds * 1000)
    const givenUp = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error(`not done after ${timeoutSeconds} s`)))
    })
    try {
      const work = async () => handler(schema.parse(job.data), { id: job.id, attempt, lastAttempt, signal })
      await Promise.race([work(), givenUp])
    } catch (caught) {
      const error = caught instanceof Error ? caught : new Error(String(caught))
      if (!stopping) log.warn({ job: name, id: job.id, attempt, lastAttempt, reason: error.message }, 'job failed')
      return error
    } finally {
      clearTimeout(timer)
    }
  }

  // Jobs that end while a statement is under way are written by the next one, together.
  function complete(boss: PgBoss, id: string): Promise<void> {
    return new Promise((written) => {
      ended.push({ id, written })
      if (!writing) void writeEnded(boss)
    })
  }

  async function writeEnded(boss: PgBoss): Promise<void> {
    writing = true
    while (ended.length > 0) {
      const group = ended
      ended = []
      await persist(() =>
        boss.complete(
          name,
          group.map(({ id }) => id),
        ),
      )
      for (const { written } of group) written()
    }
    writing = false
  }

  // An outcome that cannot be written is kept and tried again; if the process ends first, the lease runs out.
  async function persist(write: () => Promise<unknown>): Promise<void> {
    for (let wait = 200; ; wait = Math.min(wait * 2, 5000)) {
      try {
        await write()
        return
      } catch {
        if (stopping) return
        await sleep(wait)
      }
    }
  }

  function renewLeases(): void {
    if (held.size === 0) return
    const text = `UPDATE ${QUEUE_SCHEMA}.job SET started_on = now()
      WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active'`
    executeSql(text, [name, [...held.keys()]]).catch(() => {})
  }

  /** Waits `graceMs` for what runs, then gives everything unfinished back as if it had not been taken. */
  async function stop(graceMs: number): Promise<void> {
    stopping = true
    wake()
    for (const job of waiting) held.delete(job.id)
    await handBack(waiting.splice(0))
    await until(() => held.size === 0, graceMs)
    const unfinished = [...held.values()]
    for (const { controller } of unfinished) controller.abort()
    await until(() => running === 0, LAST_MS)
    await handBack(unfinished.map(({ job }) => job))
  }

  async function handBack(jobs: Job[]): Promise<void> {
    if (jobs.length === 0) return
    // The next fetch counts this attempt again. One that was queued anew meanwhile keeps its lease until it runs out.
    const text = `UPDATE ${QUEUE_SCHEMA}.job SET
        state = (CASE WHEN retry_count > 0 THEN 'retry' ELSE 'created' END)::${QUEUE_SCHEMA}.job_state,
        started_on = CASE WHEN retry_count > 0 THEN started_on END,
        retry_count = greatest(retry_count - 1, 0)
      WHERE name = $1 AND id = ANY($2::uuid[]) AND state = 'active'`
    await executeSql(text, [name, jobs.map(({ id }) => id)]).catch(() => {})
  }

  return { serve, wake, stop, renewLeases, held: () => held.size }
}

async function until(condition: () => boolean, limitMs: number): Promise<void> {
  const giveUpAt = Date.now() + limitMs
  while (!condition() && Date.now() < giveUpAt) await sleep(10)
}
