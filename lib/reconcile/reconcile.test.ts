import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newOrder, purchase, send, testKeys, v2Call } from '@/lib/calls/test-marketplace'
import { storeMessage } from '@/lib/calls/testing'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { ask, tokensOfRoles } from '@/lib/http/api-testing'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { forgetTroubles } from '@/lib/orders/client'
import { applySetup } from '@/lib/setup'
import { type Context, type Role, systemContext } from '@/lib/users/context'
import { buildOrder, type OrderFacts } from '@/sandbox/orders'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { driftsOf } from './drifts'
import {
  acceptDrift,
  assessOrders,
  checkOrders,
  compareInstance,
  driftQuery,
  everyImportRow,
  fetchImported,
  fetchMissingOrders,
  getDossier,
  getImport,
  importOrders,
  importRowQuery,
  listDrifts,
  listImportRows,
  listImports,
  lookUpAndAssess,
  matchAgain,
  reopenDrift,
  takeOverOrder,
} from './index'

let database: Awaited<ReturnType<typeof testDatabase>>
let sandbox: Sandbox
let tokens: Record<Role, string>
const account = { accessKeyId: 'AK-RECONCILE', secret: 'SK-reconcile-0001' }
const as = (role: Role): Context => ({ actor: { name: `${role}@example.com`, via: 'user', role } })
const operator = as('operator')

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [account] })
  Object.assign(process.env, { MARKETPLACE_URL: sandbox.url, MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl })
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({ housekeeping: async () => {} })
  await startJobs()
  await applySetup(
    {
      credentials: [
        { name: 'base', kind: 'base', secret: testKeys.base },
        { name: 'open-api', kind: 'ak-sk', ...account },
      ],
      products: [
        {
          name: 'Chat',
          productIds: ['OFFI-CHAT', 'OFFI-CHAT-2'],
          kind: 'saas',
          delivery: {
            type: 'template',
            frontEndUrl: 'https://chat.example.com/{instanceId}',
            userName: '{customerId}',
          },
        },
      ],
      defaultProduct: 'Chat',
    } as Parameters<typeof applySetup>[0],
    systemContext,
  )
  forgetCatalog()
  tokens = await tokensOfRoles()
})

afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await Promise.all([database.drop(), sandbox.stop()])
  delete process.env.MARKETPLACE_URL
  delete process.env.MARKETPLACE_FALLBACK_URL
})

beforeEach(() => {
  sandbox.control.clearFaults()
  sandbox.control.set({ clockOffsetMs: 0 })
  forgetTroubles()
})

const buyer = {
  customerId: 'c-1',
  customerName: '华东智造',
  customerRealName: '华东智造有限公司',
  customerType: 1 as const,
  userId: null,
  userName: null,
  mobilePhone: '13812345678',
  email: 'li@example.com',
}

/** The marketplace knows this order from now on. */
function sell(orderId: string, more: Partial<OrderFacts> = {}) {
  const order = buildOrder({
    orderId,
    orderType: 'NEW',
    at: new Date('2026-11-01T02:00:00Z'),
    chargingMode: 'PERIOD',
    period: { type: 'year', number: 1 },
    expiresAt: new Date('2027-11-01T15:59:59Z'),
    product: { productId: 'OFFI-CHAT', skuCode: 'sku-1', productName: 'Chat', quantity: 10 },
    buyer,
    amount: '2980.00',
    ...more,
  })
  sandbox.control.registerOrders([order])
  return order
}

async function bought(more: Partial<OrderFacts> = {}) {
  const ids = newOrder()
  sell(ids.orderId, more)
  const { json } = await send(v2Call(purchase(ids)))
  expect(json.resultCode).toBe('000000')
  return { ...ids, instanceId: json.instanceId as string }
}

const lookUp = (orderId: string, more: object = {}) => lookUpAndAssess({ ctx: operator, input: { orderId, ...more } })
const kinds = async (orderId: string) => (await driftsOf(orderId)).map(({ kind, state }) => `${kind} ${state}`)

