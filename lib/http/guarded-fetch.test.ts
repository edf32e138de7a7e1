import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { exchange, guardedFetch, isPublicAddress } from './guarded-fetch'

// Self-signed for localhost, made for this test and valid until 2126; trusted by nobody.
const untrusted = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgI1HW/xRlivFsmcaf
P7qL3ZxcLAd6DyKt6bP42BFFK/OhRANCAAQalTdzCKGk8LMv7fBmNA09xDSurx75
v61pRxywdjKog8QFaOrmjKD8pYfmtcfXwUYr4yKhHGPOTHrnQiK9NrSr
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIUEd322xT2gcmywTA+m5L9FsBs18IwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTIwNTgyNloYDzIxMjYxMDI4
MjA1ODI2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQalTdzCKGk8LMv7fBmNA09xDSurx75v61pRxywdjKog8QFaOrmjKD8
pYfmtcfXwUYr4yKhHGPOTHrnQiK9NrSro2kwZzAdBgNVHQ4EFgQUDN79LeOSNBOT
jSDD+FXfL+69tgUwHwYDVR0jBBgwFoAUDN79LeOSNBOTjSDD+FXfL+69tgUwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhALlk3i6NGCHY7bTOBuaMZ2tYOTsyHi4h2V4go+i585M6AiAvnLzlUkNn
zTtmu4pd+QdfVj1yFqEXyuLyawz7c95r2Q==
-----END CERTIFICATE-----
`,
}

const servers: net.Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if (server instanceof http.Server || server instanceof https.Server) server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})

async function listen(server: net.Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

const serve = (handler: http.RequestListener) => listen(http.createServer(handler))
const post = (url: string, more: object = {}) =>
  guardedFetch({ url, method: 'POST', body: '{"a":1}', timeoutMs: 2000, allowPrivate: true, ...more })

async function faultOf(promise: ReturnType<typeof guardedFetch>) {
  const result = await promise
  if (result.ok) throw new Error(`answered ${result.value.status}`)
  return result.error
}

describe('addresses', () => {
  it.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['10.0.0.1', false],
    ['172.31.255.255', false],
    ['192.168.1.1', false],
    ['127.0.0.1', false],
    ['0.0.0.0', false],
    ['169.254.169.254', false],
    ['100.100.100.200', false],
    ['198.18.0.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['::ffff:8.8.8.8', false],
    ['::10.0.0.1', false],
    ['64:ff9b::a00:1', false],
    ['64:ff9b:1::a00:1', false],
    ['2002:a00:1::', false],
    ['2001::1', false],
    ['2001:db8::1', false],
    ['4000::1', false],
    ['not an address', false],
  ])('%s is public: %s', (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected)
  })

  it.each(['ftp://example.com/', 'file:///etc/passwd', 'example.com', 'https://user:secret@example.com/', ''])(
    'refuses %s',
    async (url) => {
      const { kind, message } = await faultOf(post(url))
      expect(kind).toBe('address')
      expect(message).not.toContain('secret')
    },
  )

  it.each([
    'http://127.0.0.1:1/',
    'http://0x7f.1:1/',
    'http://2130706433:1/',
    'http://[::1]:1/',
    'http://[::ffff:127.0.0.1]:1/',
    'http://localhost:1/',
  ])('refuses %s unless private addresses are allowed', async (url) => {
    expect((await faultOf(post(url, { allowPrivate: false }))).kind).toBe('private')
    expect((await faultOf(post(url, { timeoutMs: 300 }))).kind).toMatch(/connection|timeout/)
  })

  it('refuses a name when only one of its addresses is private', async () => {
    const resolve = async () => [
      { address: '93.184.216.34', family: 4 },
      { address: '10.1.2.3', family: 4 },
    ]
    const request = { url: 'https://hooks.example.com/x?token=hidden', method: 'POST' as const, timeoutMs: 500 }
    const { kind, message } = await faultOf(guardedFetch({ ...request, allowPrivate: false }, resolve))
    expect(kind).toBe('private')
    expect(message).toContain('10.1.2.3')
    expect(message).not.toContain('hidden')
  })

  it('connects to the address it checked, not to what the name says later', async () => {
    const port = await serve((request, response) => response.end(request.headers.host))
    let asked = 0
    const resolve = async () => {
      asked++
      return [{ address: '127.0.0.1', family: 4 }]
    }
    const url = `http://rebinding.example:${port}/`
    const result = await guardedFetch({ url, method: 'GET', timeoutMs: 2000, allowPrivate: true }, resolve)
    expect(result).toMatchObject({ ok: true, value: { body: `rebinding.example:${port}` } })
    expect(asked).toBe(1)
  })

  it('says that a name is unknown, and gives up on a slow name server in time', async () => {
    const request = { url: 'https://nowhere.example/', method: 'GET' as const, timeoutMs: 100, allowPrivate: false }
    const unknown = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOTFOUND' }))
    expect(await faultOf(guardedFetch(request, unknown))).toEqual({
      kind: 'name',
      message: 'The name nowhere.example has no address.',
    })
    expect((await faultOf(guardedFetch(request, () => new Promise(() => {})))).kind).toBe('timeout')
  })
})

