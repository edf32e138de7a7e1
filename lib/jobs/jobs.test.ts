import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { connect, type Db } from '@/lib/db/client'
import { startEmbedded } from '@/lib/db/embedded'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { createJobEngine, type Handlers, type JobEngine, type Timing } from './engine'
import {
  enqueue,
  enqueueMany,
  jobCounts,
  jobsHealth,
  pruneNonces,
  registerHandlers,
  startJobs,
  stopJobs,
  wakeJobs,
} from './index'

vi.hoisted(() => {
  process.env.LOG_LEVEL = 'silent'
})

vi.setConfig({ testTimeout: 60_000 })

const quick: Timing = { leaseSeconds: 2, maintenanceSeconds: 1, everySeconds: () => undefined }

let database: Awaited<ReturnType<typeof testDatabase>>
let db: Db
let sql: pg.Pool
const engines: JobEngine[] = []

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'jobs-test-secret-0001' })
  db = connect(database.url, 5)
  sql = new pg.Pool({ connectionString: database.url, max: 3 })
  sql.on('error', () => {})
  // Three processes meet an empty database at once.
  const first = [1, 2, 3].map(() => createJobEngine(database.url, {}, quick))
  await Promise.all(first.map((engine) => engine.start()))
  await Promise.all(first.map((engine) => engine.stop(0)))
})

beforeEach(async () => {
  await sql.query('TRUNCATE pgboss.job, pgboss.archive')
})

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.stop(0)))
})

afterAll(async () => {
  await db.$disconnect()
  await sql.end()
  await database.drop()
})

async function run(handlers: Handlers, timing = quick): Promise<JobEngine> {
  const engine = createJobEngine(database.url, handlers, timing)
  engines.push(engine)
  await engine.start()
  return engine
}

async function jobs(): Promise<{ state: string; retry_count: number; singleton_key: string }[]> {
  return (await sql.query('SELECT * FROM pgboss.job ORDER BY created_on')).rows
}

describe('adding a job', () => {
  it('happens exactly if the transaction commits', async () => {
    const seen: string[] = []
    await run({ 'deliver-instance': async ({ instanceId }) => void seen.push(instanceId) })
    await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'kept' }))
    const lost = db.$transaction(async (tx) => {
      await enqueue(tx, 'deliver-instance', { instanceId: 'lost' })
      throw new Error('rolled back')
    })
    await expect(lost).rejects.toThrow('rolled back')
    await vi.waitFor(() => expect(seen).toEqual(['kept']), 20_000)
    expect(await jobs()).toHaveLength(1)
  })

  it('is one statement for many jobs of different names', async () => {
    const statements: string[] = []
    const requests = Array.from({ length: 250 }, (_, n) => ({
      name: 'deliver-instance' as const,
      data: { instanceId: `i${n}` },
    }))
    await db.$transaction((tx) => {
      const counting = {
        $executeRawUnsafe: (text: string, ...values: unknown[]) => {
          statements.push(text)
          return tx.$executeRawUnsafe(text, ...values)
        },
      }
      return enqueueMany(counting as never, [
        ...requests,
        { name: 'announce-instance', data: { instanceId: 'i1', type: 'instance.renewed' } },
      ])
    })
    expect(statements).toHaveLength(1)
    expect(await jobs()).toHaveLength(251)
  })

  it('adds nothing while a job of the same key waits', async () => {
    const add = (key?: string) => db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'a' }, { key }))
    for (const key of ['a', 'a', 'b', undefined, undefined]) await add(key)
    expect(await jobs()).toHaveLength(4)
  })

  it('refuses data that does not fit', async () => {
    const wrong = db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: '' }))
    await expect(wrong).rejects.toThrow()
  })

  it('fails loudly when the queue does not stand', async () => {
    await sql.query(`DELETE FROM pgboss.queue WHERE name = 'send-mail'`)
    try {
      const noticeId = '01890000-0000-7000-8000-000000000000'
      await expect(db.$transaction((tx) => enqueue(tx, 'send-mail', { noticeId }))).rejects.toThrow(/took 0 of 1/)
    } finally {
      await sql.query(`INSERT INTO pgboss.queue (name, policy, partition_name)
        VALUES ('send-mail', 'short', 'j' || encode(sha224('send-mail'::bytea), 'hex'))`)
    }
  })

  it('waits for the time given', async () => {
    const seen: number[] = []
    const engine = await run({ 'deliver-instance': async () => void seen.push(Date.now()) })
    const startAfter = new Date(Date.now() + 1500)
    await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'a' }, { startAfter }))
    engine.wake('deliver-instance')
    await vi.waitFor(() => expect(seen).toHaveLength(1), 20_000)
    expect(seen[0]).toBeGreaterThanOrEqual(startAfter.getTime() - 50)
  })
})

