import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { receive } from '@/lib/calls'
import { newOrder, purchase, send, testKeys, v2Call } from '@/lib/calls/test-marketplace'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { answerWebRequest } from '@/lib/http/door'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import * as operations from '@/lib/openapi/operations'
import type { Role } from '@/lib/users/context'
import { ask as askRaw, getterOf, tokensOfRoles } from './api-testing'

let database: Awaited<ReturnType<typeof testDatabase>>
let tokens: Record<Role, string>
let seller: Server
let sellerAnswer: { status: number; body: unknown } = { status: 202, body: {} }
let poolProduct: string
let manualProduct: string
let webhookProduct: string

beforeAll(async () => {
  database = await testDatabase()
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '1'
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  // Deliveries must not run by themselves here; one queue that is served keeps the engine asking.
  registerHandlers({ housekeeping: async () => {} })
  await startJobs()
  tokens = await tokensOfRoles()
  seller = createServer((_, response) => {
    response
      .writeHead(sellerAnswer.status, { 'content-type': 'application/json' })
      .end(JSON.stringify(sellerAnswer.body))
  })
  await new Promise<void>((resolve) => seller.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  await new Promise((resolve) => seller.close(resolve))
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
})

/** Asks as a role; what comes back must be what the description promises. */
async function ask(role: Role, method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, json?: unknown) {
  const answer = await askRaw(method, path, { token: tokens[role], ...(json !== undefined && { json }) })
  if (answer.status >= 300) return answer
  const pattern = path.split('?')[0] ?? ''
  const operation = Object.values(operations).find(
    (one) => one.method === method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pattern),
  )
  expect(operation?.status ?? 200).toBe(answer.status)
  if (operation?.answer) operation.answer.parse(answer.body)
  return answer
}

async function messageOf(orderId: string): Promise<string> {
  const { body } = await ask('viewer', 'GET', `/messages?orderId=${orderId}`)
  return body.items[0].id
}

describe('setting up by API', () => {
  it('keys, products and staff', async () => {
    const key = await ask('admin', 'POST', '/credentials', { name: 'base', kind: 'base', secret: testKeys.base })
    expect(key).toMatchObject({ status: 201, body: { hint: '0001', active: true } })
    expect(JSON.stringify(key.body)).not.toContain(testKeys.base)
    const again = await ask('admin', 'POST', '/credentials', { name: 'base', kind: 'base', secret: testKeys.base })
    expect(again).toMatchObject({ status: 409, body: { field: 'name' } })
    expect((await ask('admin', 'GET', '/credentials')).body.items).toHaveLength(1)

    const add = (name: string, delivery: object) =>
      ask('admin', 'POST', '/products', { name, kind: 'saas', productIds: [`id-${name}`], delivery })
    const { port } = seller.address() as AddressInfo
    const made = [
      await add('Pool', { type: 'pool' }),
      await add('Manual', { type: 'manual' }),
      await add('Webhook', { type: 'webhook', url: `http://127.0.0.1:${port}/`, secret: 'whsec_c2VjcmV0LXNlY3JldA==' }),
    ]
    ;[poolProduct, manualProduct, webhookProduct] = made.map(({ body }) => body.id) as [string, string, string]
    expect(JSON.stringify(made[2]?.body)).not.toContain('whsec')
    const manual = {
      name: 'Manual',
      kind: 'saas',
      productIds: ['id-Manual'],
      delivery: { type: 'manual' },
      isDefault: true,
    }
    expect((await ask('admin', 'PUT', `/products/${manualProduct}`, manual)).body).toMatchObject({ isDefault: true })
    expect((await ask('viewer', 'GET', '/products')).body.items).toHaveLength(3)

    const user = await ask('admin', 'POST', '/users', {
      email: 'ops@example.com',
      password: 'long enough',
      role: 'operator',
    })
    expect(user.status).toBe(201)
    const changed = await ask('admin', 'PATCH', `/users/${user.body.id}`, { role: 'viewer' })
    expect(changed.body).toMatchObject({ role: 'viewer' })
    expect((await ask('admin', 'GET', '/users')).body.items).toHaveLength(1)
    const { body: token } = await ask('admin', 'POST', '/tokens', { name: 'ci', role: 'viewer' })
    expect((await askRaw('GET', '/calls', { token: token.token })).status).toBe(200)
    await ask('admin', 'DELETE', `/tokens/${token.id}`)
    expect((await askRaw('GET', '/calls', { token: token.token })).status).toBe(401)
    const { body: audit } = await ask('admin', 'GET', '/audit?action=product.')
    expect(audit.items.map((entry: { action: string }) => entry.action)).toContain('product.create')
  })

  it('a pool from a CSV file, first to look at', async () => {
    const csv = 'userName,frontEndUrl,password\nana,https://a.example.com,s3cret-1\nben,ftp://b,s3cret-2\n'
    const post = (query: string) =>
      askRaw('POST', `/products/${poolProduct}/pool${query}`, { token: tokens.operator, text: csv })
    const dry = await post('?dryRun=1')
    expect(dry.body).toMatchObject({ rows: 2, added: 1, duplicates: 0, errors: [{ row: 3 }], left: 0 })
    expect((await post('')).body).toMatchObject({ added: 1, left: 1 })
    expect((await post('')).body).toMatchObject({ added: 0, duplicates: 1, left: 1 })
    expect((await ask('viewer', 'GET', `/products/${poolProduct}/pool`)).body).toEqual({ left: 1, taken: 0 })
    expect((await ask('viewer', 'GET', `/products/${newId()}/pool`)).status).toBe(404)
  })

  it('a webhook tried without delivering anything', async () => {
    const path = `/products/${webhookProduct}/test-webhook`
    expect((await ask('admin', 'POST', path)).body).toMatchObject({ outcome: 'waiting' })
    sellerAnswer = { status: 200, body: { appInfo: { frontEndUrl: 'https://app.example.com', password: 'p4ss' } } }
    const delivered = await ask('admin', 'POST', path)
    expect(delivered.body).toMatchObject({ outcome: 'delivered', message: 'https://app.example.com' })
    sellerAnswer = { status: 500, body: {} }
    expect((await ask('admin', 'POST', path)).body).toMatchObject({
      outcome: 'failed',
      message: 'The webhook answered 500.',
    })
    expect((await ask('admin', 'POST', `/products/${manualProduct}/test-webhook`)).status).toBe(409)
    expect(await prisma().instance.count()).toBe(0)
  })
})