describe('a purchase and its order', () => {
  it('agree, and the dossier says what is through', async () => {
    const { orderId, instanceId } = await bought()
    await assessOrders([orderId])
    expect(await kinds(orderId)).toEqual([])
    const dossier = await getDossier({ ctx: as('viewer'), input: { orderId } })
    expect(dossier.instances.map((one) => one.instanceId)).toEqual([instanceId])
    expect(dossier.messages).toMatchObject([{ activity: 'newInstance', state: 'succeeded' }])
    expect(dossier.expected.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'call done',
      'delivery done',
      'collection done',
    ])
    expect(dossier.licenses).toEqual([])
    const compared = await compareInstance({ ctx: as('viewer'), input: { instanceId, refresh: false } })
    expect(compared.fields.map(({ verdict }) => verdict)).toEqual(Array(10).fill('same'))
  })

  it('stand beside the licences of the order and of its instances, masked', async () => {
    const { orderId, instanceId } = await bought()
    const license = (about: object, at: number) => {
      const id = newId()
      const facts = { kind: 'license-id', state: 'issued', reason: 'issued', test: false, asked: Buffer.from('x') }
      const createdAt = new Date(Date.UTC(2026, 10, at))
      return { id, requestKey: id, hint: '••••7Q2F', createdAt, ...facts, ...about }
    }
    const own = license({ orderId }, 1)
    const online = license({ instanceId, kind: 'license-online', state: 'waiting', hint: null }, 2)
    await prisma().license.createMany({ data: [own, online, license({ orderId: 'CS-ANOTHER' }, 3)] })
    const answer = await ask('GET', `/orders/${orderId}/dossier`, { token: tokens.viewer })
    expect(answer.status).toBe(200)
    expect(answer.body.licenses).toMatchObject([
      { id: online.id, license: null, state: 'waiting' },
      { id: own.id, license: '••••7Q2F', orderId, state: 'issued' },
    ])
  })

  it('differ after the order changed; taking it over mends the drift and leaves an event', async () => {
    const { orderId, instanceId } = await bought()
    sell(orderId, { product: { productId: 'OFFI-CHAT', skuCode: 'sku-2', productName: 'Chat', quantity: 25 } })
    const refreshed = await compareInstance({ ctx: operator, input: { instanceId, refresh: true } })
    expect(refreshed.fields.filter(({ verdict }) => verdict === 'differs')).toEqual([
      { field: 'skuCode', order: 'sku-2', instance: 'sku-1', verdict: 'differs' },
      { field: 'quantity', order: '25', instance: '10', verdict: 'differs' },
    ])
    expect(await kinds(orderId)).toEqual(['fields open'])
    const { answers, lookUps } = await getDossier({ ctx: operator, input: { orderId } })
    expect(answers).toHaveLength(2)
    expect(answers[0]?.changes).toEqual([
      { path: `lines[${orderId}-000001].products[0].skuCode`, from: 'sku-1', to: 'sku-2' },
      { path: `lines[${orderId}-000001].products[0].linearValue`, from: 10, to: 25 },
    ])
    expect(lookUps).toMatchObject([{ outcome: 'changed', actor: 'operator@example.com' }])

    await expect(
      takeOverOrder({ ctx: as('viewer'), input: { instanceId, fields: ['skuCode'] } }),
    ).rejects.toMatchObject({ code: 'forbidden' })
    const half = await takeOverOrder({ ctx: operator, input: { instanceId, fields: ['skuCode'] } })
    expect(half.fields.filter(({ verdict }) => verdict === 'differs').map(({ field }) => field)).toEqual(['quantity'])
    expect(await kinds(orderId)).toEqual(['fields open'])
    await takeOverOrder({ ctx: operator, input: { instanceId, fields: ['quantity', 'customerName'] } })
    expect(await kinds(orderId)).toEqual([])
    const events = await prisma().instanceEvent.findMany({ where: { instanceId, type: 'corrected' } })
    expect(events.filter(({ actor }) => actor === 'operator@example.com')).toHaveLength(2)
    expect(await prisma().auditEntry.count({ where: { action: 'instance.correct', target: instanceId } })).toBe(2)
    expect(await prisma().instance.findUnique({ where: { instanceId } })).toMatchObject({
      skuCode: 'sku-2',
      quantity: { amount: 25 },
    })
  })

  it('a renewal explains a later expiry, and its own order is compared with the instance', async () => {
    const { orderId, instanceId } = await bought()
    const renewal = `${orderId}R`
    const refresh = { activity: 'refreshInstance', scene: 'RENEWAL', instanceId, orderId: renewal }
    const line = { orderLineId: `${renewal}-000001`, productId: 'OFFI-CHAT' }
    expect((await send(v2Call({ ...refresh, ...line, expireTime: '20281101155959' }))).json.resultCode).toBe('000000')
    await assessOrders([orderId])
    expect(await kinds(orderId)).toEqual([])
    const { fields } = await compareInstance({ ctx: operator, input: { instanceId, refresh: false } })
    expect(fields.find(({ field }) => field === 'expiresAt')).toMatchObject({ verdict: 'moved-on' })

    sell(renewal, { orderType: 'RENEW', expiresAt: new Date('2029-11-01T15:59:59Z') })
    await lookUp(renewal)
    const drifts = await driftsOf(renewal)
    expect(drifts).toMatchObject([
      {
        kind: 'fields',
        instanceId,
        fields: [{ field: 'expiresAt', order: '2029-11-01T15:59:59.000Z', instance: '2028-11-01T15:59:59.000Z' }],
      },
    ])
    await takeOverOrder({ ctx: operator, input: { instanceId, orderId: renewal, fields: ['expiresAt'] } })
    expect(await driftsOf(renewal)).toEqual([])
  })
})

