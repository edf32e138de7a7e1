import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export const root = process.cwd()

export type DeskOptions = {
  dataDir: string
  port: number
  /** On top of this process's environment. */
  env?: Record<string, string>
  /** What is run instead of the start of the desk. */
  command?: string[]
}

export type RunningDesk = {
  url: string
  process: ChildProcess
  /** The end of what it said, for a failure's message. */
  output(): string
  stop(): Promise<void>
}

const START_LIMIT_MS = 120_000

/** What `npm start` gives to node. */
const { start } = (
  JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as { scripts: { start: string } }
).scripts
export const startCommand = start.replace('exec node ', '').split(' ')

function environment({ dataDir, port, env }: DeskOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_ENV: 'production',
    DATABASE_URL: '',
    DESK_URL: '',
    DESK_DATA_DIR: dataDir,
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'error',
    ...env,
  }
}

/** Applies a set-up file to a desk that need not run. */
export function setUp(options: DeskOptions, document: object): void {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/desk.mjs', 'setup', 'apply', '-'], {
    cwd: root,
    env: environment(options),
    input: JSON.stringify(document),
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`the set-up failed: ${stderr}`)
}

/** Starts the desk as a process group of its own and resolves when its health is good. */
export async function startDesk(options: DeskOptions): Promise<RunningDesk> {
  const command = options.command ?? startCommand
  const env = environment(options)
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  const child = spawn(process.execPath, command, { cwd: root, env, stdio, detached: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-20_000)
    })
  }
  const url = `http://127.0.0.1:${options.port}`
  const output = () => said
  const giveUpAt = Date.now() + START_LIMIT_MS
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the desk ended at its start:\n${said}`)
    if (Date.now() > giveUpAt) {
      child.kill('SIGKILL')
      throw new Error(`the desk was not healthy in time:\n${said}`)
    }
    await sleep(50)
  }
  async function stop() {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  return { url, process: child, output, stop }
}

export async function isHealthy(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/api/health`, { signal: AbortSignal.timeout(2_000) })
    await answer.body?.cancel()
    return answer.status === 200
  } catch {
    return false
  }
}

/** Where the embedded database of a data directory listens, with its password. */
export function embeddedUrl(dataDir: string): string {
  const port = fs.readFileSync(path.join(dataDir, 'postgres.port'), 'utf8')
  const password = fs.readFileSync(path.join(dataDir, 'secrets', 'postgres-password'), 'utf8').trim()
  return `postgresql://postgres:${password}@127.0.0.1:${port}/desk`
}

export function postmasterOf(dataDir: string): number {
  return Number(fs.readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
}

/** Kills the desk and every process of its database at once, as a power failure would. */
export async function killEverything(desk: RunningDesk, dataDir: string): Promise<void> {
  const postmaster = postmasterOf(dataDir)
  const desks = [desk.process.pid as number]
  const ended = once(desk.process, 'exit')
  for (const pid of [...desks, postmaster, ...childrenOf(postmaster)]) kill(pid)
  await ended
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Every process of PostgreSQL is a session of its own; they are found by their parent. */
export function childrenOf(parent: number): number[] {
  return processes().flatMap(({ pid, ppid }) => (ppid === parent ? [pid] : []))
}

/** Resident memory of a process in MiB. */
export function memoryOf(pid: number): number {
  const found = processes().find((one) => one.pid === pid)
  if (!found) throw new Error(`process ${pid} is gone`)
  return found.memory
}

/** Processor time of a process and its children, also those that ended, in seconds. */
export function processorTimeOf(pid: number): number {
  const family = processes().filter((one) => one.pid === pid || one.ppid === pid)
  return family.reduce((sum, one) => sum + one.seconds, 0)
}

type Listed = { pid: number; ppid: number; memory: number; seconds: number }

// Small images have no ps, other systems no /proc.
function processes(): Listed[] {
  if (!fs.existsSync('/proc/self/stat')) return processesByPs()
  return fs.readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return []
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'utf8')
      // proc(5): the name is in brackets; then state, ppid, …, utime, stime, cutime and cstime (14 to 17) in 1/100 s,
      // rss (24) in pages of 4 KiB.
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
      const [ppid = 0, pages = 0] = [1, 21].map((at) => fields[at])
      const ticks = fields.slice(11, 15).reduce((sum, time) => sum + time, 0)
      return [{ pid: Number(name), ppid, memory: pages / 256, seconds: ticks / 100 }]
    } catch {
      return [] // it ended meanwhile
    }
  })
}

function processesByPs(): Listed[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' })
  return stdout
    .trim()
    .split('\n')
    .map((row) => {
      const [pid, ppid, kib, time = ''] = row.trim().split(/\s+/)
      const seconds = time.split(/[-:]/).reduce((sum, part) => sum * 60 + Number(part), 0)
      return { pid: Number(pid), ppid: Number(ppid), memory: Number(kib) / 1024, seconds }
    })
}

export async function freePort(): Promise<number> {
  const server = net.createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