describe('a purchase that waits', () => {
  const order = newOrder()
  let messageId: string
  let instanceId: string

  it('is seen as an open message with its call', async () => {
    expect(await send(v2Call(purchase(order)))).toMatchObject({ json: { resultCode: '000004' } })
    messageId = await messageOf(order.orderId)
    const { body: message } = await ask('viewer', 'GET', `/messages/${messageId}`)
    expect(message).toMatchObject({ state: 'open', outcome: 'processing', activity: 'newInstance', windowHours: 3 })
    expect(message.calls).toHaveLength(1)
    instanceId = message.instance.instanceId
    const { body: call } = await ask('viewer', 'GET', `/calls/${message.calls[0].id}`)
    expect(call.signature).toMatchObject({ ok: true, credentialName: 'base' })
    expect(JSON.parse(call.request.body)).toMatchObject(order)
    const { body: curl, type } = await askRaw('GET', `/calls/${call.id}/curl`, { token: tokens.viewer })
    expect(type).toBe('text/plain; charset=utf-8')
    expect(curl).toContain(`curl -X 'POST' '`)
  })

  it('is finished by app info entered by hand', async () => {
    const { body: desk } = await ask('viewer', 'GET', '/desk')
    expect(desk).toMatchObject({
      environment: 'production',
      counts: { openMessages: 0, waitingDeliveries: 1, waitingLicenses: 0 },
      user: null,
    })
    const bad = await ask('operator', 'PATCH', `/instances/${instanceId}`, { appInfo: { frontEndUrl: 'nowhere' } })
    expect(bad).toMatchObject({ status: 400, body: { field: 'appInfo.frontEndUrl' } })
    const appInfo = { frontEndUrl: 'https://app.example.com/1', userName: 'admin', password: 'open sesame' }
    const { body: done } = await ask('operator', 'PATCH', `/instances/${instanceId}`, { appInfo })
    expect(done).toMatchObject({ state: 'active', deliveryState: 'delivered', appInfo: { userName: 'admin' } })
    expect(JSON.stringify(done)).not.toContain('open sesame')
    expect(done.timeline.map(({ kind, type }: { kind: string; type: string }) => `${kind} ${type}`)).toEqual(
      expect.arrayContaining(['audit instance.app-info', 'event delivered', 'event purchased', 'call newInstance']),
    )
    const times = done.timeline.map(({ at }: { at: string }) => at)
    expect(times).toEqual([...times].sort().reverse())
    expect((await ask('viewer', 'GET', `/messages/${messageId}`)).body).toMatchObject({ state: 'succeeded' })
    expect((await ask('viewer', 'GET', '/desk')).body.counts).toEqual({
      openMessages: 0,
      waitingDeliveries: 0,
      waitingLicenses: 0,
    })
    expect((await ask('operator', 'POST', `/instances/${instanceId}/deliver`)).status).toBe(409)
  })

  it('shows its password to an administrator, who leaves a trace', async () => {
    expect((await ask('operator', 'POST', `/instances/${instanceId}/reveal`)).status).toBe(403)
    const { body } = await ask('admin', 'POST', `/instances/${instanceId}/reveal`)
    expect(body.appInfo.password).toBe('open sesame')
    const { body: audit } = await ask('admin', 'GET', `/audit?target=${instanceId}&action=instance.reveal`)
    expect(audit.items).toHaveLength(1)
  })

  it('is found in the list of instances', async () => {
    const find = async (query: string) => {
      const { body } = await ask('viewer', 'GET', `/instances?${query}`)
      expect(body.total).toBe(body.items.length)
      return body.items.map((item: { instanceId: string }) => item.instanceId)
    }
    for (const query of [
      '',
      'state=active',
      `q=${instanceId.slice(0, 12)}`,
      `q=${order.orderId}`,
      `orderId=${order.orderId}`,
      'deliveryState=delivered&test=false',
      `productId=${manualProduct}`,
    ]) {
      expect(await find(query), query).toEqual([instanceId])
    }
    for (const query of ['state=frozen', 'test=true', 'q=nothing', 'expiresWithinDays=7', `productId=${poolProduct}`]) {
      expect(await find(query), query).toEqual([])
    }
    await prisma().instance.update({
      where: { instanceId },
      data: { expiresAt: new Date(Date.now() + 5 * 86_400_000) },
    })
    expect(await find('expiresWithinDays=7')).toEqual([instanceId])
    expect(await find('expiresWithinDays=3')).toEqual([])
  })
})

