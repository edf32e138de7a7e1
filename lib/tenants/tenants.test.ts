import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kitCall, send, testKeys } from '@/lib/calls/test-marketplace'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { ask as askRaw, tokensOfRoles } from '@/lib/http/api-testing'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import type { KitName } from '@/lib/marketplace'
import type { Method } from '@/lib/openapi/operation'
import * as operations from '@/lib/openapi/operations'
import { applySetup } from '@/lib/setup'
import { type Role, systemContext } from '@/lib/users/context'
import { type Identity, startIdentity } from '@/sandbox/identity'
import { encryptClientSecret, kitDepartments, kitUsers } from '@/sandbox/kit'

let database: Awaited<ReturnType<typeof testDatabase>>
let tokens: Record<Role, string>
let identity: Identity
const keys = generateKeyPairSync('rsa', { modulusLength: 3072 })
const deskUrl = 'http://127.0.0.1:3000'
const callback = `${deskUrl}/api/v1/tenant-logins/callback`
const home = 'https://shop.example.com/signed-in'

beforeAll(async () => {
  database = await testDatabase()
  process.env.DESK_ALLOW_PRIVATE_WEBHOOKS = '1'
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  tokens = await tokensOfRoles()
  identity = await startIdentity({ users: kitUsers(3, ['D00000']), rotate: true })
  const secret = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  await applySetup(
    {
      credentials: [
        { name: 'kit', kind: 'kit', secret: testKeys.kit },
        { name: 'rsa', kind: 'kit-private-key', secret },
      ],
    },
    systemContext,
  )
  forgetCatalog()
  for (const [name, body] of [
    ['tenantSync', { ...ids, orderId: 'CS1', tenantCode: 'T1', name: '云上科技', domainName: identity.url, flag: 1 }],
    ['applicationSync', { ...ids, appId, clientId: 'client-1', clientSecret: sealed('s3cret-1'), flag: 1 }],
    ['applicationSync', { ...ids, appId: 'app-own', clientId: 'client-2', clientSecret: sealed('s3cret-2'), flag: 1 }],
    ['allOrgSync', { ...ids, orgInfoList: [...kitDepartments(30), ...broken] }],
    ['authSync', { ...ids, appId, flag: 1, userList: [...kitUsers(3, ['D00000']), { ...lost, userName: 'lost' }] }],
    ['authSync', { ...ids, appId, flag: 3, userList: [{ userName: 'user0003' }] }],
  ] as [KitName, object][]) {
    expect((await send(kitCall(name, body))).json.resultCode, name).toBe('000000')
  }
  id = (await prisma().tenant.findFirstOrThrow()).id
  identity.register({ appId, tenantId, clientId: 'client-1', clientSecret: 's3cret-1', redirectUri: callback })
  identity.register({
    appId: 'app-own',
    tenantId,
    clientId: 'client-2',
    clientSecret: 's3cret-2',
    redirectUri: callback,
  })
})
afterAll(async () => {
  await identity.stop()
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
})

const tenantId = 'tenant-1'
const appId = 'app-1'
const ids = { instanceId: 'ins-1', tenantId, testFlag: 0 }
const lost = { name: 'L', role: 'user', enable: 'true', orgCode: 'gone', mobile: '13912345678', email: 'l@example.com' }
const broken = [
  { orgCode: 'X1', orgName: '孤', parentCode: 'nowhere' },
  { orgCode: 'Y1', orgName: '圈一', parentCode: 'Y2' },
  { orgCode: 'Y2', orgName: '圈二', parentCode: 'Y1' },
]
const sealed = (text: string) =>
  encryptClientSecret(text, keys.publicKey.export({ type: 'spki', format: 'pem' }).toString())
let id: string

/** Asks as a role; what comes back must be what the description promises. */
async function ask(role: Role | null, method: Method, path: string, json?: unknown, headers = {}) {
  const answer = await askRaw(method, path, { ...(role && { token: tokens[role] }), json, headers })
  if (answer.status >= 300) return answer
  const pattern = path.split('?')[0] ?? ''
  const fitting = Object.values(operations)
    .filter((one) => one.method === method && new RegExp(`^${one.path.replace(/\{\w+\}/g, '[^/]+')}$`).test(pattern))
    .sort((a, b) => a.path.split('{').length - b.path.split('{').length)
  fitting[0]?.answer?.parse(answer.body)
  return answer
}

