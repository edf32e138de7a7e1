import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { freePort, setUp, startCommand, startDesk } from '@/e2e/endurance/desk'
import { startEmbedded } from '@/lib/db/embedded'
import { fireKit, type KitName, type KitSpec, kitDepartments, kitUsers } from '@/sandbox/kit'

/**
 * How long the desk takes for the bulkiest calls of the joint operation, from the first byte sent to the last one
 * received, each in V1 and V2: 500 users, and 10,000 departments, new, the same again, and half of them changed.
 */
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } })
const rounds = Number(values.rounds)
const LIMITS = { authSync: 300, allOrgSync: 1500 }

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-bench-kit-'))
const key = 'bench-kit-key-0001'
const server = await startEmbedded({ dataDir: scratch })
const port = await freePort()
const env = { DESK_SECRET: 'a-secret-for-benchmarks-only', DATABASE_URL: server.url }
const pem = generateKeyPairSync('rsa', { modulusLength: 3072 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
setUp(
  { dataDir: scratch, port, env },
  {
    credentials: [
      { name: 'kit', kind: 'kit', secret: key },
      { name: 'rsa', kind: 'kit-private-key', secret: pem.toString() },
    ],
  },
)
const desk = await startDesk({ dataDir: scratch, port, env, command: startCommand })

let over = false
try {
  const departments = kitDepartments(10_000)
  const renamed = departments.map((one, at) =>
    at % 2 ? one : { ...one, orgName: `${one.orgName} *`, name: `${one.name} *` },
  )
  const users = kitUsers(
    500,
    departments.slice(0, 50).map(({ orgCode }) => orgCode),
  )
  const changed = users.map((user) => ({ ...user, role: 'admin' }))
  const appId = 'app-1'
  console.log(`milliseconds, ${rounds} rounds\n${row(['call', 'version', 'median', 'slowest', 'limit'])}`)
  for (const version of ['v1', 'v2'] as const) {
    const orgs = (list: typeof departments) => (version === 'v1' ? { orgInfo: list } : { orgInfoList: list })
    const auth = (list: typeof users, flag: number) => ({ appId, userList: list, flag })
    const odd = (round: number) => round % 2 === 1
    await measure('authSync', '500 users, new', version, () => auth(users, 1), fresh)
    await measure('authSync', '500 users, changed', version, (round) => auth(odd(round) ? changed : users, 2), again)
    await measure('allOrgSync', '10,000 departments, new', version, () => orgs(departments), fresh)
    await measure('allOrgSync', '10,000 departments, the same', version, () => orgs(departments), again)
    const half = (round: number) => orgs(odd(round) ? renamed : departments)
    await measure('allOrgSync', '10,000 departments, half changed', version, half, again)
  }
} finally {
  await desk.stop()
  await server.stop()
  fs.rmSync(scratch, { recursive: true, force: true })
}
process.exit(over ? 1 : 0)

/** An enterprise nobody knew before, or one that is known since the first round. */
function fresh(round: number): string {
  return `bench-${Date.now()}-${round}`
}
function again(): string {
  return 'bench-again'
}

async function measure(
  name: KitName & keyof typeof LIMITS,
  what: string,
  version: KitSpec['version'],
  fieldsOf: (round: number) => object,
  tenantOf: (round: number) => string,
): Promise<void> {
  const taken: number[] = []
  for (let round = 0; round <= rounds; round += 1) {
    const tenantId = tenantOf(round)
    const target = `${desk.url}/api/produce`
    const fired = await fireKit({ target, version, key, name, fields: { ...fieldsOf(round), tenantId } })
    if (fired.resultCode !== '000000') throw new Error(`${name}: ${fired.error ?? fired.body}`)
    // The first one warms the way.
    if (round > 0) taken.push(fired.ms)
  }
  taken.sort((a, b) => a - b)
  const [median, slowest] = [taken[taken.length >> 1] as number, taken.at(-1) as number]
  const limit = LIMITS[name]
  over ||= median > limit
  const verdict = median > limit ? `${limit} OVER` : `${limit}`
  console.log(row([`${name}, ${what}`, version, median.toFixed(0), slowest.toFixed(0), verdict]))
}

function row(cells: string[]): string {
  return cells.map((cell, at) => (at === 0 ? cell.padEnd(46) : cell.padStart(9))).join('')
}
