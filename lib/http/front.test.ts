import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerWebRequest, type RawCall, splitTarget } from './door'
import { createFront, type Front } from './front'

let front: Front
let port: number
let calls: RawCall[]

beforeEach(async () => {
  calls = []
  globalThis.__desk = {
    receive: async (call) => {
      calls.push(call)
      if (call.query === 'throw') throw new Error('a secret of the inside')
      if (call.query === 'late') await sleep(300)
      return {
        status: 200,
        headers: { 'Content-Type': 'application/json', 'Body-Sign': 'x' },
        body: '{"resultCode":"000000"}',
      }
    },
    stop: async () => {},
  }
  front = createFront()
  front.serve((_, response) => response.writeHead(404).end('the application'))
  await front.listen(0, '127.0.0.1')
  port = (front.server.address() as AddressInfo).port
})

afterEach(async () => {
  await front.close(0)
  globalThis.__desk = undefined
})

type Answer = { status: number; rawHeaders: string[]; body: string }

function send(options: http.RequestOptions, body?: Buffer | string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}

/** Sends bytes as they are; resolves with everything that came back until the other side closed. */
function sendRaw(bytes: string, { keepOpen = false } = {}): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    let received = ''
    socket.on('data', (data) => {
      received += data
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(received))
    socket.write(bytes)
    if (!keepOpen) socket.end()
  })
}

describe('calls of the marketplace', () => {
  test('reach the desk as sent, and the answer keeps its bytes and the case of its headers', async () => {
    const answer = await send(
      { method: 'POST', path: '/api/produce?b=2&a=%20&a=1', headers: { 'X-Two': ['1', '2'] } },
      '\uFEFF{"é":1}',
    )
    expect(answer).toMatchObject({ status: 200, body: '{"resultCode":"000000"}' })
    expect(answer.rawHeaders).toContain('Body-Sign')
    expect(calls[0]).toMatchObject({ method: 'POST', path: '/api/produce', query: 'b=2&a=%20&a=1' })
    expect(calls[0]?.headers['x-two']).toBe('1, 2')
    expect(calls[0]?.body.toString()).toBe('\uFEFF{"é":1}')
    expect(Math.abs(Date.now() - (calls[0]?.receivedAt ?? 0))).toBeLessThan(5_000)
  })

  test.each(['HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'GET'])('may be a %s', async (method) => {
    expect((await send({ method, path: '/api/produce/anything/below?x=%zz' })).status).toBe(200)
    expect(calls[0]).toMatchObject({ method, path: '/api/produce/anything/below', query: 'x=%zz' })
  })

  test('may come in chunks, with any content type and any expectation', async () => {
    const headers = { 'Content-Type': 'no/such;;type', 'Transfer-Encoding': 'chunked' }
    expect((await send({ method: 'POST', path: '/api/produce', headers }, 'abc')).status).toBe(200)
    const raw =
      'POST /api/produce HTTP/1.1\r\nHost: h\r\nExpect: miracles\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc'
    expect(await sendRaw(raw)).toMatch(/^HTTP\/1\.1 200/)
    expect(calls.map((call) => call.body.toString())).toEqual(['abc', 'abc'])
  })

  test('are told to continue when they ask', async () => {
    const raw =
      'POST /api/produce HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}'
    expect(await sendRaw(raw)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/)
  })

  test('may name the host in the request line', async () => {
    const raw = 'GET http://desk.example.com/api/produce?authToken=x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'
    expect(await sendRaw(raw)).toMatch(/^HTTP\/1\.1 200/)
    expect(calls[0]).toMatchObject({ path: '/api/produce', query: 'authToken=x' })
  })

  test('with too large a body are answered in the protocol', async () => {
    const answer = await send({ method: 'POST', path: '/api/produce' }, Buffer.alloc(300 * 1024))
    expect(answer).toMatchObject({ status: 200, body: '{"resultCode":"000000"}' })
    const chunked = { 'Transfer-Encoding': 'chunked' }
    expect(
      (await send({ method: 'POST', path: '/api/produce', headers: chunked }, Buffer.alloc(300 * 1024))).status,
    ).toBe(200)
    expect(calls.map((call) => [call.bodyProblem, call.body.length])).toEqual([
      ['too-large', 0],
      ['too-large', 0],
    ])
  })

  test('of the kit may carry more', async () => {
    await send({ method: 'POST', path: '/api/produce/produceAPI/v2/x' }, Buffer.alloc(3 * 1024 * 1024))
    await send({ method: 'POST', path: '/api/produce/produceAPI/v2/x' }, Buffer.alloc(4 * 1024 * 1024 + 1))
    expect(calls.map((call) => [call.bodyProblem, call.body.length])).toEqual([
      [undefined, 3 * 1024 * 1024],
      ['too-large', 0],
    ])
  })

  test('with large bodies are put off while too many of them wait for their answers', async () => {
    const crowd = Array.from({ length: 6 }, () =>
      send({ method: 'POST', path: '/api/produce/produceAPI/v2/x?late' }, Buffer.alloc(3.5 * 1024 * 1024)),
    )
    for (const { status } of await Promise.all(crowd)) expect(status).toBe(200)
    expect(calls.some((call) => call.bodyProblem === 'busy')).toBe(true)
    expect(calls.some((call) => call.body.length === 3.5 * 1024 * 1024)).toBe(true)
    calls.length = 0
    await send({ method: 'POST', path: '/api/produce/produceAPI/v2/x' }, Buffer.alloc(3.5 * 1024 * 1024))
    expect(calls[0]?.bodyProblem).toBeUndefined()
  })

  test('that trickle in are answered after ten seconds', { timeout: 15_000 }, async () => {
    const startedAt = Date.now()
    const raw = 'POST /api/produce HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc'
    expect(await sendRaw(raw, { keepOpen: true })).toMatch(/^HTTP\/1\.1 200[\s\S]*resultCode/)
    expect(calls[0]).toMatchObject({ bodyProblem: 'slow' })
    expect(Date.now() - startedAt).toBeGreaterThan(9_500)
  })

  test('that break off are noted', async () => {
    const socket = net.connect(port, '127.0.0.1')
    socket.write('POST /api/produce HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc')
    await sleep(50)
    socket.destroy()
    await vi.waitFor(() => expect(calls[0]).toMatchObject({ bodyProblem: 'aborted' }))
  })

  test('get an answer of the protocol when the desk fails or is not there yet', async () => {
    const failed = await send({ path: '/api/produce?throw' })
    expect(failed.status).toBe(200)
    expect(JSON.parse(failed.body)).toMatchObject({ resultCode: '000005' })
    expect(failed.body).not.toContain('secret')
    globalThis.__desk = undefined
    expect(JSON.parse((await send({ path: '/api/produce' })).body)).toMatchObject({ resultCode: '000005' })
  })
})

