import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { askMarketplace, forgetTroubles } from './client'

const orderId = 'CS2207261447AUY4H'
const key = (id: string) => ({ id, accessKeyId: `AK-${id}`, secret: `SK-${id}` })

type Reply = { status?: number; body?: unknown; headers?: Record<string, string> } | 'hang' | 'cut'
type Host = { url: string; asked: http.IncomingMessage[]; reply: (request: http.IncomingMessage) => Reply }

const servers: http.Server[] = []

async function host(reply: Host['reply']): Promise<Host> {
  const asked: http.IncomingMessage[] = []
  const self: Host = { url: '', asked, reply }
  const server = http.createServer((request, response) => {
    asked.push(request)
    const given = self.reply(request)
    if (given === 'hang') return
    if (given === 'cut') return request.socket.destroy()
    response.writeHead(given.status ?? 200, { 'content-type': 'application/json', ...given.headers })
    response.end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {}))
  })
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return self
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})
beforeEach(() => forgetTroubles())

const good = (id = orderId): Reply => ({
  body: {
    resultCode: 'MKT.0000',
    resultMsg: 'Success',
    orderInfo: {
      orderId: id,
      orderType: 'NEW',
      createTime: '20220726064736',
      orderLine: [
        { orderLineId: `${id}-000001`, chargingMode: 'PERIOD', productInfo: [{ productId: 'OFFI1', skuCode: 's' }] },
      ],
    },
  },
})
const refusal = (status: number, resultCode: string, resultMsg = 'no'): Reply => ({
  status,
  body: { resultCode, resultMsg },
})

const ask = (
  hosts: Host[],
  more: { keys?: ReturnType<typeof key>[]; timeoutMs?: number; orderId?: string; signal?: AbortSignal } = {},
) =>
  askMarketplace(
    {
      orderId: more.orderId ?? orderId,
      orderLineId: `${orderId}-000001`,
      timeoutMs: more.timeoutMs ?? 4000,
      signal: more.signal,
    },
    { keys: more.keys ?? [key('1')], hosts: hosts.map(({ url }) => url) },
  )

