import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { importPool } from '@/lib/delivery'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { produceLicense, rebuildLicense, uploadLicense } from '@/lib/licenses'
import { denyLicense, issueLicense, retryLicense, revealLicense } from '@/lib/licenses/actions'
import {
  activateLicense,
  activateLicenses,
  queryLicense,
  queryLicenses,
  reportUsage,
  setLicenseSettings,
  sweepLicenses,
} from '@/lib/licenses/code-actions'
import { addLicenses, importLicenses } from '@/lib/licenses/import'
import { getLicense, listLicenses } from '@/lib/licenses/queries'
import { bodySign } from '@/lib/marketplace'
import { applySetup } from '@/lib/setup'
import { systemContext } from '@/lib/users/context'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { startWebhookSeller, type WebhookSeller } from '@/sandbox/webhook-seller'
import { replayMessage, settleApplication } from './index'
import { newOrder, purchase, send, v1Call, v2Call } from './test-marketplace'

const account = { accessKeyId: 'TESTACCESSKEY', secret: 'test-secret-access-key' }
const keys = { license: 'test-license-key-0001', base: 'test-access-key-0001' }
const webhookSecret = `whsec_${Buffer.from('test-webhook-secret-000000000001').toString('base64')}`
const ctx = systemContext

let database: Awaited<ReturnType<typeof testDatabase>>
let sandbox: Sandbox
let seller: WebhookSeller

beforeAll(async () => {
  database = await testDatabase()
  sandbox = await startSandbox({ accounts: [account] })
  seller = await startWebhookSeller({ secret: webhookSecret })
  process.env.MARKETPLACE_URL = sandbox.url
  process.env.MARKETPLACE_FALLBACK_URL = sandbox.fallbackUrl
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '1'
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  const product = (name: string, kind: string, more: object) => ({ name, kind, productIds: [name], ...more })
  await applySetup(
    {
      credentials: [
        { name: 'licence', kind: 'license', secret: keys.license },
        { name: 'base', kind: 'base', secret: keys.base },
        { name: 'open-api', kind: 'ak-sk', ...account },
      ],
      products: [
        product('text-manual', 'license-id', { delivery: { type: 'manual' } }),
        product('text-pool', 'license-id', { delivery: { type: 'pool' } }),
        product('text-webhook', 'license-id', {
          delivery: { type: 'webhook', url: `${seller.url}/licences`, secret: webhookSecret },
        }),
        product('codes', 'license-code', {}),
        product('online', 'license-online', { delivery: { type: 'manual' } }),
        product('strict', 'license-online', {
          delivery: { type: 'pool' },
          licenseRules: { checkQuota: true, checkDates: true, needsDevice: true },
        }),
      ],
    },
    ctx,
  )
  forgetCatalog()
})

afterAll(async () => {
  await stopJobs()
  await Promise.all([sandbox.stop(), seller.stop()])
  await prisma().$disconnect()
  await database.drop()
})

beforeEach(() => {
  seller.setMode('ok')
  sandbox.control.licenses.clear()
})

let codes = 0
const newCode = () => `PL${String(Date.now()).slice(-6)}${String(++codes).padStart(4, '0')}`
const posted = (body: object, at?: number) => send(v2Call(body, { key: keys.license, ...(at ? { at } : {}) }))
const fetched = (params: Record<string, string>, at?: number) =>
  send(v1Call(params, { key: keys.license, ...(at ? { at } : {}) }))
const wanted = (productId: string, orderId: string, more: Record<string, string> = {}) => ({
  activity: 'getLicense',
  orderId,
  businessId: `b-${Math.random()}`,
  customerId: 'customer-1',
  customerName: '华为客户',
  productId,
  saasExtendParams: Buffer.from('[{"name":"identificationCode","value":"MACHINE-CODE-00000000001"}]').toString(
    'base64',
  ),
  ...more,
})
const only = async (where: object) => prisma().license.findFirstOrThrow({ where, orderBy: { createdAt: 'desc' } })
const messageOf = (orderId: string) => prisma().message.findFirstOrThrow({ where: { orderId } })

