import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { connect, prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { applySetup } from '@/lib/setup'
import {
  contextForToken,
  createToken,
  createUser,
  ensureSetupLink,
  listTokens,
  listUsers,
  redeemSetupLink,
  revokeToken,
  updateUser,
  verifySignIn,
} from '.'
import { type Context, systemContext } from './context'
import { userOfSession } from './sessions'
import { forgetTokens } from './tokens'

let database: Awaited<ReturnType<typeof testDatabase>>
const operator: Context = { actor: { name: 'op@example.com', via: 'user', role: 'operator' } }
const ctx = systemContext
const password = 'a good long password'

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})

beforeEach(async () => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  await prisma()
    .$executeRaw`TRUNCATE users, sign_in_failures, setup_links, api_tokens, audit_entries RESTART IDENTITY CASCADE`
  forgetTokens()
})

afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const tryOut = (email: string, wrong: string, address: string | null = null) =>
  verifySignIn({ email, password: wrong, address })

describe('users', () => {
  test('are created, listed and audited without their passwords', async () => {
    const user = await createUser({ ctx, input: { email: ' Ada@Example.com ', password, role: 'admin' } })
    expect(user).toMatchObject({ email: 'ada@example.com', role: 'admin', active: true, lastSignInAt: null })
    expect(await listUsers({ ctx })).toEqual([user])
    const entries = await prisma().auditEntry.findMany()
    expect(entries).toMatchObject([{ action: 'user.create', target: user.id, actor: 'system' }])
    expect(JSON.stringify(entries)).not.toContain(password)
  })

  test('twice the same mail is a conflict, also at the same time', async () => {
    const input = { email: 'ada@example.com', password, role: 'viewer' }
    const results = await Promise.allSettled([createUser({ ctx, input }), createUser({ ctx, input })])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'conflict', field: 'email' },
    })
  })

  test.each([
    [{ email: 'ada', password, role: 'admin' }, 'email'],
    [{ email: 'ada@example.com', password: 'short', role: 'admin' }, 'password'],
    [{ email: 'ada@example.com', password: 'x'.repeat(201), role: 'admin' }, 'password'],
    [{ email: 'ada@example.com', password, role: 'root' }, 'role'],
    [{ email: 'ada@example.com', password, role: 'admin', sudo: true }, 'sudo'],
  ])('bad input $1 is named, and no password is repeated', async (input, field) => {
    const error = await createUser({ ctx, input }).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'invalid', field })
    expect(error.message).not.toContain(input.password)
  })

  test('only an administrator may', async () => {
    await expect(createUser({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(listUsers({ ctx: operator })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(updateUser({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('the last administrator stays one, also when two leave at once', async () => {
    const one = await createUser({ ctx, input: { email: 'one@example.com', password, role: 'admin' } })
    await expect(updateUser({ ctx, input: { id: one.id, role: 'viewer' } })).rejects.toMatchObject({
      code: 'conflict',
      field: 'role',
    })
    await expect(updateUser({ ctx, input: { id: one.id, active: false } })).rejects.toMatchObject({ code: 'conflict' })
    const two = await createUser({ ctx, input: { email: 'two@example.com', password, role: 'admin' } })
    const results = await Promise.allSettled([
      updateUser({ ctx, input: { id: one.id, role: 'viewer' } }),
      updateUser({ ctx, input: { id: two.id, active: false } }),
    ])
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(await prisma().user.count({ where: { role: 'admin', active: true } })).toBe(1)
  })

  test('a change that changes nothing leaves no trace', async () => {
    const user = await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'admin' } })
    expect(await updateUser({ ctx, input: { id: user.id, role: 'admin', active: true } })).toEqual(user)
    expect(await prisma().auditEntry.count()).toBe(1)
  })
})

describe('sign-in', () => {
  test('tells the user, and nothing for a wrong password, an unknown mail or somebody inactive', async () => {
    const user = await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'viewer' } })
    expect(await tryOut('ADA@example.com', password)).toMatchObject({ id: user.id, role: 'viewer', sessionVersion: 1 })
    expect(await tryOut('ada@example.com', 'something else')).toBeNull()
    expect(await tryOut('nobody@example.com', password)).toBeNull()
    expect(await tryOut('not a mail', password)).toBeNull()
    expect(await tryOut('ada@example.com', 'x'.repeat(10_000))).toBeNull()
    await updateUser({ ctx, input: { id: user.id, active: false } })
    expect(await tryOut('ada@example.com', password)).toBeNull()
    const actions = (await prisma().auditEntry.findMany({ orderBy: { id: 'asc' } })).map(({ action }) => action)
    expect(actions).toEqual(['user.create', 'user.sign-in', 'user.update'])
  })

  test('ten failures close a mail for 15 minutes, also to the right password, and from everywhere', async () => {
    await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'viewer' } })
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, (_, n) => tryOut('ada@example.com', 'wrong', `10.0.0.${n}`)),
    )
    const judged = results.filter(({ status }) => status === 'fulfilled').length
    expect(judged).toBeLessThanOrEqual(10)
    while (
      await tryOut('ada@example.com', 'wrong')
        .catch(() => 'limited' as const)
        .then((end) => end !== 'limited')
    );
    await expect(tryOut('ada@example.com', password, '10.1.1.1')).rejects.toMatchObject({ code: 'rate-limited' })
    expect(
      await prisma().signInFailure.groupBy({ by: ['key'], _count: true, having: { key: { _count: { gt: 10 } } } }),
    ).toEqual([])
    await prisma().$executeRaw`UPDATE sign_in_failures SET at = at - interval '16 minutes'`
    expect(await tryOut('ada@example.com', password, '10.1.1.1')).not.toBeNull()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 61_000 })
    expect(await tryOut('nobody@example.com', 'wrong')).toBeNull()
    expect(await prisma().signInFailure.count()).toBe(1)
  })

  test('ten failures close an address, whatever the mail', async () => {
    for (let n = 0; n < 10; n++) expect(await tryOut(`user${n}@example.com`, 'wrong', '10.0.0.1')).toBeNull()
    await expect(tryOut('another@example.com', 'wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'rate-limited' })
    expect(await tryOut('another@example.com', 'wrong', '10.0.0.2')).toBeNull()
  })

  test('a success forgets the failures of its mail, not those of its address', async () => {
    await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'viewer' } })
    for (let n = 0; n < 9; n++) await tryOut('ada@example.com', 'wrong', '10.0.0.1')
    expect(await tryOut('ada@example.com', password, '10.0.0.1')).not.toBeNull()
    expect(await tryOut('ada@example.com', 'wrong', '10.0.0.2')).toBeNull()
    expect(await tryOut('bob@example.com', 'wrong', '10.0.0.1')).toBeNull()
    await expect(tryOut('bob@example.com', 'wrong', '10.0.0.1')).rejects.toMatchObject({ code: 'rate-limited' })
  })
})

