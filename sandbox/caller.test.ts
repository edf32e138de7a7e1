import type { IncomingMessage } from 'node:http'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import * as wire from '@/lib/marketplace'
import { ACTIVITIES, type Activity, fire, insist, purchase, type SignedCall, signCall, type Version } from './caller'
import { listenOn, readBody } from './server'

const KEY = 'sandbox-base-key-0001'

type Echoed = { method: string; path: string; query: string; body: string; command: wire.Command | null }

/** Plays the seller with the product's own wire: an oracle on one side, the product on the other. */
const calls: Echoed[] = []
let script: { code: wire.ResultCode; headers?: Record<string, string> }[] = []
const seller = await listenOn(0, async (request, response) => {
  const { code, headers, body } = await answer(request)
  response.writeHead(code, headers)
  response.end(body)
})
const target = `${seller.url}/api/produce`
afterAll(() => seller.stop())
beforeEach(() => {
  calls.length = 0
  script = []
})

function parse(members: Record<string, string>, v1: boolean): ReturnType<typeof wire.parseV2> {
  if (wire.isLicenseActivity(members.activity)) return v1 ? wire.parseLicenseV1(members) : wire.parseLicenseV2(members)
  return v1 ? wire.parseV1(members) : wire.parseV2(members)
}

async function answer(request: IncomingMessage) {
  const [path = '', query = ''] = (request.url ?? '').split('?', 2)
  const body = await readBody(request)
  const params = wire.readQuery(query)
  const v1 = request.method === 'GET'
  const verified = v1
    ? wire.verifyV1({ key: KEY, params }).ok
    : wire.verifyV2(
        { body, timestamp: params.timestamp ?? '', nonce: params.nonce ?? '', signature: params.signature ?? '' },
        KEY,
      ).ok
  const parsed = parse(v1 ? params : JSON.parse(body), v1)
  calls.push({ method: request.method ?? '', path, query, body, command: verified && parsed.ok ? parsed.value : null })
  const next = script.shift()
  const code = next?.code ?? (!verified ? '000001' : parsed.ok ? '000000' : '000002')
  const appInfo = { frontEndUrl: 'https://app.example.com', userName: 'admin-测试', password: 'Pa$$w0rd', memo: '你好' }
  const result: wire.Answer = { code }
  const activity = parsed.ok ? parsed.value.activity : null
  if (activity === 'newInstance' && (code === '000000' || code === '000004')) {
    Object.assign(result, { instanceId: 'ins-1' }, v1 && { appInfo })
  }
  if (activity === 'queryInstance' && code === '000000') result.info = [{ instanceId: 'ins-1', appInfo }]
  const text = v1 ? wire.writeV1(result, { key: KEY, encryptType: '2' }) : wire.writeV2(result)
  const sign = v1 ? { 'Body-Sign': wire.bodySign(text, KEY) } : {}
  return { code: 200, headers: { 'Content-Type': 'application/json', ...sign, ...next?.headers }, body: text }
}

const every = (Object.keys(ACTIVITIES) as Version[]).flatMap((version) =>
  ACTIVITIES[version].map((activity): [Version, Activity] => [version, activity]),
)

test.each(every)('%s %s: its defaults are signed right and understood', async (version, activity) => {
  const fired = await fire({ target, version, activity, key: KEY })
  expect(fired).toMatchObject({ status: 200, error: null, resultCode: '000000' })
  expect(fired.bodySignOk).toBe(version === 'v1' ? true : null)
  expect(fired.ms).toBeGreaterThan(0)
  expect(calls).toMatchObject([{ path: '/api/produce', command: { activity, test: false } }])
})

test.each(every)(
  '%s %s: with testFlag and another key it is a test call nobody believes',
  async (version, activity) => {
    const spec = { target, version, activity, fields: { testFlag: '1' } }
    await fire({ ...spec, key: KEY })
    expect(calls[0]?.command).toMatchObject({ test: true })
    expect((await fire({ ...spec, key: `${KEY}x` })).resultCode).toBe('000001')
  },
)

test('an activity of the other version is refused', () => {
  expect(() => signCall({ target, version: 'v1', activity: 'upgradeInstance', key: KEY })).toThrow(/no activity of v1/)
  expect(() => signCall({ target, version: 'v2', activity: 'upgrade', key: KEY })).toThrow(/no activity of v2/)
})

test('V1 sends mobilePhone and email encrypted, extended parameters encoded', async () => {
  const fields = {
    mobilePhone: '13800000000',
    email: 'it@example.com',
    customerName: '苏州 A&B=C+D',
    saasExtendParams: [{ name: 'emailDomainName', value: '测试.example.com' }],
  }
  await fire({ target, version: 'v1', activity: 'newInstance', key: KEY, fields, encryptType: '2' })
  const [call] = calls
  expect(call?.query).not.toContain('13800000000')
  const command = call?.command
  if (command?.activity !== 'newInstance' || !command.v1) throw new Error('not understood')
  expect(command.v1).toMatchObject({ customerName: fields.customerName, extendParams: fields.saasExtendParams })
  expect(wire.decryptField(command.v1.mobilePhone ?? '', KEY, '2')).toEqual({ ok: true, value: '13800000000' })
  expect(wire.decryptField(command.v1.email ?? '', KEY, '2')).toEqual({ ok: true, value: 'it@example.com' })
})

test('app info comes back in plain text from both versions', async () => {
  const shown = { frontEndUrl: 'https://app.example.com', userName: 'admin-测试', password: 'Pa$$w0rd', memo: '你好' }
  const v1 = await fire({ target, version: 'v1', activity: 'newInstance', key: KEY })
  const v2 = await fire({ target, version: 'v2', activity: 'queryInstance', key: KEY })
  expect([v1.appInfo, v2.appInfo]).toEqual([shown, shown])
  expect(v1.instanceId).toBe('ins-1')
  expect(v1.body).not.toContain('Pa$$w0rd')
})