describe('answers', () => {
  it('sends what was given and returns status, headers and body', async () => {
    const port = await serve((request, response) => {
      let body = ''
      request.on('data', (chunk) => {
        body += chunk
      })
      request.on('end', () => {
        response.writeHead(418, { 'X-Kind': 'teapot' })
        response.end(`${request.method} ${request.url} ${request.headers['x-a']} ${body} 商`)
      })
    })
    const result = await post(`http://127.0.0.1:${port}/p?q=1`, { headers: { 'x-a': 'b' } })
    if (!result.ok) throw new Error(result.error.message)
    expect(result.value.status).toBe(418)
    expect(result.value.headers['x-kind']).toBe('teapot')
    expect(result.value.body).toBe('POST /p?q=1 b {"a":1} 商')
  })

  it('does not follow redirects', async () => {
    const port = await serve((_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' })
      response.end()
    })
    expect((await faultOf(post(`http://127.0.0.1:${port}/`))).kind).toBe('redirect')
  })

  it('stops reading at 256 KiB', async () => {
    let written = 0
    const port = await serve((_request, response) => {
      const timer = setInterval(() => {
        written += 65536
        response.write(Buffer.alloc(65536))
      }, 1)
      response.on('close', () => clearInterval(timer))
    })
    expect((await faultOf(post(`http://127.0.0.1:${port}/`))).kind).toBe('too-large')
    expect(written).toBeLessThan(4_000_000)
  })

  it.each([
    ['never answers', (_: http.IncomingMessage, __: http.ServerResponse) => {}],
    ['never ends its answer', (_: http.IncomingMessage, response: http.ServerResponse) => void response.write('a')],
    [
      'sends a byte now and then',
      (_: http.IncomingMessage, response: http.ServerResponse) => {
        const timer = setInterval(() => response.write('a'), 20)
        response.on('close', () => clearInterval(timer))
      },
    ],
  ])('keeps its deadline with a server that %s', async (_name, handler) => {
    const port = await serve(handler)
    const startedAt = Date.now()
    expect((await faultOf(post(`http://127.0.0.1:${port}/`, { timeoutMs: 150 }))).kind).toBe('timeout')
    expect(Date.now() - startedAt).toBeLessThan(1000)
  })

  it('can be cancelled', async () => {
    const port = await serve(() => {})
    const given = AbortSignal.timeout(50)
    expect((await faultOf(post(`http://127.0.0.1:${port}/`, { signal: given }))).kind).toBe('cancelled')
    expect((await faultOf(post(`http://127.0.0.1:${port}/`, { signal: AbortSignal.abort() }))).kind).toBe('cancelled')
  })

  it.each([
    ['closes at once', (socket: net.Socket) => socket.destroy()],
    ['talks nonsense', (socket: net.Socket) => socket.end('hello\r\n\r\n')],
    [
      'breaks off',
      (socket: net.Socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
        setTimeout(() => socket.destroy(), 20)
      },
    ],
    [
      'switches protocols',
      (socket: net.Socket) =>
        socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'),
    ],
    [
      'sends endless headers',
      (socket: net.Socket) => socket.end(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(100_000)}\r\n\r\n`),
    ],
  ])('returns a value when the server %s', async (_name, behave) => {
    const port = await listen(
      net.createServer((socket) => {
        socket.on('error', () => {})
        socket.once('data', () => behave(socket))
      }),
    )
    expect((await faultOf(post(`http://127.0.0.1:${port}/`))).kind).toBe('connection')
  })

  it('refuses a certificate nobody vouches for, whatever the environment says', async () => {
    const port = await listen(https.createServer(untrusted, (_request, response) => response.end('ok')))
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    try {
      expect((await faultOf(post(`https://localhost:${port}/`))).kind).toBe('certificate')
    } finally {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
    }
  })

  it('says so when a plain server is asked for TLS', async () => {
    const port = await serve((_request, response) => response.end())
    const { kind, message } = await faultOf(post(`https://127.0.0.1:${port}/`))
    expect(kind).toBe('connection')
    expect(message).toContain(`127.0.0.1:${port}`)
  })
})

it('sends a question again when a kept connection turned out closed', async () => {
  let connections = 0
  const port = await listen(
    net.createServer((socket) => {
      const number = ++connections
      socket.on('error', () => {})
      let asked = 0
      socket.on('data', () => {
        if (number === 1 && ++asked > 1) return socket.resetAndDestroy()
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      })
    }),
  )
  const agent = new http.Agent({ keepAlive: true })
  const ask = () => exchange(new URL(`http://127.0.0.1:${port}/`), { method: 'GET', timeoutMs: 1000 }, { agent })
  expect(await ask()).toMatchObject({ ok: true })
  await new Promise((done) => setTimeout(done, 20))
  expect(await ask()).toMatchObject({ ok: true, value: { body: 'ok' } })
  expect(connections).toBe(2)
  agent.destroy()
})
