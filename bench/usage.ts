import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { prisma } from '@/lib/db/client'
import { startEmbedded } from '@/lib/db/embedded'
import { migrate } from '@/lib/db/migrate'
import { isUnavailable } from '@/lib/db/trouble'
import { provideEnv } from '@/lib/env'
import { startJobs, stopJobs } from '@/lib/jobs'
import { addRecords, createUsagePush, runUsagePush } from '@/lib/usage'
import { listUsageMonths, usageOverview } from '@/lib/usage/months'
import { storeInstances, storeUsageKeys, storeUsageProduct, usageTestKey } from '@/lib/usage/testing'
import { systemContext as ctx } from '@/lib/users/context'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    instances: { type: 'string', default: '50000' },
    steps: { type: 'string', default: '10' },
  },
})
const instances = Number(values.instances)
const steps = Number(values.steps)
const perStep = Math.ceil(Number(values.records) / steps / 1000) * 1000
const HOUR = 3_600_000
const AT_ONCE = 4

const root = path.join(import.meta.dirname, '..')
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-bench-usage-'))
const server = await startEmbedded({ dataDir: scratch })
const marketplace = spawn(
  process.execPath,
  [
    path.join(root, 'scripts/run.mjs'),
    'sandbox/main.ts',
    ...['--port', '0', '--fallback-port', '0', '--seller-port', '0', '--base-key', usageTestKey],
  ],
  { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] },
)
let mostMemory = 0
let repeats = 0
const sampling = setInterval(() => {
  mostMemory = Math.max(mostMemory, process.memoryUsage.rss())
}, 100)

try {
  await bench()
} finally {
  clearInterval(sampling)
  await stopJobs()
  await prisma().$disconnect()
  marketplace.kill('SIGTERM')
  await server.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
}

async function bench(): Promise<void> {
  const [line] = (await once(marketplace.stdout, 'data')) as [Buffer]
  const { url } = JSON.parse(line.toString()) as { url: string }
  // biome-ignore lint/style/noProcessEnv: the port is known only now
  Object.assign(process.env, { MARKETPLACE_URL: url, MARKETPLACE_FALLBACK_URL: url })
  await migrate(server.url, path.join(root, 'prisma/migrations'))
  provideEnv({ databaseUrl: server.url, deskSecret: 'a-secret-for-benchmarks-only' })
  await storeUsageKeys()
  await startJobs()
  const productRef = await storeUsageProduct('Bench')
  const ids = Array.from({ length: instances }, (_, at) => `bench-${String(at).padStart(6, '0')}`)
  for (let at = 0; at < ids.length; at += 10_000) await storeInstances(ids.slice(at, at + 10_000), { productRef })
  const rows: Record<string, string>[] = []
  let number = 0
  for (let step = 1; step <= steps; step += 1) {
    mostMemory = 0
    const inSeconds = await timed(async () => {
      const end = number + perStep
      const work = async () => {
        for (let from = number; from < end; from = number) {
          number += 1000
          await patiently(() => collect(ids, from))
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
    })
    const { id } = await createUsagePush({ ctx, input: {} })
    const outSeconds = await timed(() => patiently(() => runUsagePush(id)))
    const push = await prisma().usagePush.findUniqueOrThrow({ where: { id } })
    if (push.accepted !== perStep) throw new Error(`${push.accepted} of ${perStep} records were accepted`)
    rows.push({
      records: (step * perStep).toLocaleString('en'),
      'in /s': Math.round(perStep / inSeconds).toLocaleString('en'),
      'out /s': Math.round(perStep / outSeconds).toLocaleString('en'),
      'memory MB': String(Math.round(mostMemory / 1_048_576)),
    })
    console.table(rows.slice(-1))
  }
  console.table(rows)
  await checkTaken(url, steps * perStep)
  await grid()
}

/** What the seller's software does, and the job queue: asks again while the database cannot be had. */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work()
    } catch (error) {
      if (tries === 20 || !isUnavailable(error)) throw error
      repeats += 1
      await sleep(500)
    }
  }
}

async function collect(ids: string[], from: number): Promise<void> {
  const now = Math.floor(Date.now() / HOUR) * HOUR
  const records = Array.from({ length: 1000 }, (_, at) => {
    const n = from + at
    const end = now - Math.floor(n / ids.length) * HOUR
    return {
      meteringSn: `bench-${n}`,
      instanceId: ids[n % ids.length],
      beginAt: new Date(end - HOUR).toISOString(),
      endAt: new Date(end).toISOString(),
      value: `${(n % 97) + 1}.25`,
    }
  })
  const results = await addRecords({ ctx, records, source: 'api' })
  const refused = results.find(({ status }) => status === 'refused')
  if (refused) throw new Error(`a record was not taken in: ${JSON.stringify(refused)}`)
}

async function checkTaken(url: string, expected: number): Promise<void> {
  const answer = (await (await fetch(`${url}/sandbox/control`)).json()) as { settings: { usageTaken: number } }
  console.log(
    `the marketplace took ${answer.settings.usageTaken} of ${expected} records; ${repeats} requests were repeated`,
  )
  if (answer.settings.usageTaken !== expected) process.exitCode = 1
}

/** What a page of the month grid and its heads take, on the server. */
async function grid(): Promise<void> {
  const month = new Date(Date.now() + 8 * HOUR).toISOString().slice(0, 7)
  const times = { page: [] as number[], overview: [] as number[] }
  // What the database does by itself within a minute or two, and had no time for yet.
  await prisma().$executeRawUnsafe('VACUUM ANALYZE')
  let cursor: string | undefined
  for (let round = 0; round < 100; round += 1) {
    const page = performance.now()
    const query = { month, limit: 50, cursor }
    cursor = (await listUsageMonths({ ctx, query })).nextCursor ?? undefined
    times.page.push(performance.now() - page)
    const overview = performance.now()
    await usageOverview({ ctx, month })
    times.overview.push(performance.now() - overview)
  }
  const p = (list: number[], share: number) => list.toSorted((a, b) => a - b)[Math.floor(list.length * share)] as number
  for (const [name, list] of Object.entries(times)) {
    console.log(`month grid, ${name}: p50 ${p(list, 0.5).toFixed(0)} ms, p95 ${p(list, 0.95).toFixed(0)} ms`)
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}
