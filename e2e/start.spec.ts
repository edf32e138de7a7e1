import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@playwright/test'
import { ports } from './support/world'

const url = `http://127.0.0.1:${ports.spare}`
let dataDir: string
let desks: ChildProcess[]

// What the first test leaves behind the others start on.
test.beforeAll(() => {
  dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-start-'))
})

test.beforeEach(() => {
  desks = []
})

test.afterEach(async () => {
  for (const desk of desks) {
    if (desk.exitCode === null && desk.signalCode === null) {
      desk.kill('SIGTERM')
      await once(desk, 'exit')
    }
  }
})

test.afterAll(() => {
  fs.rmSync(dataDir, { recursive: true, force: true })
})

/** As `npm start` runs it, in a process group of its own. */
function start(more: Record<string, string> = {}) {
  const env = { ...process.env, PORT: String(ports.spare), DESK_DATA_DIR: dataDir, DATABASE_URL: '', ...more }
  const desk = spawn(process.execPath, ['scripts/start.mjs'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  desks.push(desk)
  let said = ''
  desk.stdout.on('data', () => {})
  desk.stderr.on('data', (data) => {
    said += data
  })
  const exit = once(desk, 'close').then(([code]) => ({ code: code as number | null, said }))
  return { desk, exit, said: () => said }
}

async function healthy(): Promise<Record<string, string>> {
  for (const giveUpAt = Date.now() + 60_000; Date.now() < giveUpAt; await sleep(50)) {
    const answer = await fetch(`${url}/api/health`).catch(() => null)
    if (answer?.ok) return answer.json()
  }
  throw new Error('never healthy')
}

test('starts on an empty directory, starts again on what is there, and ends with 0', async () => {
  test.setTimeout(120_000)
  const first = start()
  expect(await healthy()).toEqual({ status: 'ok', database: 'ok', jobs: 'ok' })
  expect(first.said()).toContain(`ready at ${url}`)
  expect(first.said()).toMatch(/first administrator.*http/)
  first.desk.kill('SIGTERM')
  expect((await first.exit).code).toBe(0)
  expect(fs.existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false)

  const second = start()
  await healthy()
  expect(second.said()).not.toMatch(/Installing|Generating|Building/)
  // npm repeats a Ctrl-C that the terminal has delivered to the whole group already.
  second.desk.kill('SIGINT')
  second.desk.kill('SIGINT')
  expect((await second.exit).code).toBe(0)
})

test('says in one sentence that the port is taken, and leaves the running desk alone', async () => {
  start()
  await healthy()
  const { code, said } = await start().exit
  expect(code).toBe(1)
  expect(said.trim().split('\n')).toHaveLength(1)
  expect(said).toContain(`port ${ports.spare}`)
  await healthy()
})

test('starts again after everything was killed, on the database left behind', async () => {
  test.setTimeout(120_000)
  const first = start()
  await healthy()
  process.kill(-(first.desk.pid as number), 'SIGKILL')
  await first.exit
  start()
  await healthy()

  const pid = Number(fs.readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split('\n')[0])
  process.kill(pid, 'SIGKILL')
  process.kill(-(desks[1]?.pid as number), 'SIGKILL')
  await sleep(100)
  start()
  await healthy()
})

test('finishes a call that is under way when it is told to stop', async () => {
  const { desk, exit } = start()
  await healthy()
  const socket = net.connect(ports.spare, '127.0.0.1')
  let answer = ''
  socket.on('data', (data) => {
    answer += data
  })
  socket.write('POST /api/produce HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{')
  await sleep(200)
  desk.kill('SIGTERM')
  await sleep(500)
  socket.write('}')
  expect((await exit).code).toBe(0)
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK[\s\S]*"resultCode"/)
})

test('stops with one sentence at a variable it cannot use', async () => {
  const { code, said } = await start({ LOG_LEVEL: 'loud' }).exit
  expect(code).toBe(1)
  expect(said.trim()).toMatch(/^The desk cannot start: LOG_LEVEL is "loud"; allowed is .*$/)
})
