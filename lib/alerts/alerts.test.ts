import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { storeCall, storeMessage } from '@/lib/calls/testing'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs, wakeJobs } from '@/lib/jobs'
import { storeInstances, storeUsageProduct } from '@/lib/usage/testing'
import type { Context } from '@/lib/users/context'
import { checkAlerts, getAlertSettings, listAlerts, saveAlertSettings, sendAlertNotice, testAlerts } from '.'
import { isQuiet } from './settings'
import { alertKinds } from './types'

vi.hoisted(() => {
  process.env.LOG_LEVEL = 'silent'
})

const admin: Context = { actor: { name: 'admin@example.com', via: 'user', role: 'admin' } }
const operator: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
const secret = 'whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ='
const minute = 60_000

type Event = { headers: Record<string, string>; body: string }
let database: Awaited<ReturnType<typeof testDatabase>>
let smtp: SMTPServer
let hook: Server
let hookStatus = 204
let mails: { to: string[]; text: string }[] = []
let events: Event[] = []

/** The body of a mail of one part. */
function decode(head: string, body: string): string {
  if (/^content-transfer-encoding: base64/im.test(head)) return Buffer.from(body, 'base64').toString('utf8')
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

beforeAll(async () => {
  database = await testDatabase()
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      text(stream).then((source) => {
        const [head = '', body = ''] = source.split(/\r\n\r\n([\s\S]*)/)
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), text: decode(head, body) })
        done()
      }, done)
    },
  })
  await new Promise<void>((done) => smtp.listen(0, '127.0.0.1', () => done()))
  hook = createServer(async (request, response) => {
    events.push({ headers: request.headers as Record<string, string>, body: await text(request) })
    response.writeHead(hookStatus).end()
  })
  await new Promise<void>((done) => hook.listen(0, '127.0.0.1', done))
  process.env.SMTP_URL = `smtp://127.0.0.1:${(smtp.server.address() as AddressInfo).port}`
  process.env.MAIL_FROM = 'desk@seller.example'
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '1'
  provideEnv({ databaseUrl: database.url, deskSecret: 'alerts-test-secret-0001' })
  registerHandlers({ 'send-alert': ({ noticeId }) => sendAlertNotice(noticeId) })
  await startJobs()
})

afterAll(async () => {
  await stopJobs(0)
  await prisma().$disconnect()
  await database.drop()
  await new Promise((done) => hook.close(done))
  await new Promise<void>((done) => smtp.close(() => done()))
  delete process.env.SMTP_URL
  delete process.env.MAIL_FROM
})

