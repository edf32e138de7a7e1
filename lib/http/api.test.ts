import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { storeCall, storeMessage } from '@/lib/calls/testing'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import * as operations from '@/lib/openapi/operations'
import { type Context, hasRole, type Role, roles } from '@/lib/users/context'
import { ask, tokensOfRoles } from './api-testing'

let session: Context | null = null
vi.mock('@/lib/users/auth', () => ({
  currentContext: async () => session,
  currentUser: async () => session && { id: 'x', email: session.actor.name, role: session.actor.role, locale: null },
}))

let database: Awaited<ReturnType<typeof testDatabase>>
let tokens: Record<Role, string>

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  // Nothing runs by itself here, but what is asked for must find its queue.
  registerHandlers({ housekeeping: async () => {} })
  await startJobs()
  tokens = await tokensOfRoles()
})
afterAll(async () => {
  await stopJobs()
  await prisma().$disconnect()
  await database.drop()
})
beforeEach(() => {
  session = null
})

const signedIn = (role: Role): Context => ({ actor: { name: `${role}@example.com`, via: 'user', role } })
const own = { 'x-desk-csrf': '1', 'sec-fetch-site': 'same-origin' }
const nobodyKnows = newId()
const addressOf = (path: string) => path.replace('{id}', nobodyKnows).replace(/\{\w+\}/, 'nobody-knows')

describe('who may do what', () => {
  const all = Object.values(operations)

  it.each(all.filter(({ role }) => role !== 'public').map((one) => [`${one.method} ${one.path}`, one] as const))(
    '%s asks for its role, by token and by session',
    async (_, { method, path, role: needed }) => {
      const nobody = await ask(method, addressOf(path))
      expect(nobody).toMatchObject({ status: 401, type: 'application/problem+json', body: { status: 401 } })
      for (const role of roles) {
        const allowed = hasRole(signedIn(role).actor, needed as Role)
        const byToken = await ask(method, addressOf(path), { token: tokens[role], json: {} })
        session = signedIn(role)
        const bySession = await ask(method, addressOf(path), { headers: own, json: {} })
        session = null
        for (const { status } of [byToken, bySession]) {
          if (allowed) expect([200, 400, 404, 409, 503]).toContain(status)
          else expect(status).toBe(403)
        }
      }
    },
  )

  it('leaves the description and the set-up open', async () => {
    expect((await ask('GET', '/openapi.json')).body.openapi).toBe('3.1.0')
    expect(await ask('GET', '/docs')).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
    expect((await ask('POST', '/set-up', { json: {} })).status).toBe(400)
  })

  it('refuses tokens that are no longer or never were one', async () => {
    for (const token of ['desk_unknownunknown', 'nonsense', '']) {
      const answer = await ask('GET', '/calls', { headers: { authorization: `Bearer ${token}` } })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    }
    // A token that does not fit must not fall back to whoever is signed in.
    session = signedIn('admin')
    expect((await ask('GET', '/calls', { token: 'desk_unknownunknown' })).status).toBe(401)
  })

  it('takes changes with a session from the desk itself only', async () => {
    session = signedIn('admin')
    const json = { name: 'forged', role: 'viewer' }
    const foreign: Record<string, string>[] = [
      {},
      { 'x-desk-csrf': '1', 'sec-fetch-site': 'cross-site' },
      { 'x-desk-csrf': '1', 'sec-fetch-site': 'same-site' },
      { 'x-desk-csrf': '1', origin: 'https://evil.example.com' },
      { 'sec-fetch-site': 'same-origin' },
      { 'x-desk-csrf': '1', origin: 'null' },
    ]
    for (const headers of foreign) expect((await ask('POST', '/tokens', { json, headers })).status).toBe(403)
    const made = await ask('POST', '/tokens', { json, headers: { ...own, origin: 'http://127.0.0.1:3000' } })
    expect(made).toMatchObject({ status: 201, body: { name: 'forged', token: expect.stringMatching(/^desk_/) } })
  })
})