describe('askMarketplace', () => {
  it('asks with a signed question and says when the order was told', async () => {
    const primary = await host(() => good())
    const result = await ask([primary])
    expect(result).toMatchObject({ ok: true, value: { orderId, lines: [{ orderLineId: `${orderId}-000001` }] } })
    if (result.ok) expect(Date.now() - (result.value.fetchedAt?.getTime() ?? 0)).toBeLessThan(2000)
    const [request] = primary.asked
    expect(request?.url).toBe(
      `/api/mkp-openapi-public/global/v1/order/query?orderId=${orderId}&orderLineId=${orderId}-000001`,
    )
    expect(request?.headers.authorization).toMatch(
      /^SDK-HMAC-SHA256 Access=AK-1, SignedHeaders=.*host.*, Signature=[0-9a-f]{64}$/,
    )
  })

  it('keeps its connection', async () => {
    const primary = await host(() => good())
    const ports = new Set<number | undefined>()
    for (let n = 0; n < 3; n++) {
      await ask([primary])
      ports.add(primary.asked.at(-1)?.socket.remotePort)
    }
    expect(ports.size).toBe(1)
  })

  it('tries every key until one may see the order', async () => {
    const allowed = (request: http.IncomingMessage) => request.headers.authorization?.includes('AK-3')
    const primary = await host((request) => {
      if (allowed(request)) return good()
      const wrong = request.headers.authorization?.includes('AK-1')
      return wrong
        ? { status: 401, body: { error_code: 'APIGW.0301', error_msg: 'verify aksk signature fail' } }
        : refusal(401, 'MKT.0150', 'Illegal operation')
    })
    expect(await ask([primary], { keys: [key('1'), key('2'), key('3')] })).toMatchObject({ ok: true })
    expect(primary.asked).toHaveLength(3)
    const refused = await ask([primary], { keys: [key('2'), key('1')] })
    expect(refused).toMatchObject({ ok: false, error: { family: 'not-found-or-not-yours', code: 'MKT.0150' } })
  })

  it('says that no key is there', async () => {
    const primary = await host(() => good())
    expect(await ask([primary], { keys: [] })).toMatchObject({ ok: false, error: { family: 'auth', status: 0 } })
    expect(primary.asked).toHaveLength(0)
  })

  it.each([
    ['cuts the connection', 'cut' as const],
    ['is a broken gateway', { status: 502, body: '<html>bad gateway</html>' }],
    [
      'does not know the path',
      { status: 404, body: { error_code: 'APIGW.0101', error_msg: 'The API does not exist' } },
    ],
    ['is something else', { status: 200, body: '<html>log in</html>' }],
    ['redirects', { status: 302, body: '', headers: { location: 'http://127.0.0.1:1/' } }],
  ])('asks the fallback host when the first one %s', async (_name, reply) => {
    const [primary, fallback] = [await host(() => reply), await host(() => good())]
    expect(await ask([primary, fallback])).toMatchObject({ ok: true })
    expect(fallback.asked).toHaveLength(1)
  })

  it('leaves time for the fallback when the first host hangs', async () => {
    const [primary, fallback] = [await host(() => 'hang'), await host(() => good())]
    const startedAt = Date.now()
    expect(await ask([primary, fallback], { timeoutMs: 1500 })).toMatchObject({ ok: true })
    expect(Date.now() - startedAt).toBeLessThan(1500)
  })

  it('keeps its deadline when everything hangs', async () => {
    const hosts = [await host(() => 'hang'), await host(() => 'hang')]
    const startedAt = Date.now()
    expect(await ask(hosts, { timeoutMs: 600 })).toMatchObject({ ok: false, error: { family: 'gateway', status: 0 } })
    expect(Date.now() - startedAt).toBeLessThan(1200)
  })

  it('can be given up', async () => {
    const hosts = [await host(() => 'hang'), await host(() => good())]
    const result = await ask(hosts, { signal: AbortSignal.timeout(50), timeoutMs: 5000 })
    expect(result).toMatchObject({ ok: false, error: { family: 'gateway' } })
    expect(hosts[1]?.asked).toHaveLength(0)
  })

  it('goes to the fallback first for a while after five failures in a row', async () => {
    const [primary, fallback] = [await host(() => 'cut'), await host(() => good())]
    for (let n = 0; n < 7; n++) expect(await ask([primary, fallback])).toMatchObject({ ok: true })
    expect(primary.asked).toHaveLength(5)
    primary.reply = () => good()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
    try {
      await ask([primary, fallback])
      expect(primary.asked).toHaveLength(6)
      expect(fallback.asked).toHaveLength(7)
    } finally {
      vi.useRealTimers()
    }
  })

  it.each([
    ['an internal error', 500, 'MKT.0999'],
    ['a rate limit', 406, 'MKT.0250'],
  ])('asks again after %s, three times at most', async (_name, status, code) => {
    let count = 0
    const primary = await host(() => (++count < 3 ? refusal(status, code) : good()))
    const fallback = await host(() => good())
    expect(await ask([primary, fallback])).toMatchObject({ ok: true })
    count = -10
    primary.asked.length = 0
    expect(await ask([primary, fallback])).toMatchObject({ ok: false, error: { code } })
    expect(primary.asked).toHaveLength(3)
    expect(fallback.asked).toHaveLength(0)
  })

  it.each([
    ['a bad parameter', refusal(400, 'MKT.0101'), 'invalid'],
    ['a wrong clock', { status: 401, body: { error_code: 'APIGW.0303', error_msg: 'clock' } }, 'clock-skew'],
  ])('asks once after %s', async (_name, reply, family) => {
    const primary = await host(() => reply)
    expect(await ask([primary], { keys: [key('1'), key('2')] })).toMatchObject({ ok: false, error: { family } })
    expect(primary.asked).toHaveLength(1)
  })

  it('does not take another order for an answer, except from a mock order', async () => {
    const primary = await host(() => good('CS0000000000OTHER'))
    expect(await ask([primary])).toMatchObject({ ok: false, error: { family: 'unreadable' } })
    const mock = await ask([primary], { orderId: 'MOCKPERIODYEARNEW' })
    expect(mock).toMatchObject({ ok: true, value: { orderId: 'MOCKPERIODYEARNEW' } })
  })

  it('says nothing of a secret when it fails', async () => {
    const primary = await host(() => 'cut')
    expect(JSON.stringify(await ask([primary]))).not.toContain('SK-1')
  })
})