describe('drift', () => {
  it('an order nobody called about, until the call comes', async () => {
    const { orderId, orderLineId } = newOrder()
    sell(orderId)
    await lookUp(orderId)
    expect(await driftsOf(orderId)).toMatchObject([{ kind: 'no-call', orderLineId, state: 'open', reason: 'NEW' }])
    const { expected } = await getDossier({ ctx: operator, input: { orderId } })
    expect(expected).toMatchObject([{ step: 'call', state: 'waiting', orderLineId }])
    await send(v2Call(purchase({ orderId, orderLineId })))
    await assessOrders([orderId])
    expect(await driftsOf(orderId)).toEqual([])
    expect(await prisma().orderDrift.findFirst({ where: { orderId } })).toMatchObject({ state: 'mended' })
  })

  it('a mock order is none', async () => {
    await lookUp('MOCKMONTYRENEW')
    expect(await driftsOf('MOCKMONTYRENEW')).toEqual([])
  })

  it('calls about an order the marketplace does not tell, until it does', async () => {
    const { orderId, orderLineId } = newOrder()
    const at = new Date(Date.now() - 3_600_000)
    await storeMessage({ orderId, orderLineId, at })
    await checkOrders()
    expect(await driftsOf(orderId)).toMatchObject([{ kind: 'no-order', reason: 'not-asked' }])
    await expect(lookUp(orderId)).rejects.toMatchObject({ code: 'not-found', details: { code: 'MKT.0150' } })
    expect(await driftsOf(orderId)).toMatchObject([{ kind: 'no-order', reason: 'not-found-or-not-yours' }])
    expect(await fetchMissingOrders({ ctx: operator })).toEqual({ queued: 1 })
    sell(orderId)
    await lookUp(orderId)
    expect(await driftsOf(orderId)).toMatchObject([{ kind: 'no-instance', reason: '000005' }])
  })

  it('is accepted with a note until something else differs', async () => {
    const { orderId, instanceId } = await bought()
    sell(orderId, { buyer: { ...buyer, customerName: '新名称' } })
    await lookUp(orderId, { refresh: true })
    const [found] = await driftsOf(orderId)
    const id = found?.id ?? ''
    await expect(acceptDrift({ ctx: as('viewer'), input: { id, note: 'x' } })).rejects.toMatchObject({
      code: 'forbidden',
    })
    expect(await acceptDrift({ ctx: operator, input: { id, note: 'handled in the CRM' } })).toMatchObject({
      state: 'accepted',
      closedBy: 'operator@example.com',
      note: 'handled in the CRM',
    })
    await expect(acceptDrift({ ctx: operator, input: { id, note: 'again' } })).rejects.toMatchObject({
      code: 'conflict',
    })
    await assessOrders([orderId])
    expect(await kinds(orderId)).toEqual(['fields accepted'])
    expect((await reopenDrift({ ctx: operator, input: { id } })).state).toBe('open')
    await acceptDrift({ ctx: operator, input: { id, note: 'handled in the CRM' } })
    sell(orderId, { buyer: { ...buyer, customerName: '又一个名称' } })
    await lookUp(orderId, { refresh: true })
    expect(await kinds(orderId)).toEqual(['fields open'])
    const query = driftQuery.parse({ kind: 'fields', q: orderId })
    const { items, total } = await listDrifts({ ctx: as('viewer'), query })
    expect(total).toBe(1)
    expect(items).toMatchObject([{ instanceId, customerName: '又一个名称' }])
  })

  it('two checks at once write one row', async () => {
    const { orderId } = newOrder()
    sell(orderId)
    await lookUp(orderId)
    await Promise.all(Array.from({ length: 8 }, () => assessOrders([orderId])))
    expect(await prisma().orderDrift.count({ where: { orderId } })).toBe(1)
  })
})

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}
const importText = (text: string, name = 'transactions.csv') =>
  importOrders({ ctx: operator, input: { name, file: bytes(text) } })
