import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { type KitName, verifyBodySign } from '@/lib/marketplace'
import { applySetup } from '@/lib/setup'
import { rebuildTenant, tenantState } from '@/lib/tenants'
import { systemContext } from '@/lib/users/context'
import { replayMessage } from './index'
import { kitCall, send, testKeys } from './test-marketplace'

let database: Awaited<ReturnType<typeof testDatabase>>
const keys = generateKeyPairSync('rsa', { modulusLength: 3072 })
const strangers = generateKeyPairSync('rsa', { modulusLength: 3072 })
const sealFor = ({ publicKey }: typeof keys, text: string) =>
  publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }, Buffer.from(text))
const clientSecret = sealFor(keys, 'client-s3cret').toString('base64')

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  const pem = ({ privateKey }: typeof keys) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await applySetup(
    {
      credentials: [
        { name: 'kit', kind: 'kit', secret: testKeys.kit },
        { name: 'rsa-new', kind: 'kit-private-key', secret: pem(other) },
        { name: 'rsa-old', kind: 'kit-private-key', secret: pem(keys) },
      ],
    },
    systemContext,
  )
  forgetCatalog()
})

afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
})

let tenants = 0
const newTenantId = () => `tenant-${++tenants}-${Date.now()}`
const tenantOf = (tenantId: string, test = false) =>
  prisma().tenant.findUnique({ where: { tenantId_test: { tenantId, test } } })
const stateOf = async (tenantId: string, test = false) =>
  tenantState(prisma(), (await tenantOf(tenantId, test))?.id as string)

const ids = (tenantId: string) => ({ instanceId: 'ins-1', tenantId, testFlag: 0 })
const tenant = (tenantId: string, more: object = {}) => ({
  ...ids(tenantId),
  orderId: 'CS1',
  tenantCode: 'T1',
  name: '测试企业',
  domainName: 'https://org.example.com',
  flag: 1,
  ...more,
})
const app = (tenantId: string, more: object = {}) => ({
  ...ids(tenantId),
  appId: 'app-1',
  clientId: 'client-1',
  clientSecret,
  flag: 1,
  ...more,
})
const user = (userName: string, more: object = {}) => ({
  userName,
  name: `Name ${userName}`,
  orgCode: 'd1',
  role: 'user',
  enable: 'true',
  mobile: '13800000000',
  email: `${userName}@example.com`,
  ...more,
})
const users = (tenantId: string, userList: unknown, more: object = {}) => ({
  ...ids(tenantId),
  appId: 'app-1',
  userList,
  flag: 1,
  ...more,
})
const codeOf = async (name: KitName, body: object, given: Parameters<typeof kitCall>[2] = {}) =>
  (await send(kitCall(name, body, given))).json.resultCode

