import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { openProduct } from '@/lib/products'
import { unseal } from '@/lib/secrets'
import { contextForToken, revokeToken, updateUser, verifySignIn } from '@/lib/users'
import { type Context, systemContext } from '@/lib/users/context'
import { applySetup } from '.'

let database: Awaited<ReturnType<typeof testDatabase>>
const ctx: Context = { actor: { name: 'command line', via: 'cli', role: 'admin' } }

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
beforeEach(async () => {
  await prisma().$executeRaw`TRUNCATE credentials, products, users, api_tokens, audit_entries, sign_in_failures CASCADE`
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
})

const file = () => ({
  credentials: [
    { name: 'base-2026', kind: 'base', secret: 'test-access-key-0001' },
    { name: 'kit-2026', kind: 'kit', secret: 'test-kit-key-0001' },
    { name: 'licence-2026', kind: 'license', secret: 'test-licence-key-0001' },
    { name: 'kit-rsa', kind: 'kit-private-key', secret: privateKey },
    { name: 'open-api', kind: 'ak-sk', accessKeyId: 'TESTAKID', secret: 'test-secret-key-0001' },
  ],
  products: [
    {
      name: 'Team chat',
      productIds: ['00301-666666-0--0'],
      skuCodes: ['sku-chat'],
      kind: 'saas',
      delivery: {
        type: 'template',
        frontEndUrl: 'https://app.example.com/t/{instanceId}',
        adminUrl: 'https://app.example.com/admin',
        userName: 'admin-{customerId}',
        password: 'generate',
        memo: '欢迎',
      },
    },
    {
      name: 'Mailer',
      productIds: ['mailer-1'],
      kind: 'saas',
      delivery: {
        type: 'webhook',
        url: 'https://mail.example.com/hook',
        secret: 'whsec_dGVzdC0wMDAx',
        timeoutSeconds: 4,
      },
    },
    { name: 'Desktop', productIds: ['desktop-1'], kind: 'license-code' },
  ],
  defaultProduct: 'Team chat',
  users: [
    { email: 'ops@example.com', password: 'a password of ops', role: 'operator' },
    { email: 'boss@example.com', password: 'a password of boss', role: 'admin' },
  ],
  apiTokens: [{ name: 'ci', token: 'desk_0123456789abcdef', role: 'admin' }],
})

const traces = async () => ({
  audit: await prisma().auditEntry.count(),
  version: (await prisma().configVersion.findUniqueOrThrow({ where: { id: 1 } })).version,
})

test('the file of the contract makes everything it says', async () => {
  const outcome = await applySetup(file(), ctx)
  expect(outcome.created).toHaveLength(11)
  expect(outcome).toMatchObject({ changed: ['default product Team chat'], unchanged: [] })
  const rows = await prisma().credential.findMany({ orderBy: { name: 'asc' } })
  expect(rows.map((row) => [row.name, row.kind, row.kind === 'kit-private-key' ? '' : unseal(row.secret)])).toEqual([
    ['base-2026', 'base', 'test-access-key-0001'],
    ['kit-2026', 'kit', 'test-kit-key-0001'],
    ['kit-rsa', 'kit-private-key', ''],
    ['licence-2026', 'license', 'test-licence-key-0001'],
    ['open-api', 'ak-sk', 'test-secret-key-0001'],
  ])
  const products = (await prisma().product.findMany({ orderBy: { name: 'asc' } })).map(openProduct)
  expect(products).toMatchObject([
    { name: 'Desktop', delivery: { type: 'manual' }, isDefault: false },
    { name: 'Mailer', delivery: file().products[1]?.delivery },
    { name: 'Team chat', delivery: file().products[0]?.delivery, isDefault: true },
  ])
  expect(await contextForToken('desk_0123456789abcdef')).toMatchObject({ actor: { name: 'ci', role: 'admin' } })
  const signIn = { email: 'ops@example.com', password: 'a password of ops', address: null }
  expect(await verifySignIn(signIn)).toMatchObject({ role: 'operator' })
  const audit = JSON.stringify(await prisma().auditEntry.findMany())
  for (const secret of ['test-', 'a password of', 'desk_', 'whsec_', 'BEGIN']) expect(audit).not.toContain(secret)
})

test('the same file again changes nothing and leaves no trace', async () => {
  const { created } = await applySetup(file(), ctx)
  const before = await traces()
  const again = await applySetup(file(), ctx)
  expect(again).toMatchObject({ created: [], changed: [] })
  expect(again.unchanged.sort()).toEqual([...created, 'default product Team chat'].sort())
  expect(await traces()).toEqual(before)
})

test('four at the same time make everything once', async () => {
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => applySetup(file(), ctx)))
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(4)
  expect(await prisma().credential.count()).toBe(5)
  expect(await prisma().user.count()).toBe(2)
})

test('what differs is changed, what the file does not name stays', async () => {
  await applySetup(file(), ctx)
  const changed = await applySetup(
    {
      credentials: [{ name: 'base-2026', kind: 'base', secret: 'test-access-key-0002' }],
      products: [{ name: 'Desktop', productIds: ['desktop-1', 'desktop-2'], kind: 'license-code' }],
      users: [{ email: 'ops@example.com', password: 'another password', role: 'operator' }],
      apiTokens: [{ name: 'ci', token: 'desk_another-token', role: 'viewer' }],
    },
    ctx,
  )
  expect(changed.changed).toEqual(['credential base-2026', 'product Desktop', 'user ops@example.com', 'token ci'])
  expect(await contextForToken('desk_0123456789abcdef')).toBeNull()
  expect(await contextForToken('desk_another-token')).toMatchObject({ actor: { role: 'viewer' } })
  expect(await prisma().product.count()).toBe(3)
  expect(await prisma().product.count({ where: { isDefault: true, name: 'Team chat' } })).toBe(1)
  expect(await prisma().user.findUnique({ where: { email: 'ops@example.com' } })).toMatchObject({ sessionVersion: 2 })
  await applySetup({ defaultProduct: null }, ctx)
  expect(await prisma().product.count({ where: { isDefault: true } })).toBe(0)
})

