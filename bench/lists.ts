import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { listAlerts } from '@/lib/alerts'
import { listAudit } from '@/lib/audit/queries'
import { listCauses } from '@/lib/calls/causes'
import { messageFilter } from '@/lib/calls/filters'
import { callQuery, listCalls, listMessages, messageQuery } from '@/lib/calls/queries'
import { connect } from '@/lib/db/client'
import { startEmbedded } from '@/lib/db/embedded'
import { migrate } from '@/lib/db/migrate'
import { provideEnv } from '@/lib/env'
import { instanceQuery, listInstances } from '@/lib/instances/queries'
import { getOverview } from '@/lib/overview'
import { search } from '@/lib/search'
import { systemContext as ctx } from '@/lib/users/context'

// How long the server takes for every list and filter beside the bare SQL of the same page, with a little and with a lot.
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    small: { type: 'string', default: '10000' },
    runs: { type: 'string', default: '100' },
  },
})
const sizes = [Number(values.small), Number(values.calls)]
const runs = Number(values.runs)
const WARM = 5
/** Of so many the one in the middle counts: a p95 is a handful of runs, which one burst of something else can be. */
const ROUNDS = 3

/** `bare`: table, condition and order of the same page. */
type Case = { name: string; ask: () => Promise<unknown>; bare?: [table: string, where: string, order: string] }
type World = { size: number; pool: pg.Pool; cases: Case[]; enter: () => void; leave: () => Promise<unknown> }

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-lists-'))
const server = await startEmbedded({ dataDir: scratch })
try {
  const worlds: World[] = []
  for (const size of sizes) worlds.push(await makeWorld(size))
  await compare(worlds)
  for (const world of worlds) await world.leave()
} finally {
  await server.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
}
process.exit()

async function makeWorld(size: number): Promise<World> {
  const url = new URL(server.url)
  url.pathname = `/lists_${size}`
  const setup = new pg.Client({ connectionString: server.url })
  await setup.connect()
  await setup
    .query(`CREATE DATABASE lists_${size} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'`)
    .catch(() => setup.query(`CREATE DATABASE lists_${size}`))
  await setup.end()
  await migrate(url.href)
  const pool = new pg.Pool({ connectionString: url.href, max: 4, options: '-c timezone=UTC' })
  const began = Date.now()
  await seed(pool, size)
  console.log(`${size} calls seeded in ${((Date.now() - began) / 1000).toFixed(0)} s`)
  // Each size has a client of its own: the desk keeps one per process.
  const desk = globalThis as { __deskOnce?: Map<string, unknown> }
  desk.__deskOnce ??= new Map()
  const client = connect(url.href, 10)
  const enter = () => {
    provideEnv({ databaseUrl: url.href, deskSecret: 'a-secret-for-benchmarks-only' })
    desk.__deskOnce?.set('prisma', client)
  }
  enter()
  const leave = () => Promise.all([pool.end(), client.$disconnect()])
  return { size, pool, cases: cases(size), enter, leave }
}

/** Asks small and large, desk and bare in turn, so that whatever else the machine does comes to all of them alike. */
async function compare([small, large]: World[]): Promise<void> {
  if (!small || !large) return
  console.log(
    `\n${`${large.size} calls`.padEnd(34)}${['p95 ms', 'bare ms', 'ratio', `${small.size} ms`, 'growth'].map((head) => head.padStart(10)).join('')}`,
  )
  for (const [at, { name, ask, bare }] of large.cases.entries()) {
    const rounds: { p95: number; before: number; plain: number }[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const times = { large: [] as number[], small: [] as number[], bare: [] as number[] }
      for (let run = -WARM; run < runs; run += 1) {
        small.enter()
        await timed(small.cases[at]?.ask ?? ask, run < 0 ? [] : times.small)
        large.enter()
        await timed(ask, run < 0 ? [] : times.large)
        if (bare) await timed(() => bareOf(large.pool, ...bare), run < 0 ? [] : times.bare)
      }
      rounds.push({ p95: p95Of(times.large), before: p95Of(times.small), plain: p95Of(times.bare) })
    }
    const middle = (of: (round: (typeof rounds)[number]) => number) =>
      rounds.map(of).sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
    const [p95, before] = [middle((round) => round.p95), middle((round) => round.before)]
    const plain = bare ? middle((round) => round.plain) : null
    const ms = (value: number | null) => (value === null ? '–' : value.toFixed(1))
    const cells = [
      ms(p95),
      ms(plain),
      plain ? `${(p95 / plain).toFixed(2)}×` : '–',
      ms(before),
      `${(p95 / before).toFixed(2)}×`,
    ]
    console.log(`${name.padEnd(34)}${cells.map((cell) => cell.padStart(10)).join('')}`)
  }
}

async function timed(run: () => Promise<unknown>, times: number[]): Promise<void> {
  const began = performance.now()
  await run()
  times.push(performance.now() - began)
}

function p95Of(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0
}