describe.each(['v1', 'v2'] as const)('the kit in %s', (version) => {
  it('binds an enterprise with its application, members and departments', async () => {
    const tenantId = newTenantId()
    const answer = await send(kitCall('tenantSync', tenant(tenantId), { version }))
    expect(answer).toMatchObject({ status: 200, json: { resultCode: '000000' } })
    const signature = answer.headers['Body-Sign']
    if (version === 'v1') expect(verifyBodySign(signature ?? '', answer.body, testKeys.kit)).toBe(true)
    expect(await codeOf('applicationSync', app(tenantId), { version })).toBe('000000')
    const whole = [
      { orgCode: 'd1', orgName: '总部', name: '总部' },
      { orgCode: 'd2', orgName: '研发', name: '研发', parentCode: 'd1' },
    ]
    const orgs = version === 'v1' ? { orgInfo: JSON.stringify(whole) } : { orgInfoList: whole }
    expect(await codeOf('allOrgSync', { ...ids(tenantId), ...orgs }, { version })).toBe('000000')
    const list = [user('ana', { role: 'admin' }), user('ben')]
    const asSent = version === 'v1' ? JSON.stringify(list) : list
    expect(await codeOf('authSync', users(tenantId, asSent), { version })).toBe('000000')
    const state = await stateOf(tenantId)
    expect(state).toMatchObject({
      tenant: { state: 'bound', name: '测试企业', domainName: 'https://org.example.com', tenantCode: 'T1' },
      bindings: [{ instanceId: 'ins-1', orderId: 'CS1', active: true }],
      apps: [{ appId: 'app-1', clientId: 'client-1', clientSecret: 'client-s3cret', keyName: 'rsa-old', active: true }],
      members: [
        { userName: 'ana', access: 'granted', role: 'admin', contact: { mobile: '13800000000' } },
        { userName: 'ben', access: 'granted', role: 'user' },
      ],
      departments: [{ orgCode: 'd1' }, { orgCode: 'd2', parentCode: 'd1' }],
    })
    await prisma().$transaction(async (tx) => {
      expect(await rebuildTenant(tx, (await tenantOf(tenantId))?.id as string)).toEqual({ differed: false })
    })
  })

  it('takes back what it gave', async () => {
    const tenantId = newTenantId()
    for (const [name, body] of [
      ['tenantSync', tenant(tenantId)],
      ['applicationSync', app(tenantId)],
      ['authSync', users(tenantId, [user('ana'), user('ben'), user('cat')])],
      ['authSync', users(tenantId, [{ userName: 'ana' }], { flag: 3 })],
      ['authSync', users(tenantId, [{ userName: 'ben' }], { flag: 0 })],
      ['authSync', users(tenantId, [user('cat', { enable: 'false' })], { flag: 2 })],
      ['applicationSync', { ...ids(tenantId), appId: 'app-1', flag: 0 }],
      ['tenantSync', { ...ids(tenantId), flag: 0 }],
    ] as [KitName, object][]) {
      expect(await codeOf(name, body, { version })).toBe('000000')
    }
    const state = await stateOf(tenantId)
    expect(state.tenant).toMatchObject({ state: 'unbound', name: '测试企业' })
    expect(state.apps).toMatchObject([{ active: false, clientSecret: null }])
    expect(state.members.map(({ userName, access, enabled }) => [userName, access, enabled])).toEqual([
      ['ana', 'revoked', true],
      ['ben', 'deleted', true],
      ['cat', 'granted', false],
    ])
  })

  it('deletes what nobody knows with success', async () => {
    const tenantId = newTenantId()
    for (const [name, body] of [
      ['tenantSync', { ...ids(tenantId), flag: 0 }],
      ['applicationSync', { ...ids(tenantId), appId: 'a', flag: 0 }],
      ['authSync', users(tenantId, [{ userName: 'x' }], { flag: 0 })],
      ['singleOrgSync', { ...ids(tenantId), orgCode: 'd', flag: 0 }],
    ] as [KitName, object][]) {
      expect(await codeOf(name, body, { version }), name).toBe('000000')
      expect(await codeOf(name, body, { version }), name).toBe('000000')
    }
  })
})