test('a template loses the password that the file does not name any more', async () => {
  const delivery = { type: 'template', frontEndUrl: 'https://example.com', password: 'Secret#2026' }
  const product = { name: 'P', kind: 'saas', delivery }
  await applySetup({ products: [product] }, ctx)
  await applySetup({ products: [{ ...product, delivery: { ...delivery, password: undefined } }] }, ctx)
  expect(openProduct(await prisma().product.findFirstOrThrow()).delivery).not.toHaveProperty('password')
})

test('ids may change hands inside one file', async () => {
  await applySetup(file(), ctx)
  const [chat, mailer] = file().products
  await applySetup(
    {
      products: [
        { ...chat, productIds: ['mailer-1'] },
        { ...mailer, productIds: ['00301-666666-0--0'] },
      ],
    },
    ctx,
  )
  expect(await prisma().product.findUnique({ where: { name: 'Mailer' } })).toMatchObject({
    productIds: ['00301-666666-0--0'],
  })
})

test('a token or user that staff took away does not come back with the old file', async () => {
  await applySetup(file(), ctx)
  const token = await prisma().apiToken.findUniqueOrThrow({ where: { name: 'ci' } })
  const user = await prisma().user.findUniqueOrThrow({ where: { email: 'ops@example.com' } })
  await revokeToken({ ctx: systemContext, input: { id: token.id } })
  await updateUser({ ctx: systemContext, input: { id: user.id, active: false } })
  expect((await applySetup(file(), ctx)).changed).toEqual([])
  expect(await contextForToken('desk_0123456789abcdef')).toBeNull()
})

test.each([
  ['no object', [], ''],
  ['unknown member', { kredentials: [] }, 'kredentials'],
  ['unknown member inside', { products: [{ name: 'P', kind: 'saas', price: 1 }] }, 'products[0].price'],
  ['missing member', { users: [{ email: 'a@example.com', role: 'admin' }] }, 'users[0].password'],
  ['bad kind', { credentials: [{ name: 'c', kind: 'root', secret: 'test-key-0001' }] }, 'credentials[0].kind'],
  ['bad key', { credentials: [{ name: 'c', kind: 'kit-private-key', secret: 'no key' }] }, 'credentials[0].secret'],
  [
    'bad URL inside',
    {
      products: [{ name: 'P', kind: 'saas', delivery: { type: 'webhook', url: 'example', secret: 'whsec_MDAwMDA=' } }],
    },
    'products[0].delivery.url',
  ],
  [
    'webhook without secret',
    { products: [{ name: 'P', kind: 'saas', delivery: { type: 'webhook', url: 'https://example.com' } }] },
    'products[0].delivery.secret',
  ],
  ['bad token', { apiTokens: [{ name: 't', token: 'secret', role: 'admin' }] }, 'apiTokens[0].token'],
  ['unknown default', { defaultProduct: 'Nothing' }, 'defaultProduct'],
  [
    'same name twice',
    { apiTokens: ['desk_00000001', 'desk_00000002'].map((token) => ({ name: 't', token, role: 'admin' })) },
    'apiTokens[1].name',
  ],
])('%s is refused by its path and nothing is written', async (_, doc, path) => {
  const error = await applySetup(doc, ctx).catch((reason) => reason)
  expect(error).toMatchObject({ code: 'invalid', ...(path && { field: path }) })
  expect(error.message).toContain(path)
  expect(await prisma().auditEntry.count()).toBe(0)
})

test('a late conflict undoes all of it and names both', async () => {
  await applySetup({ products: [{ name: 'Old', kind: 'saas', productIds: ['p1'] }] }, ctx)
  const before = await traces()
  const doc = { ...file(), products: [{ name: 'New', kind: 'saas', productIds: ['p0', 'p1'] }] }
  await expect(applySetup(doc, ctx)).rejects.toMatchObject({
    code: 'conflict',
    field: 'products[0].productIds[1]',
    message: 'products[0].productIds[1]: p1 belongs to the product Old already.',
  })
  expect(await traces()).toEqual(before)
  expect(await prisma().credential.count()).toBe(0)
})

test('the last administrator cannot be demoted by a file, but exchanged', async () => {
  const user = (name: string, role: string) => ({ email: `${name}@example.com`, password: 'a good password', role })
  await applySetup({ users: [user('one', 'admin')] }, ctx)
  await expect(applySetup({ users: [user('one', 'viewer')] }, ctx)).rejects.toMatchObject({
    code: 'conflict',
    field: 'users[0].role',
  })
  await applySetup({ users: [user('one', 'viewer'), user('two', 'admin')] }, ctx)
  expect(await prisma().user.findMany({ where: { role: 'admin' } })).toMatchObject([{ email: 'two@example.com' }])
})

test('only an administrator may', async () => {
  const operator: Context = { actor: { name: 'op', via: 'token', role: 'operator' } }
  await expect(applySetup(file(), operator)).rejects.toMatchObject({ code: 'forbidden' })
})