describe('licence 1.0', () => {
  it('waits for staff, and the marketplace’s next call fetches what they issued', async () => {
    const { orderId } = newOrder()
    const first = await fetched(wanted('text-manual', orderId))
    expect(first.json).toMatchObject({ resultCode: '000004', instanceId: expect.any(String) })
    expect(first.headers['Body-Sign']).toBe(bodySign(first.body, keys.license))
    const { id } = await only({ orderId })
    expect(await getLicense({ ctx, id })).toMatchObject({
      state: 'waiting',
      reason: 'waits-for-staff',
      nextEvent: { type: 'issue' },
      license: null,
      identificationCode: true,
      customerName: '华为客户',
    })
    await issueLicense({ ctx, input: { id, license: 'LICENSE-TEXT-0001' } })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'issued', nextEvent: { type: 'retry' } })
    expect(await messageOf(orderId)).toMatchObject({ state: 'open' })
    await expect(issueLicense({ ctx, input: { id, license: 'ANOTHER' } })).rejects.toMatchObject({ code: 'conflict' })
    const second = await fetched(wanted('text-manual', orderId))
    expect(second.json).toMatchObject({
      resultCode: '000000',
      license: 'LICENSE-TEXT-0001',
      instanceId: first.json.instanceId,
    })
    expect(second.headers['Body-Sign']).toBe(bodySign(second.body, keys.license))
    const shown = await getLicense({ ctx, id })
    expect(shown).toMatchObject({ state: 'active', license: '••••0001' })
    expect(shown.timeline.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['requested', 'issued', 'fetched', 'getLicense']),
    )
    expect(await messageOf(orderId)).toMatchObject({ state: 'succeeded', attempts: 2 })
    const stored = JSON.stringify([
      shown,
      await prisma().licenseEvent.findMany({ omit: { position: true } }),
      await prisma().auditEntry.findMany(),
      await prisma().message.findMany(),
    ])
    expect(stored).not.toContain('LICENSE-TEXT-0001')
    expect(await revealLicense({ ctx, input: { id } })).toMatchObject({
      license: 'LICENSE-TEXT-0001',
      identificationCode: 'MACHINE-CODE-00000000001',
    })
  })

  it('twenty identical requests at once get one licence of the pool', async () => {
    const { id } = await prisma().product.findFirstOrThrow({ where: { name: 'text-pool' } })
    const csv = 'license,identificationCode\nPOOL-A,\nPOOL-B,\n"BOUND\nOF TWO LINES",MACHINE-CODE-00000000001\n'
    expect(await importPool({ ctx, input: { productRef: id, csv } })).toMatchObject({ added: 3, errors: [] })
    const { orderId } = newOrder()
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetched(wanted('text-pool', orderId))))
    expect(new Set(answers.map(({ json }) => json.license))).toEqual(new Set(['BOUND\nOF TWO LINES']))
    expect(new Set(answers.map(({ json }) => json.instanceId)).size).toBe(1)
    expect(await prisma().license.count({ where: { orderId } })).toBe(1)
    for (const text of ['POOL-A', 'POOL-B'])
      expect((await fetched(wanted('text-pool', newOrder().orderId))).json.license).toBe(text)
    const empty = newOrder().orderId
    expect((await fetched(wanted('text-pool', empty))).json).toMatchObject({ resultCode: '000100' })
    expect(await only({ orderId: empty })).toMatchObject({ state: 'waiting', reason: 'pool-empty' })
    await importPool({ ctx, input: { productRef: id, csv: 'license\nPOOL-C\n' } })
    expect((await fetched(wanted('text-pool', empty))).json).toMatchObject({ resultCode: '000000', license: 'POOL-C' })
  })

  it('asks the seller’s software within the call, and keeps the first text', async () => {
    const { orderId } = newOrder()
    const answers = await Promise.all([1, 2, 3].map(() => fetched(wanted('text-webhook', orderId))))
    const [license] = new Set(answers.map(({ json }) => json.license))
    expect(license).toMatch(/^LIC-/)
    expect(new Set(answers.map(({ json }) => json.license)).size).toBe(1)
    const [event] = seller.received().filter((one) => one.orderId === orderId)
    expect(event).toMatchObject({ verified: true, type: 'license.requested' })
    expect(JSON.parse(event?.body ?? '')).toMatchObject({
      data: { identificationCode: 'MACHINE-CODE-00000000001', license: { orderId, kind: 'license-id' } },
    })
    expect(await messageOf(orderId)).toMatchObject({ state: 'succeeded' })
  })

  it('passes a refusal on in the marketplace’s words, and tries again when it is asked again', async () => {
    const { orderId } = newOrder()
    seller.setMode('refuse')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000100' })
    expect(await only({ orderId })).toMatchObject({ reason: 'webhook-refused', errorCode: '000100' })
    seller.setMode('later')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000004' })
    expect(await only({ orderId })).toMatchObject({ reason: 'waits-for-webhook' })
    seller.setMode('error')
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000004' })
    expect(await only({ orderId })).toMatchObject({ reason: 'webhook-failed' })
    seller.setMode('ok')
    const { id } = await only({ orderId })
    expect(await produceLicense(id, { deadline: Date.now() + 5000 })).toMatchObject({ outcome: 'issued' })
    expect((await fetched(wanted('text-webhook', orderId))).json).toMatchObject({ resultCode: '000000' })
  })

  it('answers what staff denied, until it is issued after all', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId))
    const { id } = await only({ orderId })
    await denyLicense({ ctx, input: { id, code: '000103', note: '重复购买' } })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({
      resultCode: '000103',
      resultMsg: '重复购买',
    })
    await expect(denyLicense({ ctx, input: { id } })).rejects.toMatchObject({ code: 'conflict' })
    await issueLicense({ ctx, input: { id, license: 'AFTER-ALL' } })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({ license: 'AFTER-ALL' })
  })

  it('keeps test licences apart, and tells when it knows none', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId, { testFlag: '1' }))
    await fetched(wanted('text-manual', orderId))
    expect(await prisma().license.count({ where: { orderId } })).toBe(2)
    const nobody = await fetched({ activity: 'releaseLicense', orderId: 'CSNOBODY', instanceId: 'nobody' })
    expect(nobody.json).toMatchObject({ resultCode: '000003' })
    const wrong = await fetched({ ...wanted('text-manual', orderId), saasExtendParams: '!!!' })
    expect(wrong.json).toMatchObject({ resultCode: '000002' })
    expect(wrong.json.resultMsg).toContain('saasExtendParams')
  })

  it('a dry run shows what would change and changes nothing; a replay does it once', async () => {
    const { orderId } = newOrder()
    await fetched(wanted('text-manual', orderId))
    const { id } = await only({ orderId })
    await issueLicense({ ctx, input: { id, license: 'REPLAYED-0001' } })
    const message = await messageOf(orderId)
    const dry = await replayMessage({ ctx, input: { messageId: message.id, dryRun: true } })
    expect(dry).toMatchObject({ resultCode: '000000', replayId: null })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'issued' })
    const instanceId = (await only({ orderId })).instanceId ?? ''
    const renewed = await fetched({
      activity: 'refreshLicense',
      orderId: newOrder().orderId,
      instanceId,
      expireTime: '20300101000000',
    })
    expect(renewed.json.resultCode).toBe('000000')
    const renewal = await prisma().message.findFirstOrThrow({ where: { instanceId, activity: 'refreshLicense' } })
    const edited = await replayMessage({
      ctx,
      input: { messageId: renewal.id, payload: { orderId: 'CSEDITED', expireTime: '20310101000000' }, dryRun: true },
    })
    expect(edited.changes).toMatchObject([{ field: 'expiresAt' }])
    const done = await replayMessage({ ctx, input: { messageId: renewal.id } })
    expect(done).toMatchObject({ resultCode: '000000', changes: [] })
    expect((await only({ orderId })).expiresAt).toEqual(new Date('2030-01-01T00:00:00Z'))
    // A replay reaches nobody: only the marketplace's own call fetches.
    await replayMessage({ ctx, input: { messageId: message.id } })
    expect(await only({ orderId })).toMatchObject({ deliveredAt: null })
  })

  it('releases a licence sold before it had an instance id by its order', async () => {
    const orderId = newOrder().orderId
    const csv = Buffer.from(`license,kind,orderId,instanceId\nOLD-TEXT-1,license-id,${orderId},old-instance-1\n`)
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: true } })).toMatchObject({ added: 1 })
    expect(await prisma().license.count({ where: { orderId } })).toBe(0)
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: false } })).toMatchObject({ added: 1, errors: [] })
    expect(await importLicenses({ ctx, input: { file: csv, dryRun: false } })).toMatchObject({ duplicates: 1 })
    expect((await fetched(wanted('text-manual', orderId))).json).toMatchObject({
      license: 'OLD-TEXT-1',
      instanceId: 'old-instance-1',
    })
    expect((await fetched({ activity: 'releaseLicense', orderId, instanceId: '' })).json.resultCode).toBe('000000')
    expect(await only({ orderId })).toMatchObject({ state: 'released' })
  })
})