const kindsOff = Object.fromEntries(alertKinds.map((kind) => [kind, false]))
const settings = (kinds: object, more: object = {}) =>
  saveAlertSettings({
    ctx: admin,
    input: {
      mailTo: ['duty@seller.example'],
      webhook: { url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}/alerts`, secret },
      kinds: { ...kindsOff, ...kinds },
      ...more,
    },
  })

beforeEach(async () => {
  hookStatus = 204
  await prisma().$executeRaw`TRUNCATE alerts, notices, messages, calls, instances, products CASCADE`
  mails = []
  events = []
})

async function delivered(count: number): Promise<void> {
  wakeJobs('send-alert')
  await vi.waitFor(() => expect(mails.length + events.length).toBe(count), 15_000)
  await vi.waitFor(async () => expect(await prisma().notice.count({ where: { state: 'composed' } })).toBe(0), 5000)
}

const alerts = async () => (await listAlerts({ ctx: operator, query: { limit: 50 } })).items

/** A message that began to fail `ago` minutes ago; its window of 3 hours stands as the calls would have left it. */
async function failing(ago: number, more: object = {}) {
  const at = new Date(Date.now() - ago * minute)
  const made = await storeMessage({ at, orderId: 'CS1', instanceId: 'inst-1', resultCode: '000100', ...more })
  const retryUntil = new Date(at.getTime() + 180 * minute)
  await prisma().message.update({ where: { id: made.id }, data: { retryUntil } })
  return made
}

describe('a message in its last 30 minutes', () => {
  it('is told once, by mail and by a signed webhook, and again when it is mended', async () => {
    await settings({ 'message-window': true })
    await failing(60)
    const { id } = await failing(155, { orderId: 'CS2' })
    await checkAlerts()
    await checkAlerts()
    await Promise.all([checkAlerts(), checkAlerts()])
    await delivered(2)
    expect(mails[0]?.to).toEqual(['duty@seller.example'])
    for (const said of ['沙箱', 'newInstance', 'CS2', 'inst-1', id, '000100', `/calls/messages/${id}`]) {
      if (said !== '沙箱') expect(mails[0]?.text).toContain(said)
    }
    expect(mails[0]?.text).toMatch(/重试窗口仅剩 2[45] 分钟/)
    expect(mails[0]?.text).toMatch(/2[45] minutes are left/)
    const [event] = events as [Event]
    const told = new Webhook(secret).verify(event.body, event.headers) as { type: string; data: { alert: object } }
    expect(told).toMatchObject({
      type: 'alert.firing',
      data: { alert: { kind: 'message-window', orderId: 'CS2', messageId: id, activity: 'newInstance' } },
    })
    expect(await alerts()).toMatchObject([
      { kind: 'message-window', state: 'firing', orderId: 'CS2', sent: 2, failed: 0 },
    ])

    await prisma().message.update({ where: { id }, data: { state: 'succeeded', retryUntil: null } })
    await checkAlerts()
    await delivered(4)
    expect(mails[1]?.text).toContain('已恢复')
    expect(JSON.parse(events[1]?.body ?? '')).toMatchObject({
      type: 'alert.recovered',
      data: { alert: { end: 'recovered' } },
    })
    await checkAlerts()
    expect(await alerts()).toMatchObject([{ state: 'recovered', sent: 4 }])
  })

  it('whose window closes without success is no recovery', async () => {
    await settings({ 'message-window': true })
    const { id } = await failing(170)
    await checkAlerts()
    await prisma().message.update({ where: { id }, data: { retryUntil: new Date(Date.now() - 1000) } })
    await checkAlerts()
    await delivered(4)
    expect(mails.map(({ text: said }) => said).join()).toContain('仍未成功')
    expect(await alerts()).toMatchObject([{ state: 'lapsed' }])
  })

  it('more than three at once share a mail', async () => {
    await settings({ 'message-window': true })
    for (const order of ['CS1', 'CS2', 'CS3', 'CS4']) await failing(160, { orderId: order })
    await checkAlerts()
    await delivered(5)
    expect(mails).toHaveLength(1)
    for (const order of ['CS1', 'CS2', 'CS3', 'CS4']) expect(mails[0]?.text).toContain(order)
  })
})

it('three failed orders of a product are told, also after a replay put them right', async () => {
  await settings({ 'failed-orders': true })
  const productRef = newId()
  await prisma().product.create({
    data: { id: productRef, name: 'Team chat', kind: 'saas', deliveryType: 'manual', delivery: {} },
  })
  const now = new Date('2026-03-15T04:00:00Z')
  const at = new Date(now.getTime() - 200 * minute)
  const order = async (orderId: string, source: string) => {
    const made = await storeMessage({ at, orderId, productRef })
    const later = { at: new Date(at.getTime() + 60 * minute), outcome: 'succeeded', resultCode: '000000' }
    await storeCall({ messageId: made.id, orderId, source, ...later })
  }
  await order('CS1', 'replay')
  await order('CS2', 'replay')
  await order('CS4', 'marketplace')
  await checkAlerts(now)
  expect(await alerts()).toEqual([])
  await order('CS3', 'replay')
  await checkAlerts(new Date(now.getTime() - 25 * minute))
  expect(await alerts()).toEqual([])
  await checkAlerts(now)
  await delivered(2)
  expect(await alerts()).toMatchObject([{ kind: 'failed-orders', productName: 'Team chat', count: 3, limit: 5 }])
})

it('a failed probe, a stuck delivery and a low pool are told', async () => {
  await settings({ 'probe-failed': true, 'delivery-stuck': true, 'pool-low': true })
  const productRef = newId()
  await prisma().product.create({
    data: { id: productRef, name: 'Pool', kind: 'saas', deliveryType: 'pool', delivery: {} },
  })
  await storeMessage({ test: true, productRef, resultCode: '000005' })
  await prisma().instance.create({
    data: {
      instanceId: 'stuck-1',
      purchaseKey: 'p1',
      state: 'pending',
      protocol: 'saas-v2',
      productRef,
      orderId: 'CS9',
      test: false,
      deliveryState: 'waiting',
      deliveryError: 'the pool is empty',
      createdAt: new Date(Date.now() - 20 * minute),
    },
  })
  await checkAlerts()
  await delivered(6)
  const found = (await alerts()).map(({ kind, cause, productName }) => ({ kind, cause, productName }))
  expect(found).toEqual(
    expect.arrayContaining([
      { kind: 'probe-failed', cause: '000005 · internal error', productName: 'Pool' },
      { kind: 'delivery-stuck', cause: 'the pool is empty', productName: 'Pool' },
      { kind: 'pool-low', cause: null, productName: 'Pool' },
    ]),
  )
  await storeMessage({ test: true, productRef, outcome: 'succeeded', resultCode: '000000', state: 'succeeded' })
  await checkAlerts()
  expect((await alerts()).find(({ kind }) => kind === 'probe-failed')).toMatchObject({ state: 'recovered' })
})

describe('late usage', () => {
  const now = new Date('2026-03-15T04:20:00Z')
  const record = async (
    productRef: string | null,
    instanceId: string,
    endAt: string,
    state: string,
    changedAt = endAt,
  ) => {
    const end = new Date(endAt)
    const meteringSn = `sn-${instanceId}-${endAt}`
    const beginAt = new Date(end.getTime() - 60 * minute)
    const month = new Date(beginAt.getTime() + 480 * minute).toISOString().slice(0, 7)
    const row = {
      id: newId(),
      meteringSn,
      wireSn: meteringSn,
      instanceId,
      productRef,
      month,
      beginAt,
      endAt: end,
      state,
    }
    await prisma().usageRecord.create({
      data: { ...row, value: '1', source: 'api', changedAt: new Date(changedAt) },
    })
  }
  const found = async () => (await alerts()).map(({ productName, count, state }) => [productName, count, state])
  let hourly: string
  let daily: string
  let monthly: string

  beforeEach(async () => {
    await prisma().$executeRaw`TRUNCATE usage_records, usage_settings, usage_pushes CASCADE`
    await settings({ 'usage-late': true })
    hourly = await storeUsageProduct('Hourly', { rhythm: 'hourly' })
    daily = await storeUsageProduct('Daily', { rhythm: 'daily' })
    monthly = await storeUsageProduct('Monthly')
  })

  it('is told once with its product, instance, cause and page, and again when it is pushed', async () => {
    await storeInstances(['inst-h'], { productRef: hourly, openedAt: new Date('2026-03-01T00:00:00Z') })
    await record(hourly, 'inst-h', '2026-03-15T02:00:00Z', 'queued')
    await record(hourly, 'inst-h', '2026-03-15T04:00:00Z', 'queued')
    await prisma().usagePush.create({
      data: {
        ...{ id: newId(), state: 'stopped', origin: 'schedule', productRef: hourly, filter: {}, total: 1 },
        ...{ error: '94060000: signature error\nmore', createdBy: 'system', createdAt: now },
      },
    })
    await checkAlerts(now)
    await Promise.all([checkAlerts(now), checkAlerts(now)])
    await delivered(2)
    const path = `/usage?view=records&month=2026-03&productId=${hourly}`
    for (const said of [
      '1 条话单已过推送时间',
      '1 usage record should',
      'Hourly',
      'inst-h',
      '94060000: signature error',
      path,
    ])
      expect(mails[0]?.text).toContain(said)
    expect(mails[0]?.text).not.toContain('more')
    const [event] = events as [Event]
    expect(new Webhook(secret).verify(event.body, event.headers)).toMatchObject({
      type: 'alert.firing',
      data: { alert: { kind: 'usage-late', productName: 'Hourly', instanceId: 'inst-h', count: 1 } },
    })
    await prisma().usageRecord.updateMany({ data: { state: 'accepted' } })
    await checkAlerts(now)
    await delivered(4)
    expect(mails[1]?.text).toContain('已恢复：用量已按时推送')
    expect(await found()).toEqual([['Hourly', 1, 'recovered']])
  })

  it.each([
    ['hourly', '2026-03-15T02:00:00Z', '2026-03-15T03:59:00Z', false],
    ['hourly', '2026-03-15T02:00:00Z', '2026-03-15T04:00:00Z', true],
    ['daily', '2026-03-14T16:00:00Z', '2026-03-14T16:59:00Z', false],
    ['daily', '2026-03-14T16:00:00Z', '2026-03-14T17:00:00Z', true],
    ['monthly', '2026-02-28T16:00:00Z', '2026-03-01T15:59:00Z', false],
    ['monthly', '2026-02-28T16:00:00Z', '2026-03-01T16:00:00Z', true],
    ['monthly', '2026-03-01T12:00:00Z', '2026-03-19T10:59:00Z', false],
    ['monthly', '2026-03-01T12:00:00Z', '2026-03-19T11:01:00Z', true],
  ])('of a %s product until %s is late at %s: %s', async (rhythm, endAt, at, late) => {
    const productRef = { hourly, daily, monthly }[rhythm] ?? ''
    await record(productRef, 'inst', endAt, 'draft')
    await checkAlerts(new Date(at))
    expect((await found()).length).toBe(late ? 1 : 0)
  })

  it('is counted whatever it waits for, of products and without one', async () => {
    await record(daily, 'inst', '2026-03-14T01:00:00Z', 'draft')
    await record(daily, 'inst', '2026-03-14T02:00:00Z', 'queued')
    await record(daily, 'inst', '2026-03-14T03:00:00Z', 'pushed')
    await record(daily, 'inst', '2026-03-14T04:00:00Z', 'rejected')
    await record(null, 'inst', '2026-02-24T04:00:00Z', 'draft')
    await checkAlerts(now)
    expect((await found()).sort(([one], [other]) => String(one).localeCompare(String(other)))).toEqual([
      ['Daily', 3, 'firing'],
      [null, 1, 'firing'],
    ])
  })

  it('what only just came in has a quarter of an hour to go out', async () => {
    await record(hourly, 'inst', '2026-03-15T01:00:00Z', 'queued', '2026-03-15T04:10:00Z')
    await checkAlerts(now)
    expect(await found()).toEqual([])
    await checkAlerts(new Date(now.getTime() + 10 * minute))
    expect(await found()).toEqual([['Hourly', 1, 'firing']])
  })

  it('is also told when a product in use sends nothing any more; an instance alone may rest', async () => {
    const openedAt = new Date('2026-03-01T00:00:00Z')
    await storeInstances(['rests', 'works'], { productRef: hourly, openedAt })
    await record(hourly, 'rests', '2026-03-14T20:00:00Z', 'accepted')
    await record(hourly, 'works', '2026-03-15T02:00:00Z', 'accepted')
    await checkAlerts(now)
    expect(await found()).toEqual([])
    await checkAlerts(new Date('2026-03-15T05:00:00Z'))
    expect(await found()).toEqual([['Hourly', 0, 'firing']])
    await record(hourly, 'works', '2026-03-15T03:00:00Z', 'accepted')
    await checkAlerts(new Date('2026-03-15T05:01:00Z'))
    expect(await found()).toEqual([['Hourly', 0, 'recovered']])
    await prisma().instance.updateMany({ data: { state: 'released' } })
    await checkAlerts(new Date('2026-03-15T09:00:00Z'))
    expect((await found()).filter(([, , state]) => state === 'firing')).toEqual([])
  })
})

describe('quiet hours', () => {
  const at = (time: string) => new Date(`2026-03-02T${time}:00+08:00`)
  it.each([
    ['22:00', '08:00', '23:30', true],
    ['22:00', '08:00', '07:59', true],
    ['22:00', '08:00', '08:00', false],
    ['12:00', '14:00', '13:00', true],
    ['12:00', '14:00', '14:00', false],
  ])('from %s to %s: at %s %s', (from, to, time, quiet) => {
    expect(isQuiet({ quietHours: { from, to, timeZone: 'Asia/Shanghai' } }, at(time))).toBe(quiet)
  })

  it('hold everything back but what is urgent, and tell what still goes on afterwards', async () => {
    const now = new Date()
    const clock = (ms: number) => new Date(ms + 8 * 60 * minute).toISOString().slice(11, 16)
    const quietHours = { from: clock(now.getTime() - 5 * minute), to: clock(now.getTime() + 60 * minute) }
    await settings({ 'message-window': true, 'pool-low': true }, { quietHours })
    for (const name of ['One', 'Two']) {
      await prisma().product.create({ data: { id: newId(), name, kind: 'saas', deliveryType: 'pool', delivery: {} } })
    }
    await failing(160)
    await checkAlerts(now)
    await delivered(2)
    expect(await prisma().notice.count()).toBe(2)
    await prisma().product.deleteMany({ where: { name: 'One' } })
    await checkAlerts(new Date(now.getTime() + minute))
    await settings({ 'pool-low': true })
    await checkAlerts(new Date(now.getTime() + 2 * minute))
    await delivered(4)
    expect(mails[1]?.text).toContain('Two')
  })
})

it('a webhook that fails is tried again by the job, and the last state is on the alert', async () => {
  await settings({ 'pool-low': true }, { mailTo: [] })
  hookStatus = 500
  await prisma().product.create({ data: { id: newId(), name: 'P', kind: 'saas', deliveryType: 'pool', delivery: {} } })
  await checkAlerts()
  const { id } = await prisma().notice.findFirstOrThrow()
  await expect(sendAlertNotice(id)).rejects.toThrow('The webhook answered 500.')
  expect((await alerts())[0]).toMatchObject({ sent: 0, failed: 1 })
  hookStatus = 200
  await sendAlertNotice(id)
  const before = events.length
  await sendAlertNotice(id)
  expect(events).toHaveLength(before)
  expect(new Set(events.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect((await alerts())[0]).toMatchObject({ sent: 1, failed: 0 })
})

describe('the settings', () => {
  it('keep the secret of the webhook, and never tell it', async () => {
    const saved = await settings({ 'pool-low': true })
    expect(saved.webhook).toMatchObject({ secretSet: true })
    const url = 'https://hooks.example.com/x'
    await saveAlertSettings({ ctx: admin, input: { webhook: { url, secretSet: true } } })
    expect(await getAlertSettings({ ctx: admin })).toMatchObject({
      webhook: { url, secretSet: true },
      thresholds: { windowMinutes: 30, failedOrders: 3 },
    })
    const rows = JSON.stringify([await prisma().setting.findMany(), await prisma().auditEntry.findMany()])
    expect(rows).not.toContain('c2VjcmV0')
    await saveAlertSettings({ ctx: admin, input: {} })
    await expect(saveAlertSettings({ ctx: admin, input: { webhook: { url } } })).rejects.toMatchObject({
      code: 'invalid',
      field: 'webhook.secret',
    })
  })

  it.each([
    [{ mailTo: ['nobody'] }, 'mailTo[0]'],
    [{ thresholds: { failedOrders: 9 } }, 'thresholds.failedOrders'],
    [{ quietHours: { from: '25:00', to: '08:00' } }, 'quietHours.from'],
    [{ quietHours: { from: '08:00', to: '08:00' } }, 'quietHours.to'],
    [{ webhook: { url: 'ftp://x', secret } }, 'webhook.url'],
  ])('refuse %j', async (input, field) => {
    await expect(saveAlertSettings({ ctx: admin, input })).rejects.toMatchObject({ code: 'invalid', field })
  })

  it('are for administrators', async () => {
    await expect(getAlertSettings({ ctx: operator })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(saveAlertSettings({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(testAlerts({ ctx: operator })).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('are tried out over every channel, and say what went wrong where', async () => {
    await settings({})
    hookStatus = 404
    const { results } = await testAlerts({ ctx: admin })
    expect(results).toEqual([
      { channel: 'mail', recipient: 'duty@seller.example', error: null },
      { channel: 'webhook', recipient: expect.stringMatching(/^127\.0\.0\.1:/), error: 'The webhook answered 404.' },
    ])
    expect(mails[0]?.text).toContain('这是一条测试通知')
    expect(JSON.parse(events[0]?.body ?? '')).toMatchObject({ type: 'alert.test' })
  })
})
