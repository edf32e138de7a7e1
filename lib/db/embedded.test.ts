import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type EmbeddedDatabase, startEmbedded } from './embedded'

let dataDir: string
let running: EmbeddedDatabase[]
let stopped: string

beforeAll(async () => {
  stopped = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-stopped-'))
  await (await startEmbedded({ dataDir: stopped })).stop()
})

afterAll(() => fs.rmSync(stopped, { recursive: true, force: true }))

beforeEach(() => {
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-embedded-'))
  fs.chmodSync(dataDir, 0o755)
  running = []
})

afterEach(async () => {
  for (const database of running) await database.stop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

async function start(options: { userNamespaces?: boolean } = {}): Promise<EmbeddedDatabase> {
  const database = await startEmbedded({ dataDir, ...options })
  running.push(database)
  return database
}

/** For tests that are not about making a cluster: one that a desk made and stopped. */
function bringStopped(): void {
  execFileSync('cp', ['-a', `${stopped}/.`, dataDir])
}

async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return Object.values((await client.query(sql)).rows[0] ?? {})[0]
  } finally {
    await client.end().catch(() => {})
  }
}

const lockFile = () => path.join(dataDir, 'postgres', 'postmaster.pid')
const serverPid = () => Number(fs.readFileSync(lockFile(), 'utf8').split('\n')[0])
const portOf = (url: string) => Number(new URL(url).port)

async function until<T>(what: () => Promise<T>, patienceMs = 15_000): Promise<T> {
  const giveUpAt = Date.now() + patienceMs
  for (;;) {
    try {
      return await what()
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

test('starts, keeps its data and its port, and stops', async () => {
  const first = await start()
  expect(first.adopted).toBe(false)
  expect(await ask(first.url, 'show timezone')).toBe('UTC')
  expect(await ask(first.url, 'show fsync')).toBe('on')
  await ask(first.url, 'create table kept as select 42 as answer')
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  await first.stop()
  expect(fs.existsSync(lockFile())).toBe(false)
  expect(timers()).toBe(before) // a program that is done must not wait for one

  const second = await start()
  expect(second.url).toBe(first.url)
  expect(await ask(second.url, 'select answer from kept')).toBe(42)
})

test('asks for the generated password, which only its owner can read', async () => {
  const { url } = await start()
  const stranger = new URL(url)
  stranger.password = 'postgres'
  await expect(ask(stranger.href, 'select 1')).rejects.toMatchObject({ code: '28P01' })
  const file = path.join(dataDir, 'secrets', 'postgres-password')
  expect(fs.statSync(file).mode & 0o777).toBe(0o600)
  expect(fs.readFileSync(file, 'utf8')).toBe(new URL(url).password)
})

test('says so when the password was lost', async () => {
  bringStopped()
  fs.writeFileSync(path.join(dataDir, 'secrets', 'postgres-password'), 'another-password')
  await expect(start()).rejects.toThrow(/does not know the password in .*postgres-password/)
  fs.rmSync(path.join(dataDir, 'secrets'), { recursive: true })
  process.kill(serverPid(), 'SIGQUIT')
})

test('adopts a server whose desk was killed', async () => {
  bringStopped()
  const source = `import { startEmbedded } from '@/lib/db/embedded'
    const { url } = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} })
    console.log(url)
    setInterval(() => {}, 1000)`
  const { child, line } = await runProgram(source)
  const pid = serverPid()
  child.kill('SIGKILL')

  const adopted = await start()
  expect(adopted).toMatchObject({ adopted: true, url: line })
  expect(serverPid()).toBe(pid)
  await adopted.stop()
  expect(fs.existsSync(lockFile())).toBe(false)
})

test('leaves the server to another process that still uses it', async () => {
  const [one, two] = await Promise.all([start(), start()])
  expect([one.adopted, two.adopted].filter(Boolean)).toHaveLength(1)
  expect(one.url).toBe(two.url)
  await one.stop()
  expect(await ask(two.url, 'select 1')).toBe(1)
  await two.stop()
  expect(fs.existsSync(lockFile())).toBe(false)
})

test('brings a killed server back on the same port, with every acknowledged row', async () => {
  bringStopped()
  const { url } = await start()
  await ask(url, 'create table kept as select 42 as answer')
  const killed = serverPid()
  process.kill(killed, 'SIGKILL')
  expect(await until(() => ask(url, 'select answer from kept'))).toBe(42)
  expect(serverPid()).not.toBe(killed)
})

test('starts over a lock file whose process id belongs to another program', async () => {
  bringStopped()
  const first = await start()
  await first.stop()
  const lines = [process.pid, path.join(dataDir, 'postgres'), 1, portOf(first.url), '', '127.0.0.1', '1 1', 'ready']
  fs.writeFileSync(lockFile(), `${lines.join('\n')}\n`, { mode: 0o600 })
  expect(await start()).toMatchObject({ adopted: false, url: first.url })
})

test('moves to another port when somebody took its own', async () => {
  bringStopped()
  const first = await start()
  await first.stop()
  const squatter = net.createServer().listen(portOf(first.url), '127.0.0.1')
  try {
    const second = await start()
    expect(portOf(second.url)).not.toBe(portOf(first.url))
    expect(await ask(second.url, 'select 1')).toBe(1)
    await second.stop()
  } finally {
    squatter.close()
  }
  expect((await start()).url).not.toBe(first.url)
})

test('refuses a cluster of another major version with the way out', async () => {
  bringStopped()
  fs.writeFileSync(path.join(dataDir, 'postgres', 'PG_VERSION'), '11\n')
  await expect(start()).rejects.toThrow(/was made by PostgreSQL 11 .*back up with the release that made it/)
})

const asUser = (uid: number) => ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--']
/** Root can try the other ways in, unless the checkout lies where only root may read. */
const othersCanRun = spawnSync(asUser(12345)[0] as string, [
  ...asUser(12345).slice(1),
  process.execPath,
  '-e',
  "require('pg')",
])
const canChangeUser = process.getuid?.() === 0 && othersCanRun.status === 0

test.runIf(canChangeUser)('as root without user namespaces, runs under another user id', async () => {
  const { url } = await start({ userNamespaces: false })
  expect(await ask(url, 'select 1')).toBe(1)
  expect(fs.statSync(path.join(dataDir, 'postgres')).uid).not.toBe(0)
})

test.runIf(canChangeUser).each([
  ['a normal user', Number(userOf('nobody')?.[2])],
  ['a user id without a name', 12345],
])('as %s', async (_, uid) => {
  fs.chownSync(dataDir, uid, uid)
  const source = `import { startEmbedded } from '@/lib/db/embedded'
    const database = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} })
    await database.stop()
    console.log('done ' + process.getuid())`
  const { line } = await runProgram(source, asUser(uid))
  expect(line).toBe(`done ${uid}`)
  expect(fs.statSync(path.join(dataDir, 'postgres')).uid).toBe(uid)
})

function userOf(name: string): string[] | undefined {
  const users = fs.readFileSync('/etc/passwd', 'utf8').split('\n')
  return users.map((line) => line.split(':')).find((entry) => entry[0] === name)
}

/** Runs a program in a process of its own; resolves with its first line. */
async function runProgram(source: string, wrap: string[] = []): Promise<{ child: ChildProcess; line: string }> {
  const { build } = await import('esbuild')
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const [file, ...args] = [...wrap, process.execPath, '--input-type=module', '--eval', script]
  const child = spawn(file as string, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout?.once('data', (data) => resolve(String(data).trim()))
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
  })
  return { child, line }
}