describe('a call that is tampered with is refused', () => {
  test.each([
    ['v1', 'signature'],
    ['v1', 'body'],
    ['v1', 'timestamp'],
    ['v1', 'unsigned'],
    ['v2', 'signature'],
    ['v2', 'body'],
    ['v2', 'timestamp'],
    ['v2', 'nonce'],
    ['v2', 'unsigned'],
  ] as const)('%s %s', async (version, tamper) => {
    const fired = await fire({ target, version, activity: 'newInstance', key: KEY, tamper })
    expect(fired.resultCode).toBe('000001')
  })

  test('by any function', async () => {
    const tamper = (call: SignedCall) => ({ ...call, body: call.body.replace('newInstance', 'orderNotify') })
    const fired = await fire({ target, version: 'v2', activity: 'newInstance', key: KEY, tamper })
    expect(fired.resultCode).toBe('000001')
  })
})

test('nonce, timestamp and fields are sent as given; undefined takes a default away', async () => {
  const fields = { orderId: 'CS1', orderLineId: undefined, testFlag: '0' }
  await fire({
    target,
    version: 'v2',
    activity: 'orderNotify',
    key: KEY,
    fields,
    nonce: 'n-1',
    timestamp: '1680508066',
  })
  expect(wire.readQuery(calls[0]?.query ?? '')).toMatchObject({ nonce: 'n-1', timestamp: '1680508066' })
  expect(JSON.parse(calls[0]?.body ?? '')).toEqual({ activity: 'orderNotify', orderId: 'CS1', testFlag: '0' })
})

test('a Body-Sign that is wrong or spelled otherwise does not count', async () => {
  const wrong = wire.bodySign('something else', KEY)
  script = [{ code: '000000', headers: { 'Body-Sign': wrong } }]
  expect((await fire({ target, version: 'v1', activity: 'queryInstance', key: KEY })).bodySignOk).toBe(false)
  script = [{ code: '000000', headers: { 'Body-Sign': wrong } }]
  expect((await fire({ target, version: 'v2', activity: 'queryInstance', key: KEY })).bodySignOk).toBe(false)
})

test('nobody there is a value, not an exception', async () => {
  const gone = await listenOn(0, () => {})
  const silent = await fire({ target: gone.url, version: 'v2', activity: 'newInstance', key: KEY, timeoutMs: 50 })
  expect(silent).toMatchObject({ status: 0, resultCode: null, error: 'no answer within 50 ms' })
  await gone.stop()
  expect(await fire({ target: gone.url, version: 'v1', activity: 'newInstance', key: KEY })).toMatchObject({
    status: 0,
    error: 'ECONNREFUSED',
    bodySignOk: false,
  })
})

describe('the marketplace insists', () => {
  const fast = { speed: 3_600_000 }
  const bodies = () => calls.map((call) => JSON.parse(call.body || '{}'))

  test('newInstance hourly for three hours, each time with another businessId, then the order is cancelled', async () => {
    script = Array.from({ length: 4 }, () => ({ code: '000100' as const }))
    const bought = await purchase({ target, version: 'v2', key: KEY }, fast)
    expect(bought).toMatchObject({ outcome: 'cancelled', instanceId: null, polls: [] })
    expect(bought.attempts.map((fired) => fired.resultCode)).toEqual(['000100', '000100', '000100', '000100'])
    expect(new Set(bodies().map((body) => body.orderId))).toEqual(new Set([bought.orderId]))
    expect(new Set(bodies().map((body) => body.businessId)).size).toBe(4)
  })

  test('000004 is accepted, then queryInstance is asked until the instance is there', async () => {
    script = [{ code: '000005' }, { code: '000004' }, { code: '000004' }, { code: '000003' }, { code: '000000' }]
    const bought = await purchase({ target, version: 'v2', key: KEY, fields: { orderId: 'CS7' } }, fast)
    expect(bought).toMatchObject({ outcome: 'delivered', orderId: 'CS7', instanceId: 'ins-1' })
    expect(bought.appInfo?.frontEndUrl).toBe('https://app.example.com')
    expect(bodies().map((body) => body.activity)).toEqual([
      'newInstance',
      'newInstance',
      'queryInstance',
      'queryInstance',
      'queryInstance',
    ])
    expect(bought.polls).toHaveLength(3)
  })

  test('V1 is delivered by the answer itself and takes 000004 for a failure', async () => {
    script = [{ code: '000004' }, { code: '000000' }]
    const bought = await purchase({ target, version: 'v1', key: KEY }, fast)
    expect(bought).toMatchObject({ outcome: 'delivered', instanceId: 'ins-1', appInfo: { userName: 'admin-测试' } })
    expect(bought.attempts).toHaveLength(2)
  })

  test('other activities by their own window; a question only once', async () => {
    const refuse = (times: number) => Array.from({ length: times }, () => ({ code: '000005' as const }))
    script = refuse(9)
    expect(await insist({ target, version: 'v2', activity: 'refreshInstance', key: KEY }, fast)).toHaveLength(5)
    script = refuse(9)
    expect(await insist({ target, version: 'v1', activity: 'queryInstance', key: KEY }, fast)).toHaveLength(1)
  })

  test('until it is told to stop', async () => {
    script = Array.from({ length: 9 }, () => ({ code: '000005' as const }))
    const signal = AbortSignal.timeout(60)
    const spec = { target, version: 'v2', activity: 'newInstance', key: KEY } as const
    expect((await insist(spec, { speed: 1, signal })).length).toBe(1)
  })
})