/** The page and its count, as two plain statements at once. */
async function bareOf(pool: pg.Pool, table: string, where: string, order: string): Promise<void> {
  const columns =
    table === 'calls' ? 'id, received_at, activity, source, outcome, result_code, order_id, instance_id' : '*'
  await Promise.all([
    pool.query(`SELECT ${columns} FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT 51`),
    pool.query(`SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE ${where} LIMIT 10001) found`),
  ])
}

function begins(text: string, ...columns: string[]): string {
  return columns.map((column) => `${column} LIKE '${text}%'`).join(' OR ')
}

function cases(size: number): Case[] {
  const calls = (query: object) => () => listCalls({ ctx, query: callQuery.parse(query) })
  const messages = (query: object) => () => listMessages({ ctx, query: messageQuery.parse(query) })
  const instances = (query: object) => () => listInstances({ ctx, query: instanceQuery.parse(query) })
  const [newest, byCall] = ['last_at DESC, id DESC', 'id DESC']
  const order = `CS${String(Math.floor(size / 10)).padStart(9, '0')}`
  const day = new Date(Date.now() - 86_400_000).toISOString()
  const failed = `state = 'open' AND outcome = 'failed' AND NOT test`
  return [
    { name: 'overview', ask: () => getOverview({ ctx }) },
    { name: 'calls', ask: calls({ test: 'false' }), bare: ['calls', 'NOT test', byCall] },
    {
      name: 'calls: failed',
      ask: calls({ outcome: 'failed', test: 'false' }),
      bare: ['calls', `outcome = 'failed' AND NOT test`, byCall],
    },
    {
      name: 'calls: a rare activity',
      ask: calls({ activity: 'releaseInstance' }),
      bare: ['calls', `activity = 'releaseInstance'`, byCall],
    },
    {
      name: 'calls: a common activity',
      ask: calls({ activity: 'newInstance' }),
      bare: ['calls', `activity = 'newInstance'`, byCall],
    },
    {
      name: 'calls: result code',
      ask: calls({ resultCode: '000100' }),
      bare: ['calls', `result_code = '000100'`, byCall],
    },
    { name: 'calls: replays', ask: calls({ source: 'replay' }), bare: ['calls', `source = 'replay'`, byCall] },
    { name: 'calls: tests', ask: calls({ test: 'true' }), bare: ['calls', 'test', byCall] },
    {
      name: 'calls: an order',
      ask: calls({ q: order }),
      bare: ['calls', `order_id LIKE '${order}%'`, byCall],
    },
    {
      name: 'calls: the last day',
      ask: calls({ from: day }),
      bare: ['calls', `id >= call_id_floor('${day}')`, byCall],
    },
    {
      name: 'messages: failed',
      ask: messages({ state: 'open', outcome: 'failed', test: 'false' }),
      bare: ['messages', failed, newest],
    },
    { name: 'messages', ask: messages({}), bare: ['messages', 'true', newest] },
    {
      name: 'messages: failed of an activity',
      ask: messages({ state: 'open', outcome: 'failed', activity: 'refreshInstance' }),
      bare: ['messages', `state = 'open' AND outcome = 'failed' AND activity = 'refreshInstance'`, newest],
    },
    {
      name: 'messages: an order',
      ask: messages({ q: order }),
      bare: ['messages', begins(order, 'order_id', 'order_line_id', 'instance_id', 'customer_id'), newest],
    },
    {
      name: 'messages: closing soon',
      ask: messages({ closingWithin: 30 }),
      bare: ['messages', `${failed} AND retry_until BETWEEN now() AND now() + interval '30 min'`, newest],
    },
    { name: 'causes', ask: () => listCauses({ ctx, filter: messageFilter.parse({ test: 'false' }) }) },
    {
      name: 'instances',
      ask: instances({ test: 'false' }),
      bare: ['instances', 'NOT test', 'created_at DESC, instance_id DESC'],
    },
    {
      name: 'instances: frozen',
      ask: instances({ state: 'frozen' }),
      bare: ['instances', `state = 'frozen'`, 'created_at DESC, instance_id DESC'],
    },
    {
      name: 'instances: expiring in 30 days',
      ask: instances({ expiresWithinDays: 30 }),
      bare: [
        'instances',
        `state <> 'released' AND expires_at BETWEEN now() AND now() + interval '30 days'`,
        'created_at DESC, instance_id DESC',
      ],
    },
    {
      name: 'instances: waiting',
      ask: instances({ deliveryState: 'waiting' }),
      bare: ['instances', `delivery_state = 'waiting'`, 'created_at DESC, instance_id DESC'],
    },
    {
      name: 'instances: a customer',
      ask: instances({ q: 'customer 00001' }),
      bare: [
        'instances',
        begins(
          'customer 00001',
          'instance_id',
          'order_id',
          'order_line_id',
          'customer_id',
          'customer_name',
          'business_id',
        ),
        'created_at DESC, instance_id DESC',
      ],
    },
    { name: 'audit', ask: () => listAudit({ ctx, input: {} }), bare: ['audit_entries', 'true', 'at DESC, id DESC'] },
    { name: 'alerts', ask: () => listAlerts({ ctx, query: { limit: 50 } }) },
    { name: 'search', ask: () => search({ ctx, q: order }) },
  ]
}