describe('what the kit may say', () => {
  it('test data stands apart, and may bring any secret', async () => {
    const tenantId = newTenantId()
    expect(await codeOf('tenantSync', tenant(tenantId, { testFlag: 1, instanceId: '', orderId: '' }))).toBe('000000')
    expect(await codeOf('applicationSync', app(tenantId, { testFlag: 1, clientSecret: 'anything' }))).toBe('000000')
    expect(await tenantOf(tenantId)).toBeNull()
    expect(await stateOf(tenantId, true)).toMatchObject({ tenant: { state: 'bound' }, apps: [{ clientSecret: null }] })
  })

  it('a secret no key opens names the keys that were tried; a replay with a better one mends it', async () => {
    const tenantId = newTenantId()
    const stranger = sealFor(strangers, 'x').toString('base64')
    const { json } = await send(kitCall('applicationSync', app(tenantId, { clientSecret: stranger })))
    expect(json).toMatchObject({ resultCode: '000002' })
    expect(json.resultMsg).toMatch(/^clientSecret: none of our private keys opens it; tried: rsa-\w+, rsa-\w+$/)
    const message = await prisma().message.findFirstOrThrow({ where: { customerId: tenantId } })
    expect(message).toMatchObject({ state: 'open', activity: 'applicationSync', key: expect.stringContaining('app-1') })
    const payload = { body: { clientSecret } }
    const dry = await replayMessage({ ctx: systemContext, input: { messageId: message.id, payload, dryRun: true } })
    expect(dry).toMatchObject({ resultCode: '000000', replayId: null })
    expect(dry.changes).toContainEqual({ field: 'clientId', from: null, to: 'client-1' })
    expect(JSON.stringify(dry)).not.toContain('client-s3cret')
    expect(await tenantOf(tenantId)).toBeNull()
    await replayMessage({ ctx: systemContext, input: { messageId: message.id, payload } })
    expect((await stateOf(tenantId)).apps).toMatchObject([{ clientSecret: 'client-s3cret' }])
    expect(await prisma().message.findUnique({ where: { id: message.id } })).toMatchObject({ state: 'succeeded' })
    const again = await replayMessage({ ctx: systemContext, input: { messageId: message.id, payload } })
    expect(again.changes).toEqual([])
  })

  it('an unknown flag is refused, kept and found by its enterprise', async () => {
    const tenantId = newTenantId()
    const { json } = await send(kitCall('authSync', users(tenantId, [user('ana')], { flag: 9 })))
    expect(json).toMatchObject({ resultCode: '000002', resultMsg: 'flag: came "9"; allowed: 0, 1, 2, 3' })
    expect(await prisma().message.findFirst({ where: { customerId: tenantId } })).toMatchObject({ state: 'open' })
    expect(await tenantOf(tenantId)).toBeNull()
  })

  it('circles, orphans and users without a department are taken as they are', async () => {
    const tenantId = newTenantId()
    const circle = [
      { orgCode: 'a', orgName: 'A', parentCode: 'b' },
      { orgCode: 'b', orgName: 'B', parentCode: 'a' },
      { orgCode: 'c', orgName: 'C', parentCode: 'nowhere' },
    ]
    expect(await codeOf('allOrgSync', { ...ids(tenantId), orgInfoList: circle })).toBe('000000')
    expect(await codeOf('authSync', users(tenantId, [user('ana', { orgCode: '' })]))).toBe('000000')
    expect(await stateOf(tenantId)).toMatchObject({
      tenant: { state: 'announced' },
      departments: [{ orgCode: 'a' }, { orgCode: 'b' }, { orgCode: 'c' }],
      members: [{ orgCode: null }],
    })
  })

  it('no secret, phone or mail stands readable in the database', async () => {
    const rows = await prisma().$queryRaw<{ line: string }[]>`
      SELECT t::text AS line FROM tenant_apps t UNION ALL SELECT t::text FROM tenant_members t
      UNION ALL SELECT t::text FROM tenant_events t`
    const text = rows.map(({ line }) => line).join()
    expect(text).toContain('Name ana')
    for (const secret of ['client-s3cret', '13800000000', 'ana@example.com']) expect(text).not.toContain(secret)
  })
})

/** Lists as the version sends them: V1 as text under its own names, V2 as they are. */
function asSent(version: 'v1' | 'v2', body: object): object {
  const { userList, orgInfoList, ...plain } = body as { userList?: unknown; orgInfoList?: unknown }
  if (version === 'v2') return body
  return {
    ...plain,
    ...(userList ? { userList: JSON.stringify(userList) } : {}),
    ...(orgInfoList ? { orgInfo: JSON.stringify(orgInfoList) } : {}),
  }
}

