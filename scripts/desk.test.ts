import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sealPayload } from '@/lib/calls/payload'
import { connect } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { bodySign, readQuery, verifyV1, verifyV2 } from '@/lib/marketplace'

const key = 'test-access-key-0001'
const deskSecret = 'a secret of these tests'
const directory = mkdtempSync(path.join(os.tmpdir(), 'desk-cli-'))
let database: Awaited<ReturnType<typeof testDatabase>>
let marketplaceDoor: Server
let answer = { body: '{"resultCode":"000000","resultMsg":"success"}', signedWith: key }
const arrived: { method: string; query: Record<string, string>; body: string }[] = []

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret })
  marketplaceDoor = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    arrived.push({ method: request.method ?? '', query: readQuery(request.url?.split('?')[1] ?? ''), body })
    if (request.method === 'GET') response.setHeader('Body-Sign', bodySign(answer.body, answer.signedWith))
    response.end(answer.body)
  })
  await new Promise<void>((resolve) => marketplaceDoor.listen(0, '127.0.0.1', resolve))
})

afterAll(async () => {
  marketplaceDoor.close()
  await database.drop()
  rmSync(directory, { recursive: true })
})

const door = () => `http://127.0.0.1:${(marketplaceDoor.address() as AddressInfo).port}/api/produce`

function environment() {
  return { ...process.env, DATABASE_URL: database.url, DESK_SECRET: deskSecret, DESK_DATA_DIR: directory }
}

function desk(args: string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = execFile('node', ['scripts/desk.mjs', ...args], { env: environment() }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err })
    })
    child.stdin?.end(stdin)
  })
}

const lines = (text: string) => text.trim().split('\n')

test('help is told; a typing error costs a sentence, exit code 2 and no database', async () => {
  expect(await desk(['--help'])).toMatchObject({ code: 0, err: '', out: expect.stringContaining('setup apply FILE') })
  for (const [args, sentence] of [
    [['frobnicate'], 'There is no command "frobnicate"'],
    [['calls', 'export', '--form', 'x'], "Unknown option '--form'"],
    [['user', 'add', '--email', 'a@example.com'], '--role is missing'],
    [['setup', 'apply'], 'needs FILE'],
    [['setup', 'apply', '/none.json'], 'There is no file /none.json'],
    [['call', 'fire', 'newInstance', '--set', 'x'], '--set is x'],
    [['call', 'fire', 'newInstance', 'twice'], 'does not take "twice"'],
  ] as [string[], string][]) {
    const { code, out, err } = await desk(args)
    expect([code, out, lines(err).length]).toEqual([2, '', 1])
    expect(err).toContain(sentence)
  }
})

test('a set-up file is applied from stdin, again without a change, and refused by path', async () => {
  const setup = JSON.stringify({
    credentials: [{ name: 'base', kind: 'base', secret: key }],
    products: [{ name: 'Team chat', kind: 'saas', productIds: ['p1'] }],
  })
  expect(await desk(['setup', 'apply', '-'], setup)).toMatchObject({
    code: 0,
    err: '',
    out: 'created: credential base\ncreated: product Team chat\n2 created, 0 changed, 0 unchanged\n',
  })
  expect((await desk(['setup', 'apply', '-'], setup)).out).toContain('0 created, 0 changed, 2 unchanged')
  expect(await desk(['setup', 'apply', '-'], '{"products":[{"nmae":"x"}]}')).toMatchObject({
    code: 1,
    err: expect.stringContaining('products[0].nmae'),
  })
  const broken = await desk(['setup', 'apply', '-'], `{"credentials":[{"secret":"${key}" oops`)
  expect(broken).toMatchObject({ code: 1, err: expect.stringContaining('not JSON') })
  expect(broken.err).not.toContain(key)
})

test('a user and a token are made', async () => {
  const add = ['user', 'add', '--email', 'ops@example.com', '--role', 'operator']
  expect(await desk(add)).toMatchObject({ code: 1, err: expect.stringContaining('--password-stdin') })
  expect(await desk([...add, '--password-stdin'], 'short\n')).toMatchObject({ code: 1, err: /password: must have/ })
  expect(await desk([...add, '--password-stdin'], 'a good password\n')).toMatchObject({
    code: 0,
    out: 'created: user ops@example.com (operator)\n',
  })
  expect(await desk(['token', 'create', '--name', 'ci', '--role', 'admin'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^desk_[0-9A-Za-z]{32}\n$/),
  })
})

