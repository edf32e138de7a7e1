import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { startJobs, stopJobs } from '@/lib/jobs'
import { systemContext as ctx } from '@/lib/users/context'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { addRecords } from './records'
import { runUsagePush, usageRounds } from './send'
import { storeInstances, storeUsageKeys, storeUsageProduct, usageTestAccount, usageTestKey } from './testing'

const secret = 'usage-kill-secret-0001'
const program = path.resolve('.build/usage-push-child.mjs')
let database: Awaited<ReturnType<typeof testDatabase>>
let sandbox: Sandbox
let products: string[]

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [usageTestAccount], usageKeys: [usageTestKey] })
  process.env.MARKETPLACE_URL = sandbox.url
  process.env.MARKETPLACE_FALLBACK_URL = sandbox.url
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: secret })
  await storeUsageKeys()
  await startJobs()
  products = [await storeUsageProduct('One'), await storeUsageProduct('Two')]
  await build({
    stdin: {
      contents: `import { provideEnv } from '@/lib/env'
        import { runUsagePush } from '@/lib/usage/send'
        provideEnv({ databaseUrl: process.env.DATABASE_URL, deskSecret: process.env.DESK_SECRET })
        await runUsagePush(process.argv[2])
        process.exit(0)`,
      resolveDir: process.cwd(),
    },
    outfile: program,
    bundle: true,
    // With its packages inside it starts in half the time; some of them ask for others by require.
    external: ['pg-native'],
    banner: { js: "import { createRequire as r } from 'node:module'; const require = r(import.meta.url)" },
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  })
})
afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
  await sandbox.stop()
  delete process.env.MARKETPLACE_URL
  delete process.env.MARKETPLACE_FALLBACK_URL
})

/** Tells what can leave something behind: a statement on its own, the end of a transaction, a request. */
function stepsOf() {
  let inside = false
  return (piece: Buffer): boolean => {
    const said = piece.toString('latin1')
    if (/BEGIN/.test(said)) inside = true
    if (/COMMIT|ROLLBACK/.test(said)) {
      inside = false
      return true
    }
    return !inside && /usage_|POST /.test(said)
  }
}

/** Passes everything on; `onStep` hears of each step the client sent, after it was passed on. */
async function listenBetween(target: { host: string; port: number }, onStep: () => void) {
  const server = net.createServer((client) => {
    const upstream = net.connect(target)
    const isStep = stepsOf()
    client.on('data', (piece) => upstream.write(piece, isStep(piece) ? onStep : undefined))
    upstream.on('data', (piece) => client.write(piece))
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

/** Runs a push in a process of its own that is killed as its n-th step leaves. Answers whether it came that far. */
async function pushAndDie(id: string, n: number): Promise<boolean> {
  let sent = 0
  let killed = false
  const count = () => {
    sent += 1
    if (sent !== n) return
    killed = true
    child.kill('SIGKILL')
  }
  const db = new URL(database.url)
  const toDb = await listenBetween({ host: db.hostname, port: Number(db.port) }, count)
  const toMarketplace = await listenBetween({ host: '127.0.0.1', port: Number(new URL(sandbox.url).port) }, count)
  db.hostname = '127.0.0.1'
  db.port = String(toDb.port)
  const marketplace = `http://127.0.0.1:${toMarketplace.port}`
  const child = spawn(process.execPath, [program, id], {
    env: {
      ...process.env,
      DATABASE_URL: db.href,
      DESK_SECRET: secret,
      MARKETPLACE_URL: marketplace,
      MARKETPLACE_FALLBACK_URL: marketplace,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await once(child, 'exit')
  toDb.close()
  toMarketplace.close()
  return killed
}

async function prepare(records: number): Promise<{ push: string; instances: string[]; numbers: string[] }> {
  const instances = products.map(() => `killed-${newId()}`)
  const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000
  for (const [at, productRef] of products.entries()) await storeInstances([instances[at] as string], { productRef })
  const given = Array.from({ length: records }, (_, at) => ({
    meteringSn: `sn-${newId()}`,
    instanceId: instances[at % instances.length],
    beginAt: new Date(hour - (at + 2) * 3_600_000).toISOString(),
    endAt: new Date(hour - (at + 1) * 3_600_000).toISOString(),
    value: '1',
  }))
  const results = await addRecords({ ctx, records: given, source: 'api' })
  expect(results.every(({ status }) => status === 'created')).toBe(true)
  const push = newId()
  const filter = { instanceIds: instances }
  const common = { state: 'planned', origin: 'staff', total: records, createdBy: 'test', createdAt: new Date() }
  await prisma().usagePush.create({ data: { id: push, filter, ...common } })
  return { push, instances, numbers: given.map(({ meteringSn }) => meteringSn) }
}

/** What the rounds do a minute later, when the leases of the dead have run out. */
async function recover(push: string): Promise<void> {
  const limit = new Date(Date.now() + 5 * 60_000)
  expect(await prisma().usageBatch.count({ where: { state: 'sending', leaseUntil: { gt: limit } } })).toBe(0)
  for (let round = 0; round < 20; round += 1) {
    await prisma()
      .$executeRaw`UPDATE usage_batches SET lease_until = now() - interval '1 second' WHERE state = 'sending'`
    const due = await usageRounds()
    const { state } = await prisma().usagePush.findUniqueOrThrow({ where: { id: push } })
    if (state === 'done') return
    expect(due).toContain(push)
    await runUsagePush(push)
    await sleep(50)
  }
  throw new Error('the push was never finished')
}

async function expectOnce(numbers: string[], push: string): Promise<void> {
  const rows = await prisma().usageRecord.findMany({ where: { meteringSn: { in: numbers } } })
  expect(rows.map(({ state, code }) => ({ state, code }))).toEqual(
    numbers.map(() => ({ state: 'accepted', code: null })),
  )
  const taken = sandbox.control.usage.accepted().filter(({ meteringSn }) => numbers.includes(meteringSn ?? ''))
  expect(taken.map(({ meteringSn }) => meteringSn).sort()).toEqual([...numbers].sort())
  const { accepted, rejected } = await prisma().usagePush.findUniqueOrThrow({ where: { id: push } })
  expect({ accepted, rejected }).toEqual({ accepted: numbers.length, rejected: 0 })
}

it('a push whose process is killed, at every step in turn, is finished by the next: each record exactly once', {
  timeout: 600_000,
}, async () => {
  let steps = 0
  for (let alive = true; alive; steps += 1) {
    const { push, numbers } = await prepare(3)
    alive = await pushAndDie(push, steps + 1)
    await recover(push)
    await expectOnce(numbers, push)
  }
  expect(steps).toBeGreaterThan(10)
})

it('a push whose answer never comes, though the marketplace took the records, is asked again', async () => {
  const { push, numbers } = await prepare(2)
  sandbox.control.addUsageFault({ answer: 'hang-after', times: 1 })
  await runUsagePush(push, { answerMs: 1_000 })
  await recover(push)
  await expectOnce(numbers, push)
})