/** A year of calls, five to a message, twenty to an instance; one in a hundred messages is open and failed. */
async function seed(pool: pg.Pool, size: number): Promise<void> {
  const id = (at: string, salt: string) => `(lpad(to_hex((extract(epoch FROM ${at}) * 1000)::bigint), 12, '0') || '7' ||
    substr(md5(${salt}), 1, 3) || '8' || substr(md5(${salt}), 4, 15))::uuid`
  const ago = (total: number) => `now() - interval '365 days' * ((${total} - n)::float8 / ${total})`
  const activity = `(ARRAY['newInstance', 'newInstance', 'newInstance', 'newInstance', 'queryInstance', 'queryInstance',
    'queryInstance', 'refreshInstance', 'refreshInstance', 'releaseInstance'])[1 + n % 10]`
  const [messages, instances] = [Math.floor(size / 5), Math.floor(size / 20)]
  const products = ['One', 'Two', 'Three', 'Four', 'Five']
  for (const [at, name] of products.entries()) {
    await pool.query(
      `INSERT INTO products (id, name, kind, product_ids, sku_codes, delivery_type, delivery, updated_at)
       VALUES ($1, $2, 'saas', '{}', '{}', 'manual', '{}', now())`,
      [`00000000-0000-7000-8000-00000000000${at}`, name],
    )
  }
  const product = `('00000000-0000-7000-8000-00000000000' || (n % 5))::uuid`
  const order = `'CS' || lpad((n / 2)::text, 9, '0')`
  const open = 'n % 100 = 7'
  await pool.query(`
    INSERT INTO messages (id, key, protocol, activity, state, outcome, attempts, first_at, last_at, retry_until, result_code,
      result_msg, order_id, order_line_id, instance_id, product_ref, test, last_call_id, closed_at)
    SELECT ${id('at', `'m' || n`)}, 'k' || n, 'saas-v2', ${activity}, CASE WHEN ${open} THEN 'open' ELSE 'succeeded' END,
      CASE WHEN ${open} THEN 'failed' ELSE 'succeeded' END, 5, at, at, CASE WHEN ${open} THEN at + interval '3 hours' END,
      CASE WHEN ${open} THEN (ARRAY['000005', '000100', '000003'])[1 + n % 3] ELSE '000000' END,
      CASE WHEN ${open} THEN 'cause ' || (n % 7) || ' of instance i-' || n ELSE 'success.' END,
      ${order}, ${order} || '-000001', 'i-' || (n % ${instances}), ${product}, n % 50 = 0, ${id('at', `'c' || n`)}, at
    FROM (SELECT n, ${ago(messages)} AS at FROM generate_series(1, ${messages}) n) rows`)
  await pool.query(`
    INSERT INTO calls (id, message_id, received_at, protocol, activity, source, outcome, result_code, result_msg, order_id,
      order_line_id, instance_id, test, duration_ms, payload)
    SELECT ${id('at', `'c' || n`)}, ${id(`now() - interval '365 days' * ((${messages} - n / 5)::float8 / ${messages})`, `'m' || (n / 5)`)},
      at, 'saas-v2', ${activity}, CASE WHEN n % 200 = 3 THEN 'replay' ELSE 'marketplace' END,
      CASE WHEN n % 70 = 9 THEN 'failed' WHEN n % 200 = 11 THEN 'rejected' ELSE 'succeeded' END,
      CASE WHEN n % 70 = 9 THEN '000100' ELSE '000000' END, 'said', ${order.replace('n / 2', 'n / 10')},
      ${order.replace('n / 2', 'n / 10')} || '-000001', 'i-' || (n / 5 % ${instances}), n % 250 = 0, 5 + n % 40,
      decode(repeat(md5(n::text), 20), 'hex')
    FROM (SELECT n, ${ago(size)} AS at FROM generate_series(1, ${size}) n) rows`)
  await pool.query(`
    INSERT INTO instances (instance_id, purchase_key, state, protocol, product_ref, order_id, order_line_id, customer_id,
      customer_name, test, expires_at, delivery_state, created_at)
    SELECT 'i-' || n, 'p' || n, (ARRAY['active', 'active', 'active', 'active', 'active', 'active', 'active', 'frozen', 'released',
      'released'])[1 + n % 10], 'saas-v2', ${product}, ${order}, ${order} || '-000001', 'cust-' || (n % 5000),
      'customer ' || lpad((n % 5000)::text, 6, '0'), n % 50 = 0, at + interval '400 days',
      CASE WHEN n % 400 = 0 THEN 'waiting' ELSE 'delivered' END, at
    FROM (SELECT n, ${ago(instances)} AS at FROM generate_series(1, ${instances}) n) rows`)
  await pool.query(`UPDATE instances SET state = 'pending' WHERE delivery_state = 'waiting'`)
  await pool.query(`
    INSERT INTO audit_entries (id, at, actor, via, action, subject, target, data)
    SELECT ${id('at', `'a' || n`)}, at, 'ops@example.com', 'user', 'message.replay', 'message', 'm' || n, '{}'
    FROM (SELECT n, ${ago(instances)} AS at FROM generate_series(1, ${instances}) n) rows`)
  await pool.query('VACUUM ANALYZE')
}
