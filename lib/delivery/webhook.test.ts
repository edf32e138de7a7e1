import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { provideEnv } from '@/lib/env'
import { announceToWebhook, callDeliveryWebhook } from './webhook'

type Seen = { headers: Record<string, string>; body: string }

const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`
const instance = {
  instanceId: '0197-instance',
  businessId: 'b-1',
  orderId: 'CS1',
  orderLineId: 'CS1-000001',
  productId: 'OFFI1',
  skuCode: 'sku-1',
  customerId: 'c-1',
  customerName: '华为',
  userId: null,
  userName: null,
  test: false,
  trial: true,
  expiresAt: new Date('2027-01-02T03:04:05Z'),
  quantity: 5,
  extendParams: [{ name: 'domain', value: 'x' }],
}
const order = {
  orderId: 'CS1',
  orderType: 'NEW',
  createTime: '20260102030405',
  lines: [
    {
      orderLineId: 'CS1-000001',
      chargingMode: 'PERIOD',
      periodType: 'year',
      periodNumber: 1,
      expireTime: '20270102155959',
      products: [{ productId: 'OFFI1', skuCode: 'sku-1', linearValue: 5, productName: '聊天' }],
      extendParams: [],
      currency: '100',
      currencyAfterDiscount: '80.5',
    },
  ],
  buyer: {
    customerId: 'c-1',
    customerName: '华为',
    customerRealName: null,
    customerType: 1,
    userId: null,
    userName: null,
    mobilePhone: '13800001111',
    email: 'a@example.com',
  },
  extendParams: [],
}
const requested = { type: 'instance.requested' as const, instance, order }

let server: http.Server
let url: string
let seen: Seen[] = []
let answer: http.RequestListener

beforeAll(async () => {
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '1'
  provideEnv({ databaseUrl: 'postgresql://unused/unused', deskSecret: 'webhook-test-secret' })
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      seen.push({ headers: request.headers as Record<string, string>, body })
      answer(request, response)
    })
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?token=hidden`
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((done) => server.close(done))
  delete process.env.DESK_ALLOW_PRIVATE_WEBHOOKS
})

beforeEach(() => {
  seen = []
})

function product(more: object = {}) {
  const delivery = { type: 'webhook' as const, url, secret, timeoutSeconds: 1, ...more }
  return { name: 'Mailer', timeZone: 'UTC' as const, delivery }
}

