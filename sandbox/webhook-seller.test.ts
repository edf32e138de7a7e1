import { Webhook } from 'standardwebhooks'
import { afterAll, beforeEach, expect, test, vi } from 'vitest'
import { listenOn, readBody, send } from './server'
import { SHOP } from './shop'
import { startWebhookSeller } from './webhook-seller'

const patched: { url: string; authorization: string | undefined; body: unknown }[] = []
const desk = await listenOn(0, async (request, response) => {
  const body = JSON.parse(await readBody(request))
  patched.push({ url: `${request.method} ${request.url}`, authorization: request.headers.authorization, body })
  send(response, { status: 200, headers: {}, body: '{}' })
})
const seller = await startWebhookSeller({
  secret: SHOP.webhookSecret,
  desk: { url: desk.url, apiToken: 'desk_token' },
  laterMs: 10,
  slowMs: 60_000,
  modeFor: (orderId) => (orderId === 'CS-TROUBLE' ? 'error' : undefined),
})
afterAll(async () => {
  await seller.stop()
  await desk.stop()
})
beforeEach(() => seller.setMode('ok'))

function deliver(
  orderId: string | null = 'CS1',
  {
    type = 'instance.requested',
    secret = SHOP.webhookSecret as string,
    signal,
  }: { type?: string; secret?: string; signal?: AbortSignal } = {},
) {
  const body = JSON.stringify({ type, data: { instance: { instanceId: 'ins-12345678', orderId }, order: null } })
  const now = new Date()
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', now, body),
  }
  return fetch(`${seller.url}/koogallery`, { method: 'POST', body, headers, ...(signal && { signal }) })
}

test('delivers with its answer and remembers what it was asked', async () => {
  const response = await deliver()
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({ appInfo: { frontEndUrl: 'https://mail.example.com/ins-12345678' } })
  expect(patched).toEqual([])
  expect(seller.received().at(-1)).toMatchObject({
    id: 'msg_1',
    verified: true,
    type: 'instance.requested',
    instanceId: 'ins-12345678',
    orderId: 'CS1',
  })
})

test('a wrong signature is refused and noted', async () => {
  const response = await deliver('CS1', { secret: `whsec_${Buffer.from('another').toString('base64')}` })
  expect(response.status).toBe(401)
  expect(seller.received().at(-1)).toMatchObject({ verified: false, type: null })
})

test('a signature of last year counts only where any age does', async () => {
  const lenient = await startWebhookSeller({ secret: SHOP.webhookSecret, anyAge: true })
  const body = JSON.stringify({ type: 'instance.requested', data: { instance: { instanceId: 'ins-1' }, order: null } })
  const at = new Date('2025-06-01T00:00:00Z')
  const headers = { 'webhook-id': 'old', 'webhook-timestamp': String(at.getTime() / 1000) }
  const signature = new Webhook(SHOP.webhookSecret).sign('old', at, body)
  const post = async (url: string, sign: string) =>
    (await fetch(url, { method: 'POST', body, headers: { ...headers, 'webhook-signature': sign } })).status
  expect(await post(lenient.url, signature)).toBe(200)
  expect(await post(lenient.url, signature.replace(/.$/, '?'))).toBe(401)
  expect(await post(seller.url, signature)).toBe(401)
  await lenient.stop()
})

test('202 now, PATCH later', async () => {
  seller.setMode('later')
  expect((await deliver()).status).toBe(202)
  await vi.waitFor(() => expect(patched).toHaveLength(1))
  expect(patched[0]).toMatchObject({
    url: 'PATCH /api/v1/instances/ins-12345678',
    authorization: 'Bearer desk_token',
    body: { appInfo: { frontEndUrl: 'https://mail.example.com/ins-12345678' } },
  })
})

test('refuses, fails, answers garbage, is slow; single orders have a mode of their own', async () => {
  seller.setMode('refuse')
  expect(await (await deliver()).json()).toMatchObject({ resultCode: '000100' })
  seller.setMode('error')
  expect((await deliver()).status).toBe(500)
  seller.setMode('garbage')
  expect((await deliver()).headers.get('content-type')).toBe('text/html')
  seller.setMode('slow')
  const away = new AbortController()
  const ended: string[] = []
  const slow = deliver('CS-SLOW', { signal: away.signal }).finally(() => ended.push('slow'))
  await vi.waitFor(() => expect(seller.received().at(-1)).toMatchObject({ orderId: 'CS-SLOW' }))
  seller.setMode('ok')
  await deliver().finally(() => ended.push('ok'))
  expect(ended).toEqual(['ok'])
  away.abort()
  await expect(slow).rejects.toThrow(/abort/)
  expect((await deliver('CS-TROUBLE')).status).toBe(500)
})

test('the mode can be switched from outside; later notices are only taken', async () => {
  const setMode = (body: unknown) => fetch(`${seller.url}/mode`, { method: 'POST', body: JSON.stringify(body) })
  expect((await setMode({ mode: 'sulk' })).status).toBe(400)
  expect((await setMode({ mode: 'error' })).status).toBe(200)
  expect((await deliver()).status).toBe(500)
  expect((await deliver('CS1', { type: 'instance.frozen' })).status).toBe(200)
})