describe('sessions', () => {
  test('end with a new password or a deactivation, and follow a new role', async () => {
    await createUser({ ctx, input: { email: 'boss@example.com', password, role: 'admin' } })
    const { id } = await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'viewer' } })
    expect(await userOfSession({ userId: id, version: 1 })).toMatchObject({ email: 'ada@example.com', role: 'viewer' })
    await updateUser({ ctx, input: { id, role: 'operator' } })
    expect(await userOfSession({ userId: id, version: 1 })).toMatchObject({ role: 'operator' })
    await updateUser({ ctx, input: { id, password: 'another good password' } })
    expect(await userOfSession({ userId: id, version: 1 })).toBeNull()
    expect(await userOfSession({ userId: id, version: 2 })).not.toBeNull()
    await updateUser({ ctx, input: { id, active: false } })
    expect(await userOfSession({ userId: id, version: 2 })).toBeNull()
    expect(await userOfSession({ userId: id, version: 3 })).toBeNull()
  })

  test('what another replica changed is seen after 30 s, not asked before', async () => {
    const { id } = await createUser({ ctx, input: { email: 'ada@example.com', password, role: 'viewer' } })
    expect(await userOfSession({ userId: id, version: 1 })).not.toBeNull()
    await prisma().user.update({ where: { id }, data: { active: false } })
    expect(await userOfSession({ userId: id, version: 1 })).not.toBeNull()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 })
    expect(await userOfSession({ userId: id, version: 1 })).toBeNull()
  })
})