describe('running jobs', () => {
  it('repeats a failing one with growing pauses and tells it the number of the attempt', async () => {
    const attempts: { attempt: number; at: number }[] = []
    await run({
      'deliver-instances': async (_data, { attempt }) => {
        attempts.push({ attempt, at: Date.now() })
        if (attempt < 3) throw new Error('not yet')
      },
    })
    await db.$transaction(async (tx) => {
      await enqueue(tx, 'deliver-instances', { instanceIds: ['a'] })
      await tx.$executeRawUnsafe('UPDATE pgboss.job SET retry_delay = 1')
    })
    await vi.waitFor(() => expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]), 20_000)
    const [first, second, third] = attempts.map(({ at }) => at) as [number, number, number]
    expect(second - first).toBeGreaterThan(900)
    expect(third - second).toBeGreaterThan(1900)
    await vi.waitFor(async () => expect((await jobs())[0]?.state).toBe('completed'), 20_000)
  })

  it('says which attempt is the last and stops after it', async () => {
    const seen: boolean[] = []
    const engine = await run({
      housekeeping: async (_data, { lastAttempt }) => {
        seen.push(lastAttempt)
        throw new Error('no')
      },
    })
    await db.$transaction((tx) => enqueue(tx, 'housekeeping', {}))
    engine.wake('housekeeping')
    await vi.waitFor(async () => expect((await jobs())[0]?.state).toBe('failed'), 20_000)
    expect(seen).toEqual([true])
  })

  it('shares a queue between two processes: every job once', async () => {
    const seen = new Map<string, number>()
    const by = [0, 0]
    const handler =
      (number: number) =>
      async ({ instanceId }: { instanceId: string }) => {
        by[number] = (by[number] ?? 0) + 1
        seen.set(instanceId, (seen.get(instanceId) ?? 0) + 1)
        await sleep(1)
      }
    const requests = Array.from({ length: 600 }, (_, n) => ({
      name: 'deliver-instance' as const,
      data: { instanceId: `i${n}` },
    }))
    await db.$transaction((tx) => enqueueMany(tx, requests))
    await Promise.all([0, 1].map((number) => run({ 'deliver-instance': handler(number) })))
    await vi.waitFor(async () => expect((await jobs()).every(({ state }) => state === 'completed')).toBe(true), 20_000)
    expect(seen.size).toBe(600)
    expect([...seen.values()].every((count) => count === 1)).toBe(true)
    expect(Math.min(...by)).toBeGreaterThan(0)
  })

  it('runs no more at once than allowed', async () => {
    let running = 0
    let most = 0
    await run({
      'deliver-instance': async () => {
        most = Math.max(most, ++running)
        await sleep(5)
        running--
      },
    })
    const requests = Array.from({ length: 100 }, (_, n) => ({
      name: 'deliver-instance' as const,
      data: { instanceId: `i${n}` },
    }))
    await db.$transaction((tx) => enqueueMany(tx, requests))
    await vi.waitFor(async () => expect((await jobs()).every(({ state }) => state === 'completed')).toBe(true), 20_000)
    expect(most).toBe(8)
  })

  it('starts at once when woken', async () => {
    const seen: number[] = []
    const engine = await run({ 'send-mail': async () => void seen.push(Date.now()) })
    await sleep(300)
    const startedAt = Date.now()
    await db.$transaction((tx) => enqueue(tx, 'send-mail', { noticeId: '01890000-0000-7000-8000-000000000000' }))
    engine.wake('send-mail')
    await vi.waitFor(() => expect(seen).toHaveLength(1), 20_000)
    expect((seen[0] as number) - startedAt).toBeLessThan(3000)
  })

  it('keeps the lease of a long run and takes over a job whose process died', async () => {
    let runs = 0
    await run({
      'deliver-instance': async () => {
        runs++
        await sleep(6000)
      },
    })
    await db.$transaction(async (tx) => {
      await enqueue(tx, 'deliver-instance', { instanceId: 'long' })
      await tx.$executeRawUnsafe(`UPDATE pgboss.job SET expire_in = interval '3 seconds'`)
    })
    await vi.waitFor(() => expect(runs).toBe(1), 20_000)
    await sleep(5000)
    expect(await jobs()).toMatchObject([{ state: 'active', retry_count: 0 }])
    await vi.waitFor(async () => expect((await jobs())[0]?.state).toBe('completed'), 20_000)
    expect(runs).toBe(1)

    await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'orphan' }))
    await sql.query(`UPDATE pgboss.job SET state = 'active', started_on = now() - interval '5 minutes', retry_delay = 1
      WHERE data->>'instanceId' = 'orphan'`)
    await vi.waitFor(() => expect(runs).toBe(2), 20_000)
  })

  it('tells a run that takes too long to stop', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'], shouldAdvanceTime: true, advanceTimeDelta: 20 })
    try {
      let aborted = false
      await run({
        'deliver-instance': (_data, { signal }) =>
          new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              aborted = true
              reject(new Error('stopped'))
            }),
          ),
      })
      await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'a' }))
      await vi.waitFor(async () => expect((await jobs())[0]?.state).toBe('active'), 20_000)
      await vi.advanceTimersByTimeAsync(61_000)
      expect(aborted).toBe(true)
      await vi.waitFor(async () => expect((await jobs())[0]?.state).toBe('retry'), 20_000)
    } finally {
      vi.useRealTimers()
    }
  })

  it('gives unfinished jobs back when it stops, without counting the attempt', async () => {
    const started: string[] = []
    const engine = await run({
      'deliver-instance': async ({ instanceId }) => {
        started.push(instanceId)
        await new Promise(() => {})
      },
    })
    const requests = Array.from({ length: 30 }, (_, n) => ({
      name: 'deliver-instance' as const,
      data: { instanceId: `i${n}` },
    }))
    await db.$transaction((tx) => enqueueMany(tx, requests))
    await vi.waitFor(() => expect(started).toHaveLength(8), 20_000)
    const startedAt = Date.now()
    await engine.stop(200)
    expect(Date.now() - startedAt).toBeLessThan(2500)
    const after = await jobs()
    expect(after).toHaveLength(30)
    expect(after.every(({ state, retry_count }) => state === 'created' && retry_count === 0)).toBe(true)

    const attempts: number[] = []
    await run({ 'deliver-instance': async (_data, { attempt }) => void attempts.push(attempt) })
    await vi.waitFor(() => expect(attempts).toHaveLength(30), 20_000)
    expect(new Set(attempts)).toEqual(new Set([1]))
  })

  it('lets running jobs end when it stops', async () => {
    let done = false
    const engine = await run({
      'deliver-instance': async () => {
        await sleep(300)
        done = true
      },
    })
    await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'a' }))
    await vi.waitFor(() => expect(engine.health().running).toBe(1), 20_000)
    await engine.stop(20_000)
    expect(done).toBe(true)
    expect((await jobs())[0]?.state).toBe('completed')
  })

  it('runs a scheduled job once in its time, however many processes there are', async () => {
    const slots: number[] = []
    const seconds = 2
    const handler = async () => void slots.push(Math.floor(Date.now() / 1000 / seconds))
    const timing = { ...quick, everySeconds: () => seconds }
    const startedAt = Date.now()
    const three = await Promise.all([1, 2, 3].map(() => run({ housekeeping: handler }, timing)))
    await vi.waitFor(() => {
      for (const engine of three) engine.wake('housekeeping')
      expect(slots.length).toBeGreaterThanOrEqual(3)
    }, 20_000)
    const slotsSince = Math.floor(Date.now() / 1000 / seconds) - Math.floor(startedAt / 1000 / seconds) + 1
    expect(slots.length).toBeLessThanOrEqual(slotsSince)
  })
})