describe('a call that failed', () => {
  const order = newOrder()
  let messageId: string

  it('is replayed once its cause is gone, first without effect', async () => {
    await prisma().product.update({ where: { id: manualProduct }, data: { isDefault: false } })
    const renewal = {
      activity: 'refreshInstance',
      scene: 'RENEWAL',
      ...order,
      instanceId: 'gone',
      expireTime: '20300101000000',
    }
    expect((await send(v2Call(renewal))).json.resultCode).toBe('000003')
    messageId = await messageOf(order.orderId)
    const path = `/messages/${messageId}/replay`
    expect((await ask('viewer', 'POST', path, {})).status).toBe(403)
    const dry = await ask('operator', 'POST', path, { dryRun: true })
    expect(dry.body).toMatchObject({ replayId: null, resultCode: '000003' })
    const run = await ask('operator', 'POST', path, { note: 'still gone' })
    expect(run.body).toMatchObject({ replayId: expect.any(String), resultCode: '000003' })
    const { body: message } = await ask('viewer', 'GET', `/messages/${messageId}`)
    expect(message.calls.map(({ source }: { source: string }) => source)).toEqual(['replay', 'marketplace'])
    expect(message.calls[0].replayOf).toBe(message.calls[1].id)
    expect((await ask('operator', 'POST', path, { payload: { query: { a: 'b' } } })).status).toBe(400)
    expect((await ask('operator', 'POST', path, { again: true })).body).toMatchObject({ status: 400, field: 'again' })
  })

  it('is resolved with a note, once, and opened again', async () => {
    const at = (verb: string) => `/messages/${messageId}/${verb}`
    expect((await ask('operator', 'POST', at('resolve'), { note: ' ' })).body.field).toBe('note')
    expect((await ask('operator', 'POST', at('resolve'), { note: 'refunded' })).body).toMatchObject({
      state: 'resolved',
      resolvedNote: 'refunded',
    })
    const stale = await ask('operator', 'POST', at('resolve'), { note: 'again' })
    expect(stale).toMatchObject({ status: 409, body: { details: { state: 'resolved' } } })
    expect((await ask('operator', 'POST', at('reopen'))).body).toMatchObject({ state: 'open', resolvedNote: null })
  })

  it('is told to the partner desk', async () => {
    const { body: mail } = await ask('operator', 'GET', `/messages/${messageId}/partner-mail`)
    expect(mail.to).toBe('partner@huaweicloud.com')
    expect(mail.zh).toContain(order.orderId)
    const path = `/messages/${messageId}/notices`
    expect((await ask('operator', 'POST', path, { ...mail, send: true })).status).toBe(409)
    expect((await ask('operator', 'POST', path, { ...mail, to: 'me@example.com', send: false })).status).toBe(400)
    expect((await ask('operator', 'POST', path, { ...mail, send: false })).body).toMatchObject({ state: 'copied' })
    const { body } = await ask('viewer', 'GET', `/messages/${messageId}`)
    expect(body).toMatchObject({
      notifiedAt: expect.any(String),
      notices: [{ state: 'copied', subject: mail.subject }],
    })
  })

  it('is replayed in bulk, by plan, progress and result', async () => {
    const filter = { state: 'open', activity: 'refreshInstance' }
    const plan = await ask('operator', 'POST', '/bulk-replays', { filter, dryRun: true })
    expect(plan.body).toMatchObject({ total: 1, skipped: 0, counts: { refreshInstance: 1 } })
    const made = await ask('operator', 'POST', '/bulk-replays', { filter, note: 'all of them' })
    const path = `/bulk-replays/${made.body.id}`
    expect((await ask('viewer', 'GET', path)).body).toMatchObject({ state: 'planned', total: 1 })
    const { body: items } = await ask('viewer', 'GET', `${path}/items?limit=1`)
    expect(items).toMatchObject({ items: [{ messageId, state: 'pending', orderId: order.orderId }], nextCursor: null })
    const csv = await askRaw('GET', `${path}/items.csv`, { token: tokens.viewer })
    expect(csv.type).toBe('text/csv; charset=utf-8')
    expect(csv.body.split('\n')).toHaveLength(3)
    expect(csv.body).toContain(`1,${messageId},refreshInstance,${order.orderId}`)
    expect((await ask('operator', 'POST', `${path}/cancel`)).status).toBe(200)
    expect((await ask('operator', 'POST', `/bulk-replays/${newId()}/cancel`)).status).toBe(404)
    const wrong = await ask('operator', 'POST', '/bulk-replays', { filter: { colour: 'red' } })
    expect(wrong).toMatchObject({ status: 400, body: { field: 'filter.colour' } })
  })
})

