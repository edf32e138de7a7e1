import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storeCall, storeMessage } from '@/lib/calls/testing'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import * as operations from '@/lib/openapi/operations'
import { createToken } from '@/lib/users'
import { type Role, systemContext } from '@/lib/users/context'
import { scopeOf } from '@/lib/users/scopes'
import { ask, tokensOfRoles } from './api-testing'

let database: Awaited<ReturnType<typeof testDatabase>>
let tokens: Record<Role, string>

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  tokens = await tokensOfRoles()
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})
beforeEach(async () => {
  await prisma().$executeRaw`TRUNCATE messages, calls, instances, products, saved_views CASCADE`
})

const get = (path: string, role: Role = 'viewer') => ask('GET', path, { token: tokens[role] })
const post = (path: string, json: object, role: Role = 'viewer') => ask('POST', path, { token: tokens[role], json })

async function instance(instanceId: string, more: object = {}) {
  await prisma().instance.create({
    data: {
      instanceId,
      purchaseKey: instanceId,
      state: 'active',
      protocol: 'saas-v2',
      orderId: `CS${instanceId}`,
      test: false,
      deliveryState: 'delivered',
      createdAt: new Date(),
      ...more,
    },
  })
}

it('the overview tells what is urgent, what is stuck and how far each product is from its limits', async () => {
  const productRef = newId()
  const product = { name: 'Team chat', kind: 'saas', deliveryType: 'manual', delivery: {} }
  await prisma().product.create({ data: { id: productRef, ...product } })
  const soon = await storeMessage({ orderId: 'CS1', productRef })
  await prisma().message.update({ where: { id: soon.id }, data: { retryUntil: new Date(Date.now() + 600_000) } })
  await storeMessage({ orderId: 'CS2', productRef })
  const day = 86_400_000
  for (const ago of [0, 1, 2]) await storeMessage({ test: true, productRef, at: new Date(Date.now() - ago * day) })
  await storeMessage({ test: true, productRef, at: new Date(Date.now() - 3 * day), outcome: 'succeeded' })
  await instance('waits', { state: 'pending', deliveryState: 'waiting', deliveryError: 'no account', productRef })
  await instance('ends', { expiresAt: new Date(Date.now() + 10 * day) })
  const { status, body } = await get('/overview')
  expect(status).toBe(200)
  operations.getOverview.answer?.parse(body)
  expect(body).toMatchObject({
    openMessages: 2,
    closingMessages: 1,
    waitingDeliveries: 1,
    instances: { pending: 1, active: 1, frozen: 0, released: 0 },
    expiring: { days7: 0, days30: 1 },
    stuck: [{ instanceId: 'waits', deliveryError: 'no account', productName: 'Team chat' }],
    products: [{ name: 'Team chat', failedOrders: 0, ordersAtRisk: 2, failingProbeDays: 3, probe: 'failed' }],
  })
  expect(body.urgent.map((message: { id: string }) => message.id)).toEqual([soon.id, expect.any(String)])
})

describe('search', () => {
  it('lands on whatever the id belongs to, exact ones first', async () => {
    const businessId = newId()
    await instance('inst-77', { businessId, customerId: 'cust-5', customerName: '蓝鲸科技', orderId: 'CS26' })
    const { id, callId } = await storeMessage({ orderId: 'CS2601', instanceId: 'inst-77' })
    const found = async (q: string) =>
      (await get(`/search?q=${encodeURIComponent(q)}`)).body.items.map(
        (hit: { kind: string; id: string; exact: boolean }) => [hit.kind, hit.id, hit.exact].join(' '),
      )
    expect(await found('inst-77')).toEqual(['instance inst-77 true', `message ${id} false`])
    expect(await found('CS26')).toEqual(['order CS26 true', 'order CS2601 false', `message ${id} false`])
    expect(await found(businessId)).toEqual(['instance inst-77 true'])
    expect(await found('蓝鲸')).toEqual(['customer cust-5 false'])
    expect(await found(id)).toEqual([`message ${id} true`])
    expect(await found(callId)).toEqual([`call ${callId} true`])
    const [licence, tenant] = [newId(), newId()]
    const now = new Date()
    await prisma().license.create({
      data: {
        id: licence,
        requestKey: licence,
        kind: 'license-online',
        state: 'waiting',
        reason: 'waits-for-staff',
        eventId: 'event-9',
        test: false,
        asked: new Uint8Array(),
        createdAt: now,
      },
    })
    await prisma().tenant.create({
      data: { id: tenant, tenantId: 'tenant-9', name: '远帆集团', test: false, createdAt: now, lastSyncAt: now },
    })
    expect(await found(licence)).toEqual([`license ${licence} true`])
    expect(await found('event-9')).toEqual([`license ${licence} true`])
    expect(await found('tenant-9')).toEqual([`tenant ${tenant} true`])
    expect(await found('远帆')).toEqual([`tenant ${tenant} false`])
    expect(await found('%_')).toEqual([])
    expect((await get('/search?q=x')).status).toBe(400)
  })
})