describe('the process’s own engine', () => {
  it('starts once, serves what is registered, and stops', async () => {
    expect(jobsHealth()).toEqual({ ok: false, running: 0 })
    const seen: string[] = []
    registerHandlers({ 'deliver-instance': async ({ instanceId }) => void seen.push(instanceId) })
    await Promise.all([startJobs(), startJobs()])
    await db.$transaction((tx) => enqueue(tx, 'deliver-instance', { instanceId: 'a' }))
    wakeJobs('deliver-instance')
    await vi.waitFor(() => expect(seen).toEqual(['a']), 20_000)
    expect(jobsHealth().ok).toBe(true)
    await vi.waitFor(async () =>
      expect(await jobCounts()).toEqual([{ name: 'deliver-instance', state: 'completed', count: 1 }]),
    )
    await stopJobs()
    expect(jobsHealth().ok).toBe(false)
  })
})

it('forgets old request ids and keeps the others', async () => {
  await sql.query(`INSERT INTO nonces (nonce, seen_at)
    SELECT 'old' || n, now() - interval '11 minutes' FROM generate_series(1, 12000) n`)
  await sql.query(`INSERT INTO nonces (nonce, seen_at) VALUES ('new', now() - interval '9 minutes')`)
  expect(await pruneNonces()).toBe(12_000)
  expect((await sql.query('SELECT nonce FROM nonces')).rows).toEqual([{ nonce: 'new' }])
})