describe('licence 2.0', () => {
  it('knows a code from its first callback, whichever that is', async () => {
    const license = newCode()
    const order = newOrder()
    const renewal = {
      activity: 'refreshLicenseCode',
      scene: 'RENEWAL',
      ...order,
      license,
      expireTime: '20300101000000',
    }
    expect((await posted(renewal)).json).toEqual({ resultCode: '000000', resultMsg: 'success.' })
    const { items } = await listLicenses({ ctx, query: { q: license, limit: 10 } })
    expect(items).toMatchObject([{ kind: 'license-code', state: 'generated', license: `••••${license.slice(-4)}` }])
    expect(JSON.stringify(items)).not.toContain(license)
    expect(await prisma().message.findFirstOrThrow({ where: { orderId: order.orderId } })).toMatchObject({
      state: 'succeeded',
      key: expect.not.stringContaining(license),
      instanceId: items[0]?.id,
    })
    for (const status of ['FREEZE', 'UNFREEZE', 'FREEZE'])
      expect((await posted({ activity: 'updateLicenseCodeStatus', license, status })).json.resultCode).toBe('000000')
    expect((await listLicenses({ ctx, query: { q: license, limit: 10 } })).items).toMatchObject([{ state: 'frozen' }])
    await posted({ activity: 'releaseLicenseCode', license, ...newOrder() })
    expect((await listLicenses({ ctx, query: { q: license, limit: 10 } })).items).toMatchObject([{ state: 'released' }])
    const bad = await posted({ activity: 'updateLicenseCodeStatus', license, status: 'MELT' })
    expect(bad.json).toMatchObject({ resultCode: '000002' })
  })

  it('activates, queries once a day, and reports use', async () => {
    const license = newCode()
    sandbox.control.licenses.register([{ license, status: 'GENERATED' }])
    await expect(activateLicense({ ctx, input: { code: license } })).rejects.toMatchObject({
      code: 'conflict',
      details: { marketplaceCode: '92020004' },
    })
    expect((await listLicenses({ ctx, query: { q: license, limit: 1 } })).items).toMatchObject([
      { state: 'generated', reason: 'not-collected', nextEvent: { type: 'collect' } },
    ])
    sandbox.control.licenses.register([{ license, status: 'COLLECTED', productId: 'codes', orderId: 'CS9' }])
    const id = await activateLicense({ ctx, input: { code: license } })
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'active', orderId: 'CS9', productName: 'codes' })
    // Its answer was lost: the second try finds it activated.
    expect(await activateLicense({ ctx, input: { code: id } })).toBe(id)
    sandbox.control.clearRequests()
    expect(await queryLicense({ ctx, input: { code: license } })).toBe(id)
    expect(sandbox.control.requests()).toHaveLength(0)
    await queryLicense({ ctx, input: { code: license, fresh: true } })
    expect(sandbox.control.requests()).toHaveLength(1)
    const usage = [
      { license, id: 'device-1' },
      { license, activeNumber: 12 },
    ]
    expect(await reportUsage({ ctx, input: { usage } })).toEqual({ accepted: 2, failed: [] })
    expect(sandbox.control.licenses.usage()).toEqual([
      { license, software_usage_Info: [{ id: 'device-1' }, { active_num: 12 }] },
    ])
    await expect(activateLicense({ ctx, input: { code: 'PLUNKNOWN' } })).rejects.toMatchObject({ code: 'not-found' })
    expect(await prisma().license.count({ where: { hint: '••••KNOWN' } })).toBe(0)
  })

  it('takes a hundred codes at once, and one by one where one of them is bad', async () => {
    const list = Array.from({ length: 100 }, newCode)
    sandbox.control.licenses.register(list.map((license) => ({ license })))
    const done = await activateLicenses({ ctx, input: { licenses: list } })
    expect(done.filter(({ ok }) => ok)).toHaveLength(100)
    expect(sandbox.control.requests().filter(({ target }) => target.includes('/v2/license/activate'))).toHaveLength(1)
    const queried = await queryLicenses({ ctx, input: { licenses: list } })
    expect(queried.every(({ ok }) => ok)).toBe(true)
    const more = [newCode(), newCode()]
    sandbox.control.licenses.register([{ license: more[0] ?? '' }])
    const mixed = await activateLicenses({ ctx, input: { licenses: more } })
    expect(mixed).toMatchObject([{ ok: true }, { ok: false, code: '92020005' }])
  })

  it('sweeps what nobody asked about today, when it is set to', async () => {
    const license = newCode()
    sandbox.control.licenses.register([{ license, status: 'EXPIRED', expireTime: '20250101000000' }])
    await addLicenses({ ctx, input: { licenses: [{ license, activatedAt: '2024-01-01T00:00:00Z' }] } })
    const state = async () => (await listLicenses({ ctx, query: { q: license, limit: 1 } })).items[0]?.state
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('active')
    await setLicenseSettings({ ctx, input: { sweep: true } })
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('expired')
    sandbox.control.licenses.register([{ license, status: 'RELEASED' }])
    await sweepLicenses(AbortSignal.timeout(5000))
    expect(await state()).toBe('expired')
  })

  it('asks the fallback host, and says what it was told', async () => {
    const license = newCode()
    sandbox.control.licenses.register([{ license, status: 'ALIVE' }])
    sandbox.control.addFault({ host: 'primary', answer: 'cut', times: 1 })
    await queryLicense({ ctx, input: { code: license } })
    sandbox.control.licenses.addFault({ api: 'query', error: 'CBC.0999' })
    const asking = queryLicense({ ctx, input: { code: license, fresh: true } })
    await expect(asking).rejects.toMatchObject({ code: 'unavailable', details: { marketplaceCode: 'CBC.0999' } })
  })
})

