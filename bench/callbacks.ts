import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import pg from 'pg'
import {
  freePort,
  memoryOf,
  postmasterOf,
  processorTimeOf,
  root,
  setUp,
  startCommand,
  startDesk,
} from '@/e2e/endurance/desk'
import { orderIds, orderOf, shop, shopDocument } from '@/e2e/endurance/purchases'
import { startEmbedded } from '@/lib/db/embedded'
import { startSandbox } from '@/sandbox/server'
import type { Measured, Order } from './load'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '8' },
    connections: { type: 'string', default: '48' },
    only: { type: 'string' },
    profile: { type: 'string' },
  },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = Number(values.connections)

type Target = {
  name: 'node:http + pg' | 'desk' | 'Next route'
  url: string
  database: string
  pid: number
  /** more than it can answer in a round */
  perSecond: number
  stop(): Promise<void>
}
/** Processor milliseconds per call, of the app and of the database. */
type Cpu = { app: number; database: number }
type Measure = Measured & { memory: number; drainedIn: number | null; answering: Cpu; afterwards: Cpu; stolen: number }
/** `quiet`: no target of its round lost more than `QUIET` of the processor to other guests of the host. */
type Round = Measure & { quiet: boolean }

const QUIET = 0.04
/** So many rounds are tried for one that is quiet. */
const TRIES = 5

const DRAIN_LIMIT_MS = 120_000
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-bench-'))
const secret = 'a-secret-for-benchmarks-only'
const server = await startEmbedded({ dataDir: scratch })
const marketplace = await startSandbox({ accounts: [shop.account] })
const targets: Target[] = []
const load = fork(path.join(root, 'scripts/run.mjs'), ['bench/load.ts'], { cwd: root })

process.once('SIGINT', leave)
process.once('SIGTERM', leave)
await bench().catch((error: Error) => fail(error.stack ?? error.message))
await leave()

async function bench(): Promise<void> {
  await prepare()
  const results = new Map<Target, Round[]>(targets.map((target) => [target, []]))
  for (const target of targets) await measure(target, Math.min(seconds, 4))
  let counting = 0
  for (let round = 1; counting < rounds && round <= TRIES * rounds; round += 1) {
    const measured = new Map<Target, Measure>()
    for (const target of targets) {
      const one = await measure(target, seconds)
      measured.set(target, one)
      console.log(`round ${round}  ${line(target, one)}`)
    }
    const quiet = [...measured.values()].every(({ stolen }) => stolen <= QUIET)
    if (quiet) counting += 1
    for (const [target, one] of measured) results.get(target)?.push({ ...one, quiet })
  }
  console.log(`\n${counting} quiet rounds count${counting === 0 ? ': none, so all of them do' : ''}\n`)
  console.log(table(results))
  for (const [target, measured] of results) await check(target, measured)
}

async function leave(): Promise<never> {
  await Promise.allSettled(targets.map((target) => target.stop()))
  load.kill()
  await marketplace.stop()
  await server.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
  process.exit()
}