const rowsOf = async (id: string) =>
  (await listImportRows({ ctx: as('viewer'), input: { id }, query: importRowQuery.parse({}) })).items

describe('an imported file', () => {
  it('is matched row by row, with what differs and what it lacks', async () => {
    const [same, other, absent] = [await bought(), await bought(), await bought()]
    const lonely = newOrder().orderId
    sell(lonely)
    await lookUp(lonely)
    const unknown = newOrder().orderId
    const now = new Date(Date.now() + 8 * 3_600_000 + 60_000).toISOString().slice(0, 16).replace('T', ' ')
    const early = new Date(Date.now() + 7.9 * 3_600_000).toISOString().slice(0, 16).replace('T', ' ')
    const text = [
      '云商店交易明细',
      '客户账号,订单编号,订单类型,订单金额(元),账期,服务监管状态,备注,购买时间',
      `华东*,${same.orderId},新购,"2,980.00",202611,不涉及,x,2026-11-01 10:00:00`,
      `华北智造,${other.orderId},续费,2980.01,202611,不涉及,x,2026-11-01 18:00:00`,
      `某公司,${lonely},新购,2980,202611,不涉及,x,${early}`,
      `某公司,${unknown},新购,1,202611,-,x,${now}`,
      '无订单号,,新购,1,202611,-,x,',
    ].join('\r\n')
    const done = await importText(text)
    expect(done).toMatchObject({
      kind: 'transactions',
      rows: 5,
      ignored: ['备注'],
      columns: { orderId: '订单编号', createdAt: '购买时间' },
      counts: { matched: 1, differs: 1, 'no-call': 1, 'no-order': 1, unreadable: 1 },
    })
    const rows = await rowsOf(done.id)
    expect(rows.slice(0, 5).map(({ position, result }) => [position, result])).toEqual([
      [3, 'matched'],
      [4, 'differs'],
      [5, 'no-call'],
      [6, 'no-order'],
      [7, 'unreadable'],
    ])
    expect(rows[0]?.instanceId).toBe(same.instanceId)
    expect(rows[1]?.differences).toEqual([
      { field: 'orderType', file: '续费', desk: 'NEW' },
      { field: 'customerName', file: '华北智造', desk: '华东智造' },
      { field: 'createdAt', file: '2026-11-01 18:00:00', desk: '2026-11-01T02:00:00.000Z' },
      { field: 'amount', file: '2980.01', desk: '2980.00' },
    ])
    expect(rows.slice(5).map(({ result }) => new Set([result]))).toEqual(rows.slice(5).map(() => new Set(['missing'])))
    expect(rows.filter(({ result }) => result === 'missing').map(({ orderId }) => orderId)).toContain(absent.orderId)
    expect(done.counts.missing).toBeGreaterThanOrEqual(1)

    await expect(importText(text)).rejects.toMatchObject({ code: 'conflict', details: { importId: done.id } })
    expect(await fetchImported({ ctx: operator, input: { id: done.id } })).toEqual({ queued: 1 })
    sell(unknown, { amount: '1' })
    await lookUp(unknown)
    expect((await matchAgain({ ctx: operator, input: { id: done.id } })).counts).toMatchObject({
      'no-order': 0,
      'no-call': 2,
    })
    expect((await listImports({ ctx: as('viewer'), query: { limit: 50 } })).items[0]?.id).toBe(done.id)
    const csv: unknown[] = []
    for await (const page of everyImportRow({ ctx: as('viewer'), id: done.id, result: 'differs' })) csv.push(...page)
    expect(csv).toMatchObject([
      { position: 4, result: 'differs', differences: expect.stringContaining('amount: 2980.01 ≠') },
    ])
  })

  it('sums the rows of one order', async () => {
    const { orderId } = await bought()
    const done = await importText(`Order ID,Amount Paid\n${orderId},1000.00\n${orderId},1980\n`, 'sums.csv')
    expect(done.counts).toMatchObject({ matched: 2, differs: 0 })
  })

  it('is refused with its reason', async () => {
    await expect(importText('a,b\n1,2\n')).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringMatching(/订单号/),
    })
    await expect(importText('Order ID\n')).rejects.toMatchObject({ code: 'invalid' })
    await expect(
      importOrders({ ctx: as('viewer'), input: { name: 'x.csv', file: bytes('Order ID\nCS1\n') } }),
    ).rejects.toMatchObject({ code: 'forbidden' })
    await expect(getImport({ ctx: operator, input: { id: crypto.randomUUID() } })).rejects.toMatchObject({
      code: 'not-found',
    })
  })
})