const fire = (...args: string[]) => desk(['call', 'fire', ...args, '--to', door()])

test('a call is fired, signed, and its answer shown', async () => {
  const v2 = await fire('newInstance', '--set', 'orderId=CS1906666666ABCDE')
  expect(v2).toMatchObject({ code: 0, err: '' })
  expect(v2.out).toMatch(
    /^POST http.*\n[\s\S]*HTTP 200 in \d+ ms, signed with base\n[\s\S]*resultCode: 000000\nBody-Sign: none/,
  )
  const sent = arrived.at(-1) ?? expect.fail()
  const { signature = '', timestamp = '', nonce = '' } = sent.query
  expect(verifyV2({ body: sent.body, signature, timestamp, nonce }, key).ok).toBe(true)
  expect(JSON.parse(sent.body)).toMatchObject({ activity: 'newInstance', orderId: 'CS1906666666ABCDE', testFlag: '1' })
  expect(v2.out).not.toContain(signature)

  const v1 = await fire('newInstance', '--version', 'v1')
  expect(v1).toMatchObject({ code: 0, out: expect.stringContaining('Body-Sign: verifies') })
  expect(verifyV1({ key, params: arrived.at(-1)?.query ?? {} }).ok).toBe(true)
  expect(arrived.at(-1)?.query.productId).toBe('p1')
})

test('an answer that is not right is judged', async () => {
  answer = { ...answer, signedWith: 'another-key' }
  expect(await fire('expireInstance')).toMatchObject({ code: 1, out: expect.stringContaining('does not verify') })
  answer = { body: '{"resultCode":"000003","resultMsg":"unknown instance"}', signedWith: key }
  expect(await fire('releaseInstance')).toMatchObject({ code: 1, out: expect.stringContaining('resultCode: 000003') })
})

test('a call that cannot be fired costs a sentence', async () => {
  expect(await desk(['call', 'fire', 'newInstance', '--to', 'http://127.0.0.1:1/'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('does not answer'),
  })
  expect(await fire('newinstance')).toMatchObject({ code: 1, err: expect.stringContaining('allowed are newInstance') })
})

test('calls are exported oldest first, within bounds, secrets masked', async () => {
  const db = connect(database.url, 1)
  const what = { protocol: 'saas-v2', activity: 'newInstance', source: 'marketplace', outcome: 'failed' }
  const days = Array.from({ length: 20 }, (_, n) => new Date(Date.UTC(2026, 0, 1 + n)))
  const request = { method: 'POST', path: '/api/produce', query: '', headers: {}, body: '{"password":"Secret#2026"}' }
  const payload = sealPayload({ request, answer: null, signature: null })
  await db.call.createMany({
    data: days.map((receivedAt) => ({ id: newId(receivedAt.getTime()), receivedAt, ...what, payload })),
  })
  await db.$disconnect()
  const all = await desk(['calls', 'export'])
  expect(all).toMatchObject({ code: 0, err: '' })
  const calls = lines(all.out).map((line) => JSON.parse(line))
  expect(calls.map(({ receivedAt }) => receivedAt)).toEqual(days.map((day) => day.toISOString()))
  expect(all.out).not.toContain('Secret#2026')
  const some = await desk(['calls', 'export', '--from', '2026-01-05', '--to', '2026-01-07T08:00:00+08:00'])
  expect(lines(some.out).map((line) => JSON.parse(line).receivedAt)).toEqual([
    '2026-01-05T00:00:00.000Z',
    '2026-01-06T00:00:00.000Z',
  ])
})

test('a reader that has enough ends an export without a complaint', async () => {
  const child = spawn('node', ['scripts/desk.mjs', 'calls', 'export'], { env: environment() })
  let err = ''
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdout.destroy()
  expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
  expect(err).toBe('')
})

test('a backup goes back in place of what is there, and the audit log tells of all of it', async () => {
  const file = path.join(directory, 'desk.gz')
  expect(await desk(['backup', file])).toMatchObject({ code: 0, err: '' })
  expect(await desk(['restore', file])).toMatchObject({ code: 1, err: expect.stringContaining('--replace') })
  expect(await desk(['restore', file, '--replace'])).toMatchObject({ code: 0, err: '' })
  const audit = lines((await desk(['audit', 'export'])).out).map((line) => JSON.parse(line))
  expect(audit.map(({ action }) => action)).toEqual([
    'credential.create',
    'product.create',
    'user.create',
    'token.create',
    'desk.restore',
  ])
  expect(audit.every(({ via }) => via === 'cli')).toBe(true)
})