describe('what is wrong is said', () => {
  const problem = (field: string, detail: RegExp) => ({
    status: 400,
    type: 'application/problem+json',
    body: { type: '/api/v1/docs#invalid', field, detail: expect.stringMatching(detail) },
  })

  it.each([
    ['/calls?colour=red', 'colour', /colour: is not a known query parameter; allowed are activity, /],
    ['/calls?limit=0', 'limit', /limit: /],
    ['/calls?limit=201', 'limit', /limit: /],
    ['/calls?limit=ten', 'limit', /limit: /],
    ['/calls?from=yesterday', 'from', /from: is not an ISO 8601 time with a zone/],
    ['/calls?from=2026-02-30T00:00:00Z', 'from', /from: /],
    ['/calls?from=2026-01-01T00:00:00', 'from', /from: /],
    ['/calls?outcome=broken', 'outcome', /outcome: /],
    ['/calls?test=yes', 'test', /test: must be true or false/],
    ['/calls?resultCode=5', 'resultCode', /resultCode: must be six digits/],
    ['/calls?messageId=7', 'messageId', /messageId: must be a UUID/],
    ['/calls?q=a&q=b', 'q', /q: is given more than once/],
    ['/calls?q=%00', 'q', /q: holds a character/],
    ['/calls?cursor=nonsense', 'cursor', /cursor: is none of ours/],
    ['/calls?cursor=WyJ4IiwieSJd', 'cursor', /cursor: is none of ours/],
    ['/instances?expiresWithinDays=soon', 'expiresWithinDays', /expiresWithinDays: /],
    ['/products?x=1', 'x', /none is allowed here/],
  ])('%s', async (address, field, detail) => {
    expect(await ask('GET', address, { token: tokens.admin })).toMatchObject(problem(field, detail))
  })

  it('in bodies', async () => {
    const token = tokens.admin
    const wrong = [
      [{ json: { name: '', role: 'king' } }, 'name'],
      [{ json: { name: 'a', role: 'viewer', more: 1 } }, 'more'],
      [{ json: [] }, undefined],
      [{ text: '{"name":' }, undefined],
      [{ text: '"text"' }, undefined],
      [{ text: '{"name":"a\\u0000","role":"viewer"}' }, undefined],
      [{ text: '{"name":"a\\ud800","role":"viewer"}' }, undefined],
    ] as const
    for (const [body, field] of wrong) {
      const answer = await ask('POST', '/tokens', { token, ...body })
      expect(answer).toMatchObject({ status: 400, type: 'application/problem+json' })
      expect(answer.body.field).toBe(field)
    }
    expect((await ask('POST', '/tokens', { token, text: ' '.repeat(1024 * 1024 + 1) })).status).toBe(413)
  })

  it('tells unknown ids from ids of another form no differently', async () => {
    for (const id of [nobodyKnows, 'nonsense', '%00', "'%20OR%201=1--"]) {
      expect((await ask('GET', `/calls/${id}`, { token: tokens.viewer })).status).toBe(404)
      expect((await ask('GET', `/instances/${id}`, { token: tokens.viewer })).status).toBe(404)
    }
  })

  it('without telling what nobody foresaw', async () => {
    const { id } = await storeMessage()
    await prisma().$executeRaw`ALTER TABLE notices RENAME TO notices_away`
    const answer = await ask('GET', `/messages/${id}`, { token: tokens.viewer })
    await prisma().$executeRaw`ALTER TABLE notices_away RENAME TO notices`
    expect(answer).toMatchObject({ status: 500, body: { instance: expect.stringMatching(/^urn:uuid:/) } })
    expect(JSON.stringify(answer.body)).not.toMatch(/notices|relation|SQL/i)
  })
})

describe('pages', () => {
  it('stay in place while calls keep coming', async () => {
    const token = tokens.viewer
    const orderId = `CS${newId()}`
    const stored: string[] = []
    for (let n = 0; n < 7; n += 1) stored.push(await storeCall({ orderId, at: new Date(Date.now() - 60_000 + n) }))
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const address = `/calls?orderId=${orderId}&limit=3${cursor ? `&cursor=${cursor}` : ''}`
      const { body } = await ask('GET', address, { token })
      seen.push(...body.items.map((call: { id: string }) => call.id))
      cursor = body.nextCursor
      await storeCall({ orderId })
    } while (cursor)
    expect(seen).toEqual(stored.reverse())
    const { body } = await ask('GET', `/calls?orderId=${orderId}&limit=3`, { token })
    expect(body.total).toBe(10)
    for (const other of ['&outcome=failed', '&test=false']) {
      const answer = await ask('GET', `/calls?orderId=${orderId}${other}&cursor=${body.nextCursor}`, { token })
      expect(answer).toMatchObject({ status: 400, body: { field: 'cursor' } })
    }
    const shorter = await ask('GET', `/calls?orderId=${orderId}&limit=1&cursor=${body.nextCursor}`, { token })
    expect(shorter.body.items).toHaveLength(1)
  })
})