describe('API tokens', () => {
  test('stand for their role; only a keyed hash is kept', async () => {
    const made = await createToken({ ctx, input: { name: 'ci', role: 'operator' } })
    expect(made.token).toMatch(/^desk_[0-9A-Za-z]{32}$/)
    expect(await contextForToken(`Bearer ${made.token}`)).toEqual({
      actor: { name: 'ci', via: 'token', role: 'operator', scopes: [] },
    })
    expect(await contextForToken(made.token.slice(0, -1))).toBeNull()
    expect(await contextForToken('')).toBeNull()
    const everything = JSON.stringify([await prisma().apiToken.findMany(), await prisma().auditEntry.findMany()])
    expect(everything).not.toContain(made.token)
    expect((await listTokens({ ctx }))[0]).toMatchObject({ name: 'ci', hint: made.token.slice(-4), revokedAt: null })
    await expect(createToken({ ctx, input: { name: 'ci', role: 'viewer' } })).rejects.toMatchObject({
      code: 'conflict',
      field: 'name',
    })
  })

  test.each([
    ['desk_ci', ''],
    ['desk_01234567', '67'],
    ['desk_Ab.c-d_e~f+g/h0123456789==', '89=='],
  ])('given by a set-up file work from the next call on: %s', async (token, hint) => {
    expect(await contextForToken(token)).toBeNull()
    await applySetup({ apiTokens: [{ name: 'given', token, role: 'viewer' }] }, ctx)
    expect(await contextForToken(`Bearer ${token}`)).toMatchObject({ actor: { name: 'given' } })
    expect((await listTokens({ ctx }))[0]?.hint).toBe(hint)
  })

  test('are revoked at once here; a change elsewhere is seen after 5 s', async () => {
    const here = await createToken({ ctx, input: { name: 'here', role: 'viewer' } })
    const elsewhere = await createToken({ ctx, input: { name: 'elsewhere', role: 'viewer' } })
    expect(await contextForToken(here.token)).not.toBeNull()
    expect(await contextForToken(elsewhere.token)).not.toBeNull()
    await revokeToken({ ctx, input: { id: here.id } })
    expect(await contextForToken(here.token)).toBeNull()
    expect(await contextForToken(elsewhere.token)).not.toBeNull()
    await prisma().apiToken.update({ where: { id: elsewhere.id }, data: { revokedAt: new Date() } })
    expect(await contextForToken(elsewhere.token)).not.toBeNull()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_001 })
    expect(await contextForToken(elsewhere.token)).toBeNull()
  })

  test('note their use at most once a minute', async () => {
    const { token, id } = await createToken({ ctx, input: { name: 'ci', role: 'viewer' } })
    const lastUsedAt = async () => (await prisma().apiToken.findUnique({ where: { id } }))?.lastUsedAt?.getTime()
    await contextForToken(token)
    await vi.waitFor(async () => expect(await lastUsedAt()).toBeDefined())
    const first = await lastUsedAt()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 30_000 })
    await contextForToken(token)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await lastUsedAt()).toBe(first)
    vi.setSystemTime(Date.now() + 31_000)
    await contextForToken(token)
    await vi.waitFor(async () => expect(await lastUsedAt()).toBeGreaterThan(first ?? 0))
  })
})

describe('the first administrator', () => {
  const linkToken = (link: string | null) => new URL(link ?? '').searchParams.get('token')

  test('20 uses of a set-up link at once make one', async () => {
    const token = linkToken(await ensureSetupLink())
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => redeemSetupLink({ token, email: `admin${n}@example.com`, password })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'conflict', field: 'token' })
    }
    expect(await listUsers({ ctx })).toMatchObject([{ role: 'admin' }])
    expect(await ensureSetupLink()).toBeNull()
  })

  test('two links make one administrator', async () => {
    const links = [linkToken(await ensureSetupLink()), linkToken(await ensureSetupLink())]
    const results = await Promise.allSettled(
      links.map((token, n) => redeemSetupLink({ token, email: `admin${n}@example.com`, password })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  test('a link is unknown, used, expired, or too late, each in its words', async () => {
    const use = (token: string | null) => redeemSetupLink({ token, email: 'admin@example.com', password })
    await expect(use('something')).rejects.toMatchObject({ code: 'not-found' })
    const token = linkToken(await ensureSetupLink())
    await expect(redeemSetupLink({ token, email: 'admin@example.com', password: 'short' })).rejects.toMatchObject({
      field: 'password',
    })
    const spare = linkToken(await ensureSetupLink())
    await use(token)
    await expect(use(token)).rejects.toMatchObject({ details: { reason: 'used' } })
    await expect(use(spare)).rejects.toMatchObject({ details: { reason: 'users-exist' } })
    await prisma().user.deleteMany()
    await prisma().$executeRaw`UPDATE setup_links SET expires_at = now() - interval '1 second'`
    await expect(use(spare)).rejects.toMatchObject({ details: { reason: 'expired' } })
    expect(JSON.stringify(await prisma().setupLink.findMany())).not.toContain(spare)
  })

  test('DESK_ADMIN_EMAIL makes one, also when replicas start together, and only while there is none', async () => {
    vi.stubEnv('DESK_ADMIN_EMAIL', 'Boss@example.com')
    vi.stubEnv('DESK_ADMIN_PASSWORD', password)
    provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
    expect(await Promise.all([ensureSetupLink(), ensureSetupLink(), ensureSetupLink()])).toEqual([null, null, null])
    expect(await listUsers({ ctx })).toMatchObject([{ email: 'boss@example.com', role: 'admin' }])
    expect(await tryOut('boss@example.com', password)).not.toBeNull()
    vi.unstubAllEnvs()
    provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  })

  test('a user made meanwhile by another process ends the link', async () => {
    const token = linkToken(await ensureSetupLink())
    const other = connect(database.url, 1)
    let late: Promise<unknown> = Promise.resolve()
    await other.$transaction(async (tx) => {
      await lockFor(tx, 'users')
      late = redeemSetupLink({ token, email: 'late@example.com', password }).catch((error) => error)
      await new Promise((resolve) => setTimeout(resolve, 300))
      await tx.user.create({ data: { id: newId(), email: 'first@example.com', passwordHash: '-', role: 'admin' } })
    })
    await other.$disconnect()
    expect(await late).toMatchObject({ code: 'conflict', details: { reason: 'users-exist' } })
    expect((await listUsers({ ctx })).map(({ email }) => email)).toEqual(['first@example.com'])
  })
})
