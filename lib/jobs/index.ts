import { prisma } from '@/lib/db/client'
import { once } from '@/lib/db/once'
import { env } from '@/lib/env'
import { wakeJobsInMain } from '@/lib/threads'
import { type JobName, QUEUE_SCHEMA } from './definitions'
import { createJobEngine, type Handlers, type JobEngine } from './engine'

export type { JobData, JobName } from './definitions'
export type { Handlers } from './engine'
export { enqueue, enqueueMany, type JobRequest } from './enqueue'
export { pruneNonces } from './housekeeping'

const registry = () =>
  once('jobs:registry', () => ({ handlers: {} as Handlers, engine: undefined as JobEngine | undefined }))

/** Says what runs the jobs; a process serves only the queues it has a handler for. Before `startJobs`. */
export function registerHandlers(handlers: Handlers): void {
  Object.assign(registry().handlers, handlers)
}

/** Starts this process's share of the background work. Resolves when the queues stand and jobs can be added. */
export async function startJobs(): Promise<void> {
  const own = registry()
  if (own.engine) return
  own.engine = createJobEngine(env().databaseUrl, own.handlers)
  await own.engine.start()
}

/** Takes no more jobs; running ones get `graceMs`, then they go back to the queue. At most a second more. */
export async function stopJobs(graceMs = 3000): Promise<void> {
  const own = registry()
  const { engine } = own
  own.engine = undefined
  await engine?.stop(graceMs)
}

/** Looks for jobs of this name now; call it after the commit that added one and somebody waits for. */
export function wakeJobs(name: JobName): void {
  const { engine } = registry()
  if (engine) engine.wake(name)
  else wakeJobsInMain(name)
}

/** `ok` is false before the start, after the stop and while the database does not answer. */
export function jobsHealth(): { ok: boolean; running: number } {
  return registry().engine?.health() ?? { ok: false, running: 0 }
}

/** Jobs by name and state (`created`, `retry`, `active`, `completed`, `failed`). */
export async function jobCounts(): Promise<{ name: string; state: string; count: number }[]> {
  return prisma().$queryRawUnsafe(
    `SELECT name, state::text, count(*)::int FROM ${QUEUE_SCHEMA}.job GROUP BY name, state`,
  )
}