describe('an online licence', () => {
  const open = async (productId: string, test = false) => {
    const bought = await posted({ ...purchase(newOrder(), { productId }), ...(test ? { testFlag: '1' } : {}) })
    expect(bought.json).toMatchObject({ resultCode: '000000', instanceId: expect.any(String) })
    return String(bought.json.instanceId)
  }
  const apply = (instanceId: string, more: object = {}) => ({
    activity: 'getLicenseAsync',
    instanceId,
    eventId: `event-${newCode()}`,
    effectiveTime: `${new Date().toISOString().slice(0, 19).replace('T', ' ')} z`,
    expireTime: '2027-10-27 10:30:15 z',
    deviceFingerprint: 'mac|disk|board|cpu',
    ...more,
  })
  const up = (id: string) => uploadLicense(id, Date.now() + 5000, settleApplication)

  it('is accepted, issued and uploaded as characters; the same request again is the same licence', async () => {
    const instanceId = await open('online')
    const request = apply(instanceId)
    const answers = await Promise.all(Array.from({ length: 8 }, () => posted(request)))
    expect(answers.every(({ json }) => json.resultCode === '000004')).toBe(true)
    const { id } = await only({ eventId: request.eventId })
    expect(await prisma().license.count({ where: { eventId: request.eventId } })).toBe(1)
    await issueLicense({ ctx, input: { id, license: 'ONLINE-LICENCE-1' } })
    await up(id)
    expect(sandbox.control.licenses.uploads()).toMatchObject([
      { eventId: request.eventId, type: 'CHARACTERS', characters: 'ONLINE-LICENCE-1' },
    ])
    expect(await getLicense({ ctx, id })).toMatchObject({ state: 'active', nextEvent: { type: 'expire' } })
    const message = await prisma().message.findFirstOrThrow({ where: { instanceId, activity: 'getLicenseAsync' } })
    expect(message).toMatchObject({ state: 'succeeded' })
    expect((await posted(request)).json.resultCode).toBe('000000')
    await posted({ ...request, deviceFingerprint: 'another' })
    expect(await prisma().license.count({ where: { eventId: request.eventId } })).toBe(2)
  })

  it('is uploaded as a file, byte by byte, and replaced only after the marketplace refused it', async () => {
    const request = apply(await open('online'))
    await posted(request)
    const { id } = await only({ eventId: request.eventId })
    const content = Buffer.from([0, 255, 13, 10, 45, 45, 200, 0])
    await issueLicense({ ctx, input: { id, file: { name: '授权 1.lic', content } } })
    sandbox.control.licenses.addFault({ api: 'upload', error: '91381036' })
    await expect(up(id)).rejects.toThrow('91381036')
    expect(await only({ id })).toMatchObject({ state: 'issued', reason: 'upload-failed', errorCode: '91381036' })
    sandbox.control.licenses.addFault({ api: 'upload', error: '91381037' })
    await up(id)
    expect(await getLicense({ ctx, id })).toMatchObject({ reason: 'upload-refused', nextEvent: { type: 'issue' } })
    await issueLicense({ ctx, input: { id, file: { name: 'b.lic', content } } })
    await up(id)
    expect(sandbox.control.licenses.uploads()).toMatchObject([{ type: 'FILE', fileName: 'b.lic', content }])
    await retryLicense({ ctx, input: { id } })
    await expect(issueLicense({ ctx, input: { id, license: 'C' } })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('keeps to the rules of its product: device, dates, quota', async () => {
    const { id } = await prisma().product.findFirstOrThrow({ where: { name: 'strict' } })
    await importPool({ ctx, input: { productRef: id, csv: 'license\nS-1\nS-2\nS-3\n' } })
    const instanceId = await open('strict')
    await prisma().instance.update({
      where: { instanceId },
      data: { chargingMode: 'PERIOD', expiresAt: new Date('2028-01-01T00:00:00Z'), quantity: { amount: 2 } },
    })
    const code = async (more: object) => (await posted(apply(instanceId, more))).json.resultCode
    expect(await code({ deviceFingerprint: undefined })).toBe('000903')
    expect(await code({ expireTime: undefined })).toBe('000902')
    expect(await code({ expireTime: '2029-10-27 10:30:15 z' })).toBe('000901')
    expect(await code({})).toBe('000004')
    expect(await code({})).toBe('000004')
    expect(await code({})).toBe('000900')
    expect((await posted(apply('nowhere'))).json.resultCode).toBe('000003')
    expect(await code({ effectiveTime: 'tomorrow' })).toBe('000002')
  })
})

describe('whatever the order, the repeats and the company (property)', () => {
  type Step = { post: boolean; body: Record<string, string>; at: number }
  const line = (n: number) => ({ orderId: `CSR${n}`, orderLineId: `CSR${n}-000001` })

  /** Every change a code can see, in the order of the marketplace. */
  const codeStory = (license: string, at: number): Step[] =>
    [
      { activity: 'refreshLicenseCode', scene: 'RENEWAL', ...line(1), license, expireTime: '20270101000000' },
      { activity: 'updateLicenseCodeStatus', license, status: 'FREEZE' },
      { activity: 'updateLicenseCodeStatus', license, status: 'UNFREEZE' },
      { activity: 'refreshLicenseCode', scene: 'RENEWAL', ...line(2), license, expireTime: '20280101000000' },
      {
        activity: 'refreshLicenseCode',
        scene: 'UNSUBSCRIBE_RENEWAL_PERIOD',
        ...line(3),
        license,
        expireTime: '20270101000000',
      },
      { activity: 'updateLicenseCodeStatus', license, status: 'FREEZE' },
      { activity: 'releaseLicenseCode', license, ...line(4) },
    ].map((body, n) => ({ post: true, body: body as unknown as Record<string, string>, at: at + n * 100 }))

  const textStory = (instanceId: string, orderId: string, at: number): Step[] =>
    [
      { activity: 'refreshLicense', orderId: 'CSR1', instanceId, expireTime: '20270101000000' },
      { activity: 'expireLicense', orderId, instanceId },
      { activity: 'refreshLicense', orderId: 'CSR2', instanceId, expireTime: '20280101000000' },
      { activity: 'expireLicense', orderId, instanceId },
      { activity: 'releaseLicense', orderId, instanceId },
    ].map((body, n) => ({ post: false, body: body as unknown as Record<string, string>, at: at + n * 100 }))

  const play = async ({ post, body, at }: Step) => {
    const answer = await (post ? posted(body, at) : fetched(body, at))
    expect(answer.json.resultCode).toBe('000000')
  }
  const facts = async (where: object) => {
    const { id, state, reason, expiresAt, releasedAt, productId } = await only(where)
    const rebuilt = await prisma().$transaction((tx) => rebuildLicense(tx, id))
    expect(rebuilt.differed).toBe(false)
    return { state, reason, expiresAt, releasedAt, productId }
  }
  const disorder = (length: number) =>
    fc.record({
      // Which calls come, how often, in which order; some of them at the same time.
      calls: fc.array(fc.nat(length - 1), { minLength: 1, maxLength: 14 }),
      together: fc.boolean(),
      upTo: fc.integer({ min: 1, max: length }),
    })

  it('activation codes', async () => {
    await fc.assert(
      fc.asyncProperty(disorder(7), async ({ calls, together, upTo }) => {
        const at = Date.now() - 20_000
        const [once, mixed] = [newCode(), newCode()]
        const wantedSteps = [...new Set(calls.map((n) => n % upTo))].sort((a, b) => a - b)
        const story = codeStory(once, at)
        for (const n of wantedSteps) await play(story[n] as Step)
        const again = codeStory(mixed, at)
        const steps = calls.map((n) => again[n % upTo] as Step)
        if (together) await Promise.all(steps.map(play))
        else for (const step of steps) await play(step)
        const found = async (license: string) =>
          facts({ id: (await listLicenses({ ctx, query: { q: license, limit: 1 } })).items[0]?.id })
        expect(await found(mixed)).toEqual(await found(once))
      }),
      { numRuns: 25 },
    )
  }, 60_000)

  it('licence texts', async () => {
    await fc.assert(
      fc.asyncProperty(disorder(5), async ({ calls, together, upTo }) => {
        const at = Date.now() - 20_000
        const make = async () => {
          const { orderId } = newOrder()
          const { json } = await fetched(wanted('text-manual', orderId, { expireTime: '20261231000000' }), at - 1000)
          await issueLicense({ ctx, input: { id: (await only({ orderId })).id, license: `T-${orderId}` } })
          await fetched(wanted('text-manual', orderId), at - 500)
          return { orderId, story: textStory(String(json.instanceId), orderId, at) }
        }
        const [once, mixed] = [await make(), await make()]
        const wantedSteps = [...new Set(calls.map((n) => n % upTo))].sort((a, b) => a - b)
        for (const n of wantedSteps) await play(once.story[n] as Step)
        const steps = calls.map((n) => mixed.story[n % upTo] as Step)
        if (together) await Promise.all(steps.map(play))
        else for (const step of steps) await play(step)
        expect(await facts({ orderId: mixed.orderId })).toEqual(await facts({ orderId: once.orderId }))
        expect((await fetched(wanted('text-manual', mixed.orderId))).json.license).toBe(`T-${mixed.orderId}`)
      }),
      { numRuns: 20 },
    )
  }, 60_000)
})