describe('everything else', () => {
  test('goes to the application', async () => {
    expect((await send({ path: '/' })).body).toBe('the application')
    expect((await send({ path: '/api/producer' })).body).toBe('the application')
    expect((await send({ path: '/%zz' })).status).toBe(404)
  })

  test('waits politely until the application is there', async () => {
    const early = createFront()
    await early.listen(0, '127.0.0.1')
    const { port } = early.server.address() as AddressInfo
    expect(await send({ port, path: '/' })).toMatchObject({ status: 503, body: 'The desk is starting.\n' })
    expect(await send({ port, path: '/api/health' })).toMatchObject({ status: 503, body: '{"status":"starting"}' })
    await early.close(0)
  })

  test('is refused when it is not HTTP', async () => {
    expect(await sendRaw('\x16\x03\x01 hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 Bad Request/)
    expect((await send({ path: '/' })).status).toBe(404)
  })
})

test('closing lets the calls in flight finish and takes no new ones', async () => {
  const agent = new http.Agent({ keepAlive: true })
  await send({ path: '/api/produce', agent })
  const inFlight = send({ path: '/api/produce?late', agent })
  await sleep(50)
  const startedAt = Date.now()
  await front.close(5_000)
  expect((await inFlight).status).toBe(200)
  expect(Date.now() - startedAt).toBeLessThan(2_000)
  await expect(send({ path: '/api/produce' })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('closing cuts off what does not end', async () => {
  const hanging = sendRaw('POST /api/produce HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc', { keepOpen: true })
  await sleep(50)
  const startedAt = Date.now()
  await front.close(200)
  await hanging
  expect(Date.now() - startedAt).toBeLessThan(2_000)
})

test('splitTarget never throws', () => {
  expect(splitTarget('')).toEqual({ path: '/', query: '' })
  expect(splitTarget('*')).toEqual({ path: '*', query: '' })
  expect(splitTarget('/a?b?c#d')).toEqual({ path: '/a', query: 'b?c#d' })
  expect(splitTarget('HTTPS://u@h:1?x')).toEqual({ path: '/', query: 'x' })
  expect(splitTarget('//api/produce')).toEqual({ path: '//api/produce', query: '' })
})

test('a route handler goes through the same door', async () => {
  const request = new Request('http://h/api/produce?a=%zz', { method: 'POST', body: 'abc', headers: { 'X-A': '1' } })
  const response = await answerWebRequest(request)
  expect(await response.text()).toBe('{"resultCode":"000000"}')
  expect(calls[0]).toMatchObject({ method: 'POST', path: '/api/produce', query: 'a=%zz', headers: { 'x-a': '1' } })
  expect(calls[0]?.body.toString()).toBe('abc')

  await answerWebRequest(new Request('http://h/api/produce', { method: 'POST', body: Buffer.alloc(300 * 1024) }))
  expect(calls[1]).toMatchObject({ bodyProblem: 'too-large' })
})