describe('the other doors', () => {
  it('/api/produce answers through Next as it does before it', async () => {
    globalThis.__desk = { receive, stop: async () => {} }
    const { query, body } = v2Call({ activity: 'queryInstance', instanceId: 'unknown' })
    const address = `http://desk.test/api/produce?${query}`
    const answer = await answerWebRequest(new Request(address, { method: 'POST', body: new Uint8Array(body) }))
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ resultCode: expect.stringMatching(/^00000[023]$/) })
  })

  it('/api/health says what works', async () => {
    const health = await getterOf('health')
    const asked = async () => {
      const answer = await health(new Request('http://desk.test/api/health'))
      return [answer.status, await answer.json()]
    }
    await expect.poll(asked, { timeout: 10_000 }).toEqual([200, { status: 'ok', database: 'ok', jobs: 'ok' }])
    await stopJobs()
    expect(await asked()).toEqual([503, { status: 'unavailable', database: 'ok', jobs: 'unavailable' }])
    await startJobs()
  })

  it('/api/metrics counts, for whoever has a token', async () => {
    const metrics = await getterOf('metrics')
    const scrape = (token?: string) =>
      metrics(
        new Request('http://desk.test/api/metrics', token ? { headers: { authorization: `Bearer ${token}` } } : {}),
      )
    expect((await scrape('desk_unknownunknown')).status).toBe(401)
    const text = await (await scrape(tokens.viewer)).text()
    expect(text).toMatch(
      /desk_calls_total\{protocol="saas-v2",activity="refreshInstance",outcome="failed",code="000003"\} 1/,
    )
    expect(text).toContain('desk_pool_accounts_left{product="Pool"} 1')
    expect(text).toMatch(/desk_open_messages 2\n/)
    expect(text).toContain('desk_nodejs_eventloop_lag_seconds')
    expect(text).toContain('desk_api_duration_seconds_bucket')
    expect(text).toMatch(/^desk_jobs\{/m)
  })
})