describe('the marketplace in trouble', () => {
  it.each([
    ['MKT.0250', 'rate-limited'],
    ['APIGW.0303', 'clock-skew'],
    ['APIGW.0301', 'auth'],
    ['MKT.0999', 'marketplace'],
    ['MKT.0101', 'invalid'],
    ['garbage', 'unreadable'],
    ['cut', 'gateway'],
  ] as const)('%s is told as %s, and the stored order stays', async (answer, family) => {
    const { orderId } = newOrder()
    sell(orderId)
    await lookUp(orderId)
    sandbox.control.addFault({ orderId, answer })
    const told = await lookUp(orderId, { refresh: true })
    expect(told).toMatchObject({ orderId, refreshError: expect.any(String), refreshFailure: { family } })
    const { lookUps } = await getDossier({ ctx: operator, input: { orderId } })
    expect(lookUps[0]).toMatchObject({ outcome: 'failed', family })
  })

  it('a clock that is off is said with by how much, once the gateway refuses and before', async () => {
    const { orderId } = newOrder()
    sell(orderId)
    sandbox.control.set({ clockOffsetMs: -5 * 60_000 })
    const told = await lookUp(orderId)
    expect(told.clockSkewMs).toBeGreaterThan(4.9 * 60_000)
    expect(told.clockSkewMs).toBeLessThan(5.1 * 60_000)
    sandbox.control.set({ clockOffsetMs: 20 * 60_000 })
    const refused = await lookUp(orderId, { refresh: true })
    expect(refused.refreshFailure).toMatchObject({ family: 'clock-skew' })
    expect(Math.round((refused.refreshFailure?.skewMs ?? 0) / 60_000)).toBe(-20)
  })

  it('a first host that is away or slow costs no answer', async () => {
    for (const fault of [{ answer: 'cut' }, { delayMs: 60_000 }] as const) {
      const { orderId } = newOrder()
      sell(orderId)
      sandbox.control.addFault({ host: 'primary', orderId, ...fault })
      expect(await lookUp(orderId)).toMatchObject({ orderId })
      expect(
        sandbox.control.requests().filter((one) => one.orderId === orderId && one.host === 'fallback'),
      ).toHaveLength(1)
    }
  }, 20_000)
})