describe('repeated, out of order and at once', () => {
  const code = fc.constantFrom('d1', 'd2', 'd3', 'd4')
  const orgs = fc.uniqueArray(
    fc.record({ orgCode: code, orgName: fc.constantFrom('A', 'B'), parentCode: fc.option(code, { nil: '' }) }),
    { selector: ({ orgCode }) => orgCode, maxLength: 4 },
  )
  const userName = fc.constantFrom('ana', 'ben', 'cat')
  const person = fc
    .record({ userName, role: fc.constantFrom('user', 'admin'), name: fc.constantFrom('X', 'Y') })
    .map((facts) => user(facts.userName, facts))
  const write = fc.constantFrom(0, 1, 2)
  const instanceId = fc.constantFrom('ins-1', 'ins-2', '')
  const call: fc.Arbitrary<{ name: KitName; body: object }> = fc.oneof(
    fc
      .record({ flag: write, instanceId, name: fc.constantFrom('One', 'Two') })
      .map((body) => ({ name: 'tenantSync' as const, body: tenant('', body) })),
    fc
      .record({ flag: write, instanceId, clientId: fc.constantFrom('c1', 'c2') })
      .map((body) => ({ name: 'applicationSync' as const, body: app('', body) })),
    fc
      .record({ flag: fc.constantFrom(0, 1, 2, 3), userList: fc.array(person, { minLength: 1, maxLength: 3 }) })
      .map((body) => ({ name: 'authSync' as const, body: users('', body.userList, body) })),
    fc
      .record({ flag: write, orgCode: code, orgName: fc.constantFrom('A', 'B'), parentCode: code })
      .map((body) => ({ name: 'singleOrgSync' as const, body: { ...ids(''), ...body } })),
    orgs.map((list) => {
      const orgInfoList = list.map((one) => ({ ...one, name: one.orgName }))
      return { name: 'allOrgSync' as const, body: { ...ids(''), orgInfoList } }
    }),
  )
  const story = fc.array(fc.record({ call, version: fc.constantFrom('v1' as const, 'v2' as const) }), {
    minLength: 2,
    maxLength: 8,
  })

  it('every kit call of both versions leads where it leads in order and once', async () => {
    const met = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        story.chain((steps) =>
          fc.record({
            steps: fc.constant(steps),
            order: fc.shuffledSubarray(
              [...steps, ...steps].map((_, at) => at),
              { minLength: 2 * steps.length },
            ),
          }),
        ),
        async ({ steps, order }) => {
          const [inOrder, shuffled, together] = [newTenantId(), newTenantId(), newTenantId()]
          const began = Date.now() - 60_000
          const fire = async (tenantId: string, at: number) => {
            const index = at % steps.length
            const { call, version } = steps[index] as (typeof steps)[number]
            const body = asSent(version, { ...call.body, tenantId })
            met.add(`${version} ${call.name}`)
            expect(await codeOf(call.name, body, { version, at: began + index })).toBe('000000')
          }
          for (const at of steps.keys()) await fire(inOrder, at)
          for (const at of order) await fire(shuffled, at)
          await Promise.all(order.map((at) => fire(together, at)))
          const expected = withoutRef(await stateOf(inOrder))
          for (const tenantId of [shuffled, together]) {
            expect(withoutRef(await stateOf(tenantId))).toEqual(expected)
            const ref = (await tenantOf(tenantId))?.id as string
            const rebuilt = await prisma().$transaction((tx) => rebuildTenant(tx, ref))
            expect(rebuilt).toEqual({ differed: false })
          }
        },
      ),
      { numRuns: 20 },
    )
    expect(met.size).toBe(10)
  }, 300_000)

  it('twenty of the same at once are one change', async () => {
    const tenantId = newTenantId()
    const at = Date.now() - 1000
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => codeOf('authSync', users(tenantId, [user('ana')]), { at })),
    )
    expect(new Set(answers)).toEqual(new Set(['000000']))
    expect(await prisma().tenantEvent.count({ where: { tenant: { tenantId } } })).toBe(1)
    expect(await prisma().message.count({ where: { customerId: tenantId } })).toBe(1)
  })

  it('what came too late is recorded once and changes nothing', async () => {
    const tenantId = newTenantId()
    const now = Date.now() - 1000
    await codeOf('tenantSync', tenant(tenantId, { name: 'New', flag: 2 }), { at: now })
    for (const _ of [1, 2]) await codeOf('tenantSync', tenant(tenantId, { name: 'Old', flag: 2 }), { at: now - 5000 })
    expect((await stateOf(tenantId)).tenant.name).toBe('New')
    const events = await prisma().tenantEvent.findMany({
      where: { tenant: { tenantId } },
      orderBy: { position: 'asc' },
    })
    expect(events.map(({ applied, reason }) => [applied, reason])).toEqual([
      [true, null],
      [false, 'older than what was applied already'],
    ])
  })
})

function withoutRef(state: Awaited<ReturnType<typeof tenantState>>): unknown {
  return JSON.parse(JSON.stringify(state, (name, value) => (name === 'tenantRef' ? undefined : value)))
}