function answering(status: number, body: unknown) {
  answer = (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}

const call = (more: object = {}) => callDeliveryWebhook(product(more), requested, { timeoutMs: 4000 })

describe('the request', () => {
  it('carries what is known, signed by the Standard Webhooks rules', async () => {
    answering(202, '')
    await call()
    const [{ headers, body } = { headers: {}, body: '' }] = seen
    const event = new Webhook(secret).verify(body, headers) as Record<string, unknown>
    expect(event).toEqual({
      type: 'instance.requested',
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      data: {
        instance: {
          ...instance,
          state: 'pending',
          expiresAt: '2027-01-02T03:04:05.000Z',
          createdAt: null,
          appInfo: null,
        },
        order: {
          orderId: 'CS1',
          orderType: 'NEW',
          createdAt: '2026-01-02T03:04:05.000Z',
          lines: [
            {
              orderLineId: 'CS1-000001',
              chargingMode: 'PERIOD',
              periodType: 'year',
              periodNumber: 1,
              expiresAt: '2027-01-02T15:59:59.000Z',
              products: [{ productId: 'OFFI1', skuCode: 'sku-1', linearValue: 5, productName: '聊天' }],
              extendParams: [],
              amount: '100',
              amountAfterDiscount: '80.5',
            },
          ],
          buyer: order.buyer,
          extendParams: [],
          fetchedAt: expect.stringMatching(/Z$/),
        },
      },
    })
  })

  it.each(['not base64 at all!', 'whsec_not base64!'])(
    'is signed with the bytes of a secret like %s',
    async (plain) => {
      answering(202, '')
      await call({ secret: plain })
      const [{ headers, body } = { headers: {}, body: '' }] = seen
      const raw = new Webhook(plain.replace('whsec_', ''), { format: 'raw' })
      expect(() => raw.verify(body, headers)).not.toThrow()
      expect(() => new Webhook(secret).verify(body, headers)).toThrow()
    },
  )

  it('keeps its id when repeated and has another one for another event', async () => {
    answering(202, '')
    await call()
    await call()
    const renewed = { type: 'instance.renewed' as const, instance, order: null }
    await announceToWebhook(product(), { ...renewed, eventId: '1' }, { timeoutMs: 4000 })
    await announceToWebhook(product(), { ...renewed, eventId: '2' }, { timeoutMs: 4000 })
    const ids = seen.map(({ headers }) => headers['webhook-id'])
    expect(ids[0]).toMatch(/^msg_[0-9a-f]{32}$/)
    expect(ids[1]).toBe(ids[0])
    expect(new Set(ids).size).toBe(3)
  })
})

describe('the answer', () => {
  const appInfo = { frontEndUrl: 'https://m.example.com/1', userName: 'u', password: 'p w', memo: '备注' }

  it.each([
    ['app info', 200, { appInfo }, { type: 'delivered', appInfo }],
    [
      'app info with empty members',
      200,
      { appInfo: { ...appInfo, adminUrl: null, memo: '' } },
      { type: 'delivered', appInfo: { frontEndUrl: appInfo.frontEndUrl, userName: 'u', password: 'p w' } },
    ],
    ['success and app info', 200, { resultCode: '000000', appInfo }, { type: 'delivered', appInfo }],
    ['202', 202, '', { type: 'waiting' }],
    ['processing', 200, { resultCode: '000004' }, { type: 'waiting' }],
    ['no resource', 200, { resultCode: '000100' }, { type: 'refused', code: '000100' }],
    [
      'sold out with a message',
      409,
      { resultCode: '000106', resultMsg: 'none left' },
      { type: 'refused', code: '000106', message: 'none left' },
    ],
    [
      'an unknown code',
      200,
      { resultCode: '999999' },
      { type: 'failed', error: 'The webhook answered 200 without appInfo.' },
    ],
    [
      'a code that is no text',
      200,
      { resultCode: 100 },
      { type: 'failed', error: 'The webhook answered 200 without appInfo.' },
    ],
    [
      'success alone',
      200,
      { resultCode: '000000' },
      { type: 'failed', error: 'The webhook answered 200 without appInfo.' },
    ],
    ['500', 500, 'oops', { type: 'failed', error: 'The webhook answered 500.' }],
    ['201 with app info', 201, { appInfo }, { type: 'failed', error: 'The webhook answered 201.' }],
    [
      'no JSON',
      200,
      '<html>',
      { type: 'failed', error: 'The webhook answered 200 with something that is not a JSON object.' },
    ],
    [
      'a list',
      200,
      [],
      { type: 'failed', error: 'The webhook answered 200 with something that is not a JSON object.' },
    ],
    [
      'app info without an address',
      200,
      { appInfo: { userName: 'u' } },
      { type: 'failed', error: expect.stringContaining('frontEndUrl: is missing') },
    ],
    [
      'a script for an address',
      200,
      { appInfo: { frontEndUrl: 'javascript:alert(1)' } },
      { type: 'failed', error: expect.stringContaining('frontEndUrl: must be an http://') },
    ],
    [
      'a long password',
      200,
      { appInfo: { ...appInfo, password: 'p'.repeat(129) } },
      { type: 'failed', error: expect.stringContaining('password: must have at most 128') },
    ],
    [
      'a long address',
      200,
      { appInfo: { frontEndUrl: `https://a.example/${'a'.repeat(500)}` } },
      { type: 'failed', error: expect.stringContaining('frontEndUrl: must have at most 512') },
    ],
    [
      'a long memo',
      200,
      { appInfo: { ...appInfo, memo: 'm'.repeat(1025) } },
      { type: 'failed', error: expect.stringContaining('memo: must have at most 1024') },
    ],
    [
      'app info of another kind',
      200,
      { appInfo: 'https://a.example' },
      { type: 'failed', error: expect.stringContaining('expected object') },
    ],
  ])('%s', async (_name, status, body, expected) => {
    answering(status, body)
    expect(await call()).toMatchObject(expected)
  })

  it('never repeats a password in an error', async () => {
    answering(200, { appInfo: { frontEndUrl: 'x', password: 'S3cret-password' } })
    expect(JSON.stringify(await call())).not.toContain('S3cret')
  })

  it('is waited for no longer than the caller or the product allows', async () => {
    answer = () => {}
    const startedAt = Date.now()
    const result = await callDeliveryWebhook(product(), requested, { timeoutMs: 150 })
    expect(result).toEqual({ type: 'failed', error: expect.stringContaining('did not answer in time (150 ms)') })
    expect(Date.now() - startedAt).toBeLessThan(1000)
    expect(JSON.stringify(result)).not.toContain('hidden')
  })

  it('of an announcement is any success', async () => {
    const event = { type: 'instance.frozen' as const, instance, order: null }
    answering(204, '')
    expect(await announceToWebhook(product(), event, { timeoutMs: 1000 })).toEqual({ ok: true, value: null })
    expect(JSON.parse(seen[0]?.body ?? '').data.instance.state).toBe('frozen')
    answering(404, '')
    const refused = { ok: false, error: 'The webhook answered 404.' }
    expect(await announceToWebhook(product(), event, { timeoutMs: 1000 })).toEqual(refused)
  })
})

it('does not reach private addresses unless that is allowed', async () => {
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '0'
  provideEnv({ databaseUrl: 'postgresql://unused/unused', deskSecret: 'webhook-test-secret' })
  answering(202, '')
  const result = await call()
  expect(result).toEqual({ type: 'failed', error: expect.stringContaining('not a public address') })
  expect(seen).toEqual([])
})

it('says so when the product has no webhook any more', async () => {
  const manual = { name: 'Mailer', timeZone: 'UTC' as const, delivery: { type: 'manual' as const } }
  const result = await callDeliveryWebhook(manual, requested, { timeoutMs: 100 })
  expect(result).toEqual({ type: 'failed', error: 'Mailer has no webhook any more.' })
})