async function prepare(): Promise<void> {
  await createDatabase('baseline')
  await createDatabase('desk')
  const env = {
    DESK_SECRET: secret,
    MARKETPLACE_URL: marketplace.url,
    MARKETPLACE_FALLBACK_URL: marketplace.fallbackUrl,
    DATABASE_URL: urlOf('desk'),
  }
  setUp({ dataDir: scratch, port: 1, env }, shopDocument())
  const wanted = (name: string) => !values.only || values.only.split(',').includes(name)
  // Each desk has a database of its own: two processes on one would share the background work.
  if (wanted('route')) await createDatabase('route', 'desk')
  if (wanted('baseline')) targets.push(await startBaseline())
  if (wanted('desk')) {
    const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${path.resolve(values.profile)}`] : []
    targets.push(await start('desk', 'desk', [...profile, ...startCommand], env, 12_000))
  }
  if (wanted('route')) {
    const command = (port: number) => [
      'node_modules/next/dist/bin/next',
      'start',
      '-H',
      '127.0.0.1',
      '-p',
      String(port),
    ]
    targets.push(await start('Next route', 'route', command, { ...env, DATABASE_URL: urlOf('route') }, 2_500))
  }
}

async function start(
  name: Target['name'],
  database: string,
  command: string[] | ((port: number) => string[]),
  env: Record<string, string>,
  perSecond: number,
): Promise<Target> {
  const port = await freePort()
  const args = typeof command === 'function' ? command(port) : command
  const desk = await startDesk({ dataDir: scratch, port, env, command: args })
  return { name, database, url: desk.url, pid: desk.process.pid as number, perSecond, stop: desk.stop }
}

async function startBaseline(): Promise<Target> {
  const port = await freePort()
  const args = ['bench/baseline.ts', String(port), urlOf('baseline'), shop.baseKey]
  const child: ChildProcess = fork(path.join(root, 'scripts/run.mjs'), args, { cwd: root })
  await once(child, 'message')
  const url = `http://127.0.0.1:${port}`
  const pid = child.pid as number
  return {
    name: 'node:http + pg',
    database: 'baseline',
    url,
    pid,
    perSecond: 12_000,
    stop: async () => void child.kill(),
  }
}

async function measure(target: Target, seconds: number): Promise<Measure> {
  const ids = orderIds(seconds * target.perSecond)
  if (target.name !== 'node:http + pg') marketplace.control.registerOrders(ids.map(orderOf))
  const memory: number[] = []
  const sampling = setInterval(() => memory.push(memoryOf(target.pid)), 250)
  const order: Order = { url: target.url, orderIds: ids, connections, seconds }
  const spent = () => ({ app: processorTimeOf(target.pid), database: processorTimeOf(postmasterOf(scratch)) })
  const before = spent()
  const ticksBefore = processorTicks()
  load.send(order)
  const [measured] = (await once(load, 'message')) as [Measured]
  const between = spent()
  const ticks = processorTicks().map((count, at) => count - (ticksBefore[at] ?? 0))
  const stolen = (ticks[7] ?? 0) / (ticks.reduce((sum, count) => sum + count, 0) || 1)
  const drainedIn = target.name === 'node:http + pg' ? null : await drain(target)
  const after = spent()
  clearInterval(sampling)
  await sleep(300)
  const perCall = (from: Cpu, to: Cpu): Cpu => ({
    app: ((to.app - from.app) * 1000) / measured.answered,
    database: ((to.database - from.database) * 1000) / measured.answered,
  })
  const [answering, afterwards] = [perCall(before, between), perCall(between, after)]
  return { ...measured, memory: Math.max(...memory), drainedIn, answering, afterwards, stolen }
}

/** proc(5): user, nice, system, idle, iowait, irq, softirq, steal, …; nothing where there is no /proc. */
function processorTicks(): number[] {
  if (!fs.existsSync('/proc/stat')) return []
  const [all = ''] = fs.readFileSync('/proc/stat', 'utf8').split('\n')
  return all.trim().split(/\s+/).slice(1, 9).map(Number)
}

/** The next round must not run beside the deliveries of this one. Seconds, or null when they were not done in time. */
async function drain(target: Target): Promise<number | null> {
  const startedAt = Date.now()
  while (Date.now() - startedAt < DRAIN_LIMIT_MS) {
    const [row] = await query(target.database, "SELECT 1 FROM instances WHERE delivery_state = 'waiting' LIMIT 1")
    if (!row) return (Date.now() - startedAt) / 1000
    await sleep(200)
  }
  return null
}

function line(target: Target, round: Measure): string {
  const rate = Math.round(round.answered / round.seconds)
  const codes = Object.entries(round.codes).map(([code, count]) => `${code}×${count}`)
  const drained = round.drainedIn === null ? '' : `, deliveries done ${round.drainedIn.toFixed(1)} s after`
  const worst = `p50 ${round.p50.toFixed(1)}, p99 ${round.p99.toFixed(1)}, worst ${round.worst.toFixed(0)} ms`
  const show = ({ app, database }: Cpu) => `${app.toFixed(2)}+${database.toFixed(2)}`
  const cpu = `cpu ${show(round.answering)}${round.drainedIn === null ? '' : ` then ${show(round.afterwards)}`} ms`
  const stolen = `${(round.stolen * 100).toFixed(0)} % stolen`
  return `${target.name}: ${rate}/s, ${stolen}, ${worst}, ${cpu}, ${Math.round(round.memory)} MiB, ${codes.join(' ')}, ${round.errors} errors${drained}`
}

function table(results: Map<Target, Round[]>): string {
  const rows = [...results].map(([target, measured]) => ({
    target,
    rate: median(counted(measured).map((round) => round.answered / round.seconds)),
    p50: median(counted(measured).map((round) => round.p50)),
    p99: median(counted(measured).map((round) => round.p99)),
    memory: Math.max(...measured.map((round) => round.memory)),
    errors: measured.reduce((sum, round) => sum + round.errors, 0),
  }))
  const base = rows.find(({ target }) => target.name === 'node:http + pg')
  const ratio = (value: number, to: number | undefined) => (to ? (value / to).toFixed(2) : '')
  return [
    '| | ratio | p99 ratio | req/s | p50 ms | p99 ms | memory MiB | errors |',
    '|---|---|---|---|---|---|---|---|',
    ...rows.map(({ target, rate, p50, p99, memory, errors }) => {
      const ratios = `${ratio(rate, base?.rate)} | ${ratio(p99, base?.p99)}`
      const numbers = `${Math.round(rate)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${Math.round(memory)} | ${errors}`
      return `| ${target.name} | ${ratios} | ${numbers} |`
    }),
  ].join('\n')
}

function counted(rounds: Round[]): Round[] {
  const quiet = rounds.filter((round) => round.quiet)
  return quiet.length > 0 ? quiet : rounds
}

function median(numbers: number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** Everything acknowledged must be there, once. */
async function check(target: Target, measured: Round[]): Promise<void> {
  const good = target.name === 'node:http + pg' ? ['000000'] : ['000000', '000004']
  const bad = measured.flatMap(({ codes }) => Object.keys(codes)).filter((code) => !good.includes(code))
  if (bad.length > 0) fail(`${target.name} answered ${[...new Set(bad)].join(', ')}`)
  if (target.name === 'node:http + pg') return
  const ids = measured.flatMap(({ acknowledged }) => acknowledged)
  const [found] = await query(
    target.database,
    `SELECT count(*)::int AS instances, count(DISTINCT order_id)::int AS orders, count(app_info)::int AS delivered
     FROM instances WHERE order_id = ANY($1)`,
    [ids],
  )
  const { instances, orders, delivered } = found as Record<string, number>
  console.log(`${target.name}: ${ids.length} purchases acknowledged, ${instances} instances, ${delivered} delivered`)
  if (instances !== ids.length || orders !== ids.length) fail(`${target.name} lost or doubled purchases`)
  if (delivered !== ids.length) fail(`${target.name} left deliveries undone`)
}

function fail(sentence: string): void {
  console.error(`FAILED: ${sentence}`)
  process.exitCode = 1
}

function urlOf(database: string): string {
  const url = new URL(server.url)
  url.pathname = `/${database}`
  return url.href
}

async function createDatabase(name: string, template?: string): Promise<void> {
  if (name === 'desk') return // made by the embedded server itself
  await query('postgres', `CREATE DATABASE ${name}${template ? ` TEMPLATE ${template}` : ''}`)
}

async function query(database: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: urlOf(database) })
  await client.connect()
  try {
    return (await client.query(text, values)).rows
  } finally {
    await client.end()
  }
}