describe('tenants by API', () => {
  it('are listed and found', async () => {
    const find = async (query: string) => (await ask('viewer', 'GET', `/tenants?${query}`)).body.items.length
    for (const query of ['', 'q=云', 'q=tenant', 'q=ins-1', 'q=app-o', 'state=bound', 'test=false', 'instanceId=ins-1'])
      expect(await find(query), query).toBe(1)
    for (const query of ['q=nobody', 'state=unbound', 'test=true', 'instanceId=ins-2'])
      expect(await find(query)).toBe(0)
    const { body } = await ask('viewer', 'GET', '/tenants')
    expect(body.items[0]).toMatchObject({ id, name: '云上科技', apps: 2, members: 3, departments: 33 })
  })

  it('tell bindings, applications and what does not fit together, and no secret', async () => {
    const { body } = await ask('viewer', 'GET', `/tenants/${id}`)
    expect(body).toMatchObject({
      bindings: [{ instanceId: 'ins-1', orderId: 'CS1', active: true, known: false }],
      applications: [
        { appId: 'app-1', clientId: 'client-1', secretSet: true, keyName: 'rsa' },
        { appId: 'app-own', secretSet: true },
      ],
      memberCounts: { granted: 3, disabled: 0, revoked: 1, deleted: 0 },
      problems: { orphans: 1, circles: 1, withoutDepartment: 1 },
    })
    expect(JSON.stringify(body)).not.toContain('s3cret')
    expect((await ask('viewer', 'GET', `/tenants/${id.replace(/.$/, '0')}0`)).status).toBe(404)
    expect((await ask('viewer', 'GET', '/tenants/019aa47e-0000-7000-8000-000000000000')).status).toBe(404)
    for (const part of ['members', 'departments', 'syncs', 'logins'])
      expect((await ask('viewer', 'GET', `/tenants/019aa47e-0000-7000-8000-000000000000/${part}`)).status).toBe(404)
  })

  it('show members masked, and in full to an administrator who leaves a trace', async () => {
    const members = async (query: string) => (await ask('viewer', 'GET', `/tenants/${id}/members?${query}`)).body
    const all = await members('')
    expect(all.total).toBe(4)
    expect(all.items[0]).toMatchObject({ userName: 'lost', state: 'granted', department: null })
    expect(all.items[0]).toMatchObject({ mobile: '139••••78', email: 'l••••@example.com' })
    expect(JSON.stringify(all)).not.toContain('13912345678')
    const names = async (query: string) => (await members(query)).items.map((m: { userName: string }) => m.userName)
    expect(await names('state=revoked')).toEqual(['user0003'])
    expect(await names('lost=true')).toEqual(['lost'])
    expect(await names('orgCode=D00000&state=granted')).toEqual(['user0001', 'user0002'])
    expect(await names('q=user00')).toHaveLength(3)
    expect(await names('appId=app-own')).toEqual([])
    const first = await members('limit=2')
    expect(await names(`limit=2&cursor=${first.nextCursor}`)).toEqual(['user0002', 'user0003'])
    const key = { appId, userName: 'lost' }
    expect((await ask('operator', 'POST', `/tenants/${id}/members/reveal`, key)).status).toBe(403)
    const { body } = await ask('admin', 'POST', `/tenants/${id}/members/reveal`, key)
    expect(body).toEqual({ mobile: '13912345678', email: 'l@example.com' })
    const { body: audit } = await ask('admin', 'GET', `/audit?target=${id}`)
    expect(audit.items).toMatchObject([{ action: 'tenant.reveal-member', data: key }])
    const nobody = { appId, userName: 'nobody' }
    expect((await ask('admin', 'POST', `/tenants/${id}/members/reveal`, nobody)).status).toBe(404)
  })

  it('unfold the tree level by level, with what hangs nowhere at its top', async () => {
    const level = async (query: string) => (await ask('viewer', 'GET', `/tenants/${id}/departments?${query}`)).body
    expect((await level('')).items).toMatchObject([
      { orgCode: 'D00000', name: '总部', children: 12, members: 2, problem: null },
      { orgCode: 'X1', problem: 'orphan', children: 0 },
      { orgCode: 'Y1', problem: 'circle', children: 1 },
    ])
    const below = await level('parentCode=D00000&limit=5')
    expect(below.items.map((item: { orgCode: string }) => item.orgCode)).toEqual([
      'D00001',
      'D00002',
      'D00003',
      'D00004',
      'D00005',
    ])
    const next = await level(`parentCode=D00000&limit=5&cursor=${below.nextCursor}`)
    expect(next.items[0].orgCode).toBe('D00006')
    const found = await level(`q=${encodeURIComponent('圈二')}`)
    expect(found.items).toMatchObject([{ orgCode: 'Y2', path: [{ orgCode: 'Y1', name: '圈一' }] }])
    const deep = await level('q=D00029')
    expect(deep.items[0].path.map(({ orgCode }: { orgCode: string }) => orgCode)).toEqual(['D00000', 'D00002'])
  })

  it('keep the history of their syncs', async () => {
    const { body } = await ask('viewer', 'GET', `/tenants/${id}/syncs`)
    expect(body.items).toHaveLength(6)
    expect(body.items[0]).toMatchObject({
      activity: 'authSync',
      outcome: 'succeeded',
      late: false,
      changes: [{ field: 'member user0003', from: 'granted', to: 'revoked' }],
    })
    const only = await ask('viewer', 'GET', `/tenants/${id}/syncs?activity=allOrgSync`)
    expect(only.body.items).toHaveLength(1)
    expect(only.body.items[0].changes).toHaveLength(33)
  })
})