describe('a database that goes away', () => {
  const rejections: unknown[] = []
  const note = (reason: unknown) => rejections.push(reason)
  beforeAll(() => void process.on('unhandledRejection', note))
  afterAll(() => void process.off('unhandledRejection', note))

  it('is waited for: nothing is lost, nothing thrown, work goes on by itself', async () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-jobs-'))
    let server = await startEmbedded({ dataDir })
    const own = connect(server.url, 3)
    const done = new Set<string>()
    const engine = createJobEngine(
      server.url,
      {
        'deliver-instance': async ({ instanceId }) => {
          await sleep(100)
          done.add(instanceId)
        },
      },
      quick,
    )
    try {
      await engine.start()
      const requests = Array.from({ length: 80 }, (_, n) => ({
        name: 'deliver-instance' as const,
        data: { instanceId: `i${n}` },
      }))
      await own.$transaction((tx) => enqueueMany(tx, requests))
      engine.wake('deliver-instance')
      await vi.waitFor(() => expect(done.size).toBeGreaterThan(5), 20_000)
      await server.stop()
      await vi.waitFor(() => expect(engine.health().ok).toBe(false), 20_000)
      await sleep(1500)
      server = await startEmbedded({ dataDir })
      await vi.waitFor(() => expect(done.size).toBe(80), 20_000)
      await vi.waitFor(async () => {
        const jobs = await own.$queryRaw`SELECT state::text, count(*)::int FROM pgboss.job GROUP BY state`
        expect(jobs).toEqual([{ state: 'completed', count: 80 }])
      }, 20_000)
      expect(engine.health().ok).toBe(true)
      expect(rejections).toEqual([])
    } finally {
      await engine.stop(0)
      await own.$disconnect()
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    }
  }, 60_000)

  it('may be away when the jobs start', async () => {
    const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-jobs-'))
    let server = await startEmbedded({ dataDir })
    const { url } = server
    await server.stop()
    const engine = createJobEngine(url, { housekeeping: async () => {} }, quick)
    try {
      const started = engine.start()
      await sleep(1200)
      expect(engine.health().ok).toBe(false)
      server = await startEmbedded({ dataDir })
      await started
      expect(engine.health().ok).toBe(true)
      expect(rejections).toEqual([])
    } finally {
      await engine.stop(0)
      await server.stop()
      fs.rmSync(dataDir, { recursive: true, force: true })
    }
  }, 60_000)
})
