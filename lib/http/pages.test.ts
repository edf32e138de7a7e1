import fs from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { provideEnv } from '@/lib/env'
import { createFront, type Front } from './front'
import { type Pages, startPages } from './pages'

const wakeJobs = vi.hoisted(() => vi.fn())
vi.mock('@/lib/jobs', () => ({ wakeJobs }))

/** In the place of Next: answers what the tests ask for, in a thread that talks as scripts/pages.mjs does. */
const thread = `
import http from 'node:http'
import { MessageChannel, parentPort, workerData } from 'node:worker_threads'
let aborted = 0
const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://desk')
  request.on('error', () => {})
  response.on('close', () => { if (!response.writableEnded) aborted += 1 })
  if (pathname === '/echo') {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2'])
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, size: Buffer.concat(chunks).length }))
    })
  } else if (pathname === '/stream') {
    response.write('first')
    setTimeout(() => response.end('last'), 300)
  } else if (pathname === '/endless') response.write('first')
  else if (pathname === '/aborted') response.end(String(aborted))
  else if (pathname === '/too-large') response.writeHead(413).end('too large')
  else if (pathname === '/break') response.write('half', () => response.destroy())
  else if (pathname === '/die') process.exit(3)
  else if (pathname === '/wake') { parentPort.postMessage({ wakeJobs: 'push-usage' }); response.end() }
  else if (pathname === '/figures') {
    const { port1, port2 } = new MessageChannel()
    port1.once('message', (figures) => { response.end(JSON.stringify(figures)); port1.close() })
    parentPort.postMessage({ figures: port2 }, [port2])
  } else response.writeHead(405, { Allow: 'GET' }).end()
})
parentPort.on('message', () => process.exit())
server.listen(workerData.socket, () => parentPort.postMessage({ ready: true }))
`

let directory: string
let pages: Pages
let front: Front
let port: number

beforeAll(async () => {
  provideEnv({ databaseUrl: 'postgresql://nobody@127.0.0.1:1/none', deskSecret: 'a-secret-for-tests-only' })
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-thread-'))
  const file = path.join(directory, 'thread.mjs')
  fs.writeFileSync(file, thread)
  pages = await startPages(file)
  front = createFront()
  front.serve(pages.handle)
  await front.listen(0, '127.0.0.1')
  port = (front.server.address() as AddressInfo).port
})

afterAll(async () => {
  await front.close(0)
  await pages.stop()
  fs.rmSync(directory, { recursive: true, force: true })
})

const url = (target: string) => `http://127.0.0.1:${port}${target}`

describe('a request for the pages', () => {
  test('arrives as it was sent, and says whom it came from', async () => {
    const sent = { method: 'PATCH', body: 'x'.repeat(300_000), headers: { Cookie: 'a=b', 'X-Own': 'é' } }
    const answer = await fetch(url('/echo?a=1&a=%20'), sent)
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    const { headers, ...seen } = await answer.json()
    expect(seen).toEqual({ method: 'PATCH', url: '/echo?a=1&a=%20', size: 300_000 })
    expect(headers).toMatchObject({ host: `127.0.0.1:${port}`, cookie: 'a=b', 'x-forwarded-for': '127.0.0.1' })
  })

  test('keeps the address a proxy in front of the desk noted', async () => {
    const answer = await fetch(url('/echo'), { headers: { 'X-Forwarded-For': '203.0.113.9' } })
    expect((await answer.json()).headers['x-forwarded-for']).toBe('203.0.113.9')
  })

  test('may come in pieces, whatever its method', async () => {
    const size = await new Promise((resolve, reject) => {
      const request = http.request(url('/echo'), { method: 'DELETE', headers: { 'Transfer-Encoding': 'chunked' } })
      request.on('error', reject)
      request.on('response', async (response) => resolve(JSON.parse(await textOf(response)).size))
      request.write('one')
      setTimeout(() => request.end('two'), 50)
    })
    expect(size).toBe(6)
  })

  test('is answered as the answer comes', async () => {
    const reader = (await fetch(url('/stream'))).body?.getReader()
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('first')
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe('last')
  })

  test('ends there when whoever sent it goes', async () => {
    const gone = new AbortController()
    const before = Number(await (await fetch(url('/aborted'))).text())
    await fetch(url('/endless'), { signal: gone.signal })
    gone.abort()
    await vi.waitFor(async () => expect(Number(await (await fetch(url('/aborted'))).text())).toBe(before + 1))
  })

  test('that is refused before all of it came leaves its connection usable', async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    const send = (target: string, body?: Buffer) =>
      new Promise<http.IncomingMessage>((resolve, reject) => {
        http.request(url(target), { agent, method: 'POST' }, resolve).on('error', reject).end(body)
      })
    const refused = await send('/too-large', Buffer.alloc(8 * 1024 * 1024))
    expect([refused.statusCode, await textOf(refused)]).toEqual([413, 'too large'])
    expect(JSON.parse(await textOf(await send('/echo', Buffer.from('12')))).size).toBe(2)
    agent.destroy()
  })

  test('whose answer breaks off is broken off too', async () => {
    await expect(fetch(url('/break')).then((answer) => answer.text())).rejects.toThrow()
  })

  test('of the API is told in a problem document when it has no such method', async () => {
    const answer = await fetch(url('/api/v1/calls'), { method: 'DELETE' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([405, 'application/problem+json'])
    expect(await answer.json()).toMatchObject({ status: 405, detail: expect.stringContaining('DELETE') })
    const page = await fetch(url('/sign-in'), { method: 'DELETE' })
    expect([page.status, page.headers.get('allow'), await page.text()]).toEqual([405, 'GET', ''])
  })
})

describe('the thread of the pages', () => {
  test('wakes jobs of the other one and reads its figures', async () => {
    await fetch(url('/wake'))
    await vi.waitFor(() => expect(wakeJobs).toHaveBeenCalledWith('push-usage'))
    const figures = (await (await fetch(url('/figures'))).json()) as { name: string }[]
    expect(figures.map(({ name }) => name)).toContain('desk_calls_total')
  })

  test('is started again when it dies; until then one is told to wait', async () => {
    expect((await fetch(url('/die'))).status).toBe(503)
    await vi.waitFor(async () => expect((await fetch(url('/echo'))).status).toBe(200), 10_000)
    await sleep(50)
    expect((await fetch(url('/echo'))).status).toBe(200)
  })
})

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