describe('the sign-in of their users', () => {
  it('needs an application with registered addresses', async () => {
    const start = `/tenant-logins/start?tenant=${tenantId}&app=${appId}&returnTo=${encodeURIComponent(home)}`
    const unknown = await ask(null, 'GET', start, undefined, { 'accept-language': 'en' })
    expect(unknown).toMatchObject({ status: 400, type: 'text/html; charset=utf-8' })
    expect(unknown.body).toContain('does not know this app')
    const loginApp = { name: 'Shop', returnUrls: [home, 'https://shop.example.com/other'], loginUrl: identity.loginUrl }
    expect((await ask('operator', 'PUT', `/login-apps/${appId}`, loginApp)).status).toBe(403)
    for (const returnUrls of [[], ['javascript:alert(1)'], ['https://a:b@example.com'], ['https://example.com/#x']])
      expect((await ask('admin', 'PUT', `/login-apps/${appId}`, { ...loginApp, returnUrls })).status).toBe(400)
    expect((await ask('admin', 'PUT', `/login-apps/${appId}`, loginApp)).body).toMatchObject({ entry: 'unified' })
    const own = { name: 'Own', returnUrls: [home], entry: 'domain' }
    expect((await ask('admin', 'PUT', '/login-apps/app-own', own)).status).toBe(200)
    expect((await ask('viewer', 'GET', '/login-apps')).body.items).toHaveLength(2)
  })

  it('leads through the unified page back to the seller, whose software takes the user over', async () => {
    const begun = await begin({ state: 'seller-state' })
    expect(begun.location).toBe(`${identity.loginUrl}?ind=UNOP&appId=${appId}`)
    expect(begun.cookie).toMatch(/HttpOnly; SameSite=Lax; Max-Age=600$/)
    const back = await choose('user0001')
    const ended = await finish(back, begun.cookie)
    expect(ended.origin + ended.pathname).toBe(home)
    expect(ended.searchParams.get('state')).toBe('seller-state')
    const token = ended.searchParams.get('token') as string
    expect(ended.href).not.toMatch(/s3cret|1380000/)
    expect((await ask('viewer', 'POST', '/tenant-logins/verify', { token })).status).toBe(403)
    const { body } = await ask('operator', 'POST', '/tenant-logins/verify', { token })
    expect(body).toMatchObject({
      appId,
      tenant: { tenantId, name: '云上科技' },
      user: { userName: 'user0001', mobile: '13800000000', role: 'admin' },
      refreshable: true,
    })
    expect((await ask('operator', 'POST', '/tenant-logins/verify', { token })).status).toBe(409)
    expect((await ask('operator', 'GET', `/tenant-logins/${body.id}`)).body.user.userName).toBe('user0001')
    const logins = await ask('viewer', 'GET', `/tenants/${id}/logins`)
    expect(logins.body.items[0]).toMatchObject({ id: body.id, state: 'signed-in', userName: 'user0001' })
  })

  it('is renewed, and ends with a logout', async () => {
    const session = await signIn('user0002')
    const before = (await prisma().tenantLogin.findUniqueOrThrow({ where: { id: session.id } })).session
    const both = await Promise.all([0, 1].map(() => ask('operator', 'POST', `/tenant-logins/${session.id}/refresh`)))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect((await prisma().tenantLogin.findUniqueOrThrow({ where: { id: session.id } })).session).not.toEqual(before)
    const path = `/tenant-logins/${session.id}/logout`
    expect((await ask('operator', 'POST', path, { returnTo: 'https://evil.example.com/' })).status).toBe(400)
    const { body } = await ask('operator', 'POST', path, { returnTo: home })
    expect(body.logoutUrl).toBe(`${identity.url}/api/v1/logout?redirect_url=${encodeURIComponent(home)}`)
    expect((await ask('operator', 'GET', `/tenant-logins/${session.id}`)).status).toBe(409)
    expect((await ask('operator', 'POST', `/tenant-logins/${session.id}/refresh`)).status).toBe(409)
  })

  it('ends when the identity side does not renew it', async () => {
    const session = await signIn('user0002')
    identity.forgetSessions()
    const { status, body } = await ask('operator', 'POST', `/tenant-logins/${session.id}/refresh`)
    expect(status).toBe(409)
    expect(body.detail).toContain('invalid_grant')
    expect((await ask('operator', 'GET', `/tenant-logins/${session.id}`)).status).toBe(409)
  })

  it('ends for a member who was revoked, and does not begin for one', async () => {
    const session = await signIn('user0002')
    const change = (flag: number, user: object) => send(kitCall('authSync', { ...ids, appId, flag, userList: [user] }))
    await change(3, { userName: 'user0002' })
    const { status, body } = await ask('operator', 'GET', `/tenant-logins/${session.id}`)
    expect([status, body.detail]).toEqual([409, 'user0002 is not authorised for this application any more.'])
    const begun = await begin()
    const ended = await finish(await choose('user0002'), begun.cookie)
    expect(ended.searchParams.get('error')).toBe('not-authorised')
    await change(1, { ...lost, userName: 'user0002' })
    expect(await signIn('user0002')).toMatchObject({ user: { userName: 'user0002' } })
  })

  it('goes to the own login domain with state and PKCE', async () => {
    const begun = await begin({ app: 'app-own' })
    const url = new URL(begun.location)
    expect(url.origin + url.pathname).toBe(`${identity.url}/api/v1/oauth2/authorize`)
    expect(url.searchParams.get('redirect_uri')).toBe(callback)
    expect(url.searchParams.get('code_challenge_method')).toBe('S256')
    const back = await submit(`${identity.url}/api/v1/oauth2/authorize`, { ...Object.fromEntries(url.searchParams) })
    const forged = new URL(back)
    forged.searchParams.set('state', 'x'.repeat(64))
    expect((await returnTo(forged.search, begun.cookie)).status).toBe(400)
    expect((await finish(back, begun.cookie)).searchParams.has('token')).toBe(true)
  })

  it('cannot be begun for another address, or ended twice, elsewhere, later or for another enterprise', async () => {
    for (const address of [
      'https://evil.example.com/',
      `${home}/../evil`,
      `${home}?x=1`,
      `${home}.evil.com`,
      '//evil.com',
    ]) {
      const start = await ask(null, 'GET', `/tenant-logins/start?app=${appId}&returnTo=${encodeURIComponent(address)}`)
      expect([address, start.status, start.headers.get('location')]).toEqual([address, 400, null])
    }
    expect((await ask(null, 'GET', '/tenant-logins/start?tenant=nobody')).status).toBe(400)

    const begun = await begin()
    const back = await choose('user0001')
    expect((await returnTo(new URL(back).search, undefined)).status).toBe(400)
    expect((await returnTo(new URL(back).search, 'desk-tenant-login=forged')).status).toBe(400)
    const other = new URL(back)
    other.searchParams.set('tenant', 'tenant-2')
    expect((await finish(other.href, begun.cookie)).searchParams.get('error')).toBe('wrong-tenant')
    expect((await finish(back, begun.cookie)).searchParams.has('token')).toBe(true)
    expect((await finish(back, begun.cookie)).searchParams.get('error')).toBe('used')
    // The same code in a sign-in of its own is refused by the identity side.
    expect((await finish(back, (await begin()).cookie)).searchParams.get('error')).toBe('refused')
    const failed = await ask('viewer', 'GET', `/tenants/${id}/logins?state=failed`)
    expect(failed.body.items[0].reason).toBe('The login domain refused the token: 400 invalid_grant.')
  })

  it('hands out tokens that nobody else can make', async () => {
    const begun = await begin()
    const token = (await finish(await choose('user0001'), begun.cookie)).searchParams.get('token') as string
    const [head, body] = token.split('.') as [string, string]
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    expect(claims).toMatchObject({ iss: deskUrl, aud: appId, sub: 'user0001', tenant: tenantId })
    expect(claims.exp - claims.iat).toBe(60)
    const other = Buffer.from(JSON.stringify({ ...claims, sub: 'user0002' })).toString('base64url')
    const none = Buffer.from('{"alg":"none"}').toString('base64url')
    for (const forged of [
      `${head}.${other}.${token.split('.')[2]}`,
      `${none}.${body}.`,
      'x',
      `${token}x`,
      `${head}.${body}`,
    ])
      expect((await ask('operator', 'POST', '/tenant-logins/verify', { token: forged })).status).toBe(409)
    expect((await ask('operator', 'POST', '/tenant-logins/verify', { token })).status).toBe(200)
  })

  it('keeps no token of the identity side readable', async () => {
    const rows = await prisma().$queryRaw<{ line: string }[]>`SELECT t::text AS line FROM tenant_logins t`
    expect(rows.length).toBeGreaterThan(5)
    for (const { line } of rows) expect(line).not.toMatch(/accessToken|1380000|s3cret/)
  })
})