describe('views', () => {
  it('are own or shared, replaced by name and deleted by whoever may', async () => {
    const view = { page: 'calls', name: '今日失败', query: 'view=failed&range=24h' }
    const { body: own } = await post('/views', view)
    expect(own).toMatchObject({ own: true, shared: false })
    expect((await post('/views', { ...view, query: 'view=calls' })).body.id).toBe(own.id)
    expect((await post('/views', { ...view, shared: true })).status).toBe(403)
    const { body: shared } = await post('/views', { ...view, name: 'team', shared: true }, 'operator')
    const names = async (role: Role) =>
      (await get('/views?page=calls', role)).body.items.map(({ name }: { name: string }) => name)
    expect(await names('viewer')).toEqual(['team', '今日失败'])
    expect(await names('operator')).toEqual(['team'])
    expect(await names('admin')).toEqual(['team'])
    expect((await get('/views?page=instances')).body.items).toEqual([])
    const drop = (id: string, role: Role) => ask('DELETE', `/views/${id}`, { token: tokens[role] })
    expect((await drop(own.id, 'operator')).status).toBe(404)
    expect((await drop(shared.id, 'viewer')).status).toBe(403)
    expect((await drop(shared.id, 'admin')).status).toBe(204)
    expect((await drop(own.id, 'viewer')).status).toBe(204)
    expect((await drop(own.id, 'viewer')).status).toBe(404)
    expect((await post('/views', { ...view, name: ' ' })).body.field).toBe('name')
    expect((await post('/views', { ...view, query: 'a b' })).body.field).toBe('query')
  })
})

it('lists are taken along as CSV, with their filters', async () => {
  for (let at = 0; at < 205; at++)
    await instance(`i-${String(at).padStart(3, '0')}`, at === 0 ? { state: 'frozen' } : {})
  const { body, type } = await get('/instances.csv?state=active')
  expect(type).toContain('text/csv')
  const lines = body.trim().split('\n')
  expect(lines).toHaveLength(205)
  expect(lines[0]).toMatch(/^﻿?instanceId,state,/)
  expect(body).not.toContain('i-000')
  expect((await get('/audit.csv')).status).toBe(403)
  const audit = await get('/audit.csv?subject=token', 'admin')
  expect(audit.body).toContain('token.create')
  expect(audit.body).not.toContain('audit.export')
  expect((await get('/audit.csv', 'admin')).body).toContain('audit.export')
})

describe('tokens with scopes', () => {
  it('reach what they are limited to and nothing else', async () => {
    const made = await post('/tokens', { name: 'billing', role: 'admin', scopes: ['instances', 'usage'] }, 'admin')
    expect(made.body.scopes).toEqual(['instances', 'usage'])
    const { token } = made.body
    const status = async (path: string) => (await ask('GET', path, { token })).status
    expect([await status('/instances'), await status('/desk')]).toEqual([200, 200])
    expect([await status('/calls'), await status('/users'), await status('/retention')]).toEqual([403, 403, 403])
    expect((await ask('GET', '/calls', { token })).body.detail).toContain('limited to instances, usage')
    const refused = await post('/tokens', { name: 'x', role: 'viewer', scopes: ['everything'] }, 'admin')
    expect(refused.body.field).toBe('scopes[0]')
    const { token: free } = await createToken({ ctx: systemContext, input: { name: 'free', role: 'viewer' } })
    expect((await ask('GET', '/calls', { token: free })).status).toBe(200)
  })

  it('know the place of every operation', () => {
    expect(scopeOf('/messages/{id}/replay')).toBe('calls')
    expect(scopeOf('/usage-pushes')).toBe('usage')
    expect(scopeOf('/license-usage')).toBe('licenses')
    expect(scopeOf('/alert-settings')).toBe('settings')
    expect(scopeOf('/instances.csv')).toBe('instances')
  })
})

it('a call past its retention says so instead of failing', async () => {
  const id = await storeCall({})
  await prisma().$executeRaw`UPDATE calls SET payload = '' WHERE id = ${id}::uuid`
  expect((await get(`/calls/${id}`)).body).toMatchObject({ payloadGone: true, answer: null })
  expect((await get(`/calls/${id}/curl`)).status).toBe(404)
})