async function begin(more: Record<string, string> = {}): Promise<{ location: string; cookie: string }> {
  const query = new URLSearchParams({ tenant: tenantId, app: appId, returnTo: home, ...more })
  const started = await ask(null, 'GET', `/tenant-logins/start?${query}`)
  expect(started.status).toBe(302)
  expect(started.headers.get('referrer-policy')).toBe('no-referrer')
  const [location, cookie] = ['location', 'set-cookie'].map((name) => started.headers.get(name) ?? '')
  return { location: location as string, cookie: cookie as string }
}

/** What a user does on the unified page. Answers the address the browser is sent back to. */
const choose = (user: string) => submit(`${identity.url}/unified-login/`, { user, ind: 'UNOP', appId })

async function submit(address: string, form: Record<string, string>): Promise<string> {
  const body = new URLSearchParams({ user: 'user0001', ...form })
  const answer = await fetch(address, { method: 'POST', body, redirect: 'manual' })
  expect(answer.status).toBe(302)
  return answer.headers.get('location') as string
}

function returnTo(search: string, cookie: string | undefined) {
  const headers = cookie ? { cookie: cookie.split(';')[0] as string } : {}
  return ask(null, 'GET', `/tenant-logins/callback${search}`, undefined, headers)
}

async function finish(back: string, cookie: string): Promise<URL> {
  expect(back.startsWith(`${callback}?`)).toBe(true)
  const ended = await returnTo(new URL(back).search, cookie)
  expect(ended.status).toBe(302)
  return new URL(ended.headers.get('location') as string)
}

async function signIn(user: string) {
  const { cookie } = await begin()
  const token = (await finish(await choose(user), cookie)).searchParams.get('token')
  const { status, body } = await ask('operator', 'POST', '/tenant-logins/verify', { token })
  expect(status).toBe(200)
  return body
}
