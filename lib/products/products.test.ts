import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { seal } from '@/lib/secrets'
import { type Context, systemContext } from '@/lib/users/context'
import { createProduct, deleteProduct, listProducts, openProduct, updateProduct } from '.'

let database: Awaited<ReturnType<typeof testDatabase>>
const ctx = systemContext
const viewer: Context = { actor: { name: 'v@example.com', via: 'user', role: 'viewer' } }

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
beforeEach(async () => {
  await prisma().product.deleteMany()
  await prisma().auditEntry.deleteMany()
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const template = {
  type: 'template',
  frontEndUrl: 'https://app.example.com/t/{instanceId}',
  userName: 'admin-{customerId}',
  password: 'Secret#2026',
}
const chat = { name: 'Team chat', kind: 'saas', productIds: ['00301-666666-0--0'], delivery: template }
const webhook = { type: 'webhook', url: 'https://hooks.example.com/desk', secret: 'whsec_dGVzdC1zZWNyZXQtMDAwMQ==' }
const create = (input: object) => createProduct({ ctx, input })
const opened = async (id: string) => openProduct(await prisma().product.findUniqueOrThrow({ where: { id } }))

test('a product comes with defaults; its secrets are sealed and not shown', async () => {
  const made = await create(chat)
  expect(made).toMatchObject({
    skuCodes: [],
    timeZone: 'UTC',
    encryptType: '1',
    isDefault: false,
    poolLeft: null,
    delivery: { type: 'template', adminUrl: null, memo: null, password: null, passwordSet: true },
  })
  expect((await opened(made.id)).delivery).toEqual(template)
  const readable = JSON.stringify([
    made,
    await listProducts({ ctx: viewer }),
    await prisma().auditEntry.findMany(),
    (await prisma().product.findMany()).map(({ delivery }) => delivery),
  ])
  expect(readable).not.toContain(template.password)
  expect(await create({ name: 'Desktop', kind: 'license-code' })).toMatchObject({ delivery: { type: 'manual' } })
})

test('a change leaves out secrets to keep them, and says so to take them away', async () => {
  const { id, delivery: _, ...facts } = await create(chat)
  const { poolLeft: __, ...input } = facts
  const put = (delivery: object) => updateProduct({ ctx, input: { id, ...input, delivery } })
  const { password, ...silent } = template
  expect((await put({ ...silent, password: null, passwordSet: true })).delivery).toMatchObject({ passwordSet: true })
  expect((await opened(id)).delivery).toEqual(template)
  await put({ ...silent, password: 'generate' })
  expect((await opened(id)).delivery).toEqual({ ...silent, password: 'generate' })
  await put({ ...silent, password })
  await put({ ...silent, passwordSet: false })
  expect((await opened(id)).delivery).toEqual(silent)
  await put(webhook)
  await put({ type: 'webhook', url: 'https://hooks.example.com/other', timeoutSeconds: 10 })
  expect((await opened(id)).delivery).toEqual({
    ...webhook,
    url: 'https://hooks.example.com/other',
    timeoutSeconds: 10,
  })
})

test('an unchanged product leaves no trace', async () => {
  const { id, poolLeft: _, ...made } = await create(chat)
  const version = () => prisma().configVersion.findUniqueOrThrow({ where: { id: 1 } })
  const before = await version()
  await updateProduct({ ctx, input: { id, ...made } })
  expect(await version()).toEqual(before)
  expect(await prisma().auditEntry.count()).toBe(1)
})

test('ids that belong to another product are a conflict that names it', async () => {
  await create({ ...chat, skuCodes: ['SKU1'] })
  await expect(create({ ...chat, name: 'Other', productIds: ['x', '00301-666666-0--0'] })).rejects.toMatchObject({
    code: 'conflict',
    field: 'productIds[1]',
    message: '00301-666666-0--0 belongs to the product Team chat already.',
  })
  await expect(create({ ...chat, name: 'Other', productIds: [], skuCodes: ['SKU1'] })).rejects.toMatchObject({
    code: 'conflict',
    field: 'skuCodes[0]',
  })
  await expect(create({ ...chat, productIds: [] })).rejects.toMatchObject({ code: 'conflict', field: 'name' })
})

test('two claims of one id at the same time leave one product', async () => {
  const results = await Promise.allSettled([create({ ...chat, name: 'A' }), create({ ...chat, name: 'B' })])
  expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
})

test('one product is the default, also when all want to be', async () => {
  await Promise.all(['A', 'B', 'C', 'D'].map((name) => create({ name, kind: 'saas', isDefault: true })))
  const products = await listProducts({ ctx })
  expect(products.filter(({ isDefault }) => isDefault)).toHaveLength(1)
  const { id, name, kind } = products.find(({ isDefault }) => !isDefault) ?? products[0] ?? expect.fail()
  await updateProduct({ ctx, input: { id, name, kind, isDefault: true } })
  expect((await listProducts({ ctx })).filter(({ isDefault }) => isDefault)).toMatchObject([{ id }])
  expect(await deleteProduct({ ctx, input: { id } })).toMatchObject({ wasDefault: true })
})

test.each([
  ['ftp', { delivery: { ...template, frontEndUrl: 'ftp://example.com' } }, 'delivery.frontEndUrl'],
  ['script', { delivery: { ...template, frontEndUrl: 'javascript:alert(1)' } }, 'delivery.frontEndUrl'],
  ['user in URL', { delivery: { ...template, adminUrl: 'https://a:b@example.com' } }, 'delivery.adminUrl'],
  [
    'long URL',
    { delivery: { ...template, frontEndUrl: `https://example.com/${'x'.repeat(512)}` } },
    'delivery.frontEndUrl',
  ],
  ['unknown placeholder', { delivery: { ...template, userName: '{nobody}' } }, 'delivery.userName'],
  ['long memo', { delivery: { ...template, memo: 'x'.repeat(1025) } }, 'delivery.memo'],
  ['webhook without secret', { delivery: { ...webhook, secret: undefined } }, 'delivery.secret'],
  ['webhook that waits too long', { delivery: { ...webhook, timeoutSeconds: 16 } }, 'delivery.timeoutSeconds'],
  ['webhook to a file', { delivery: { ...webhook, url: 'file:///etc/passwd' } }, 'delivery.url'],
  ['unknown delivery', { delivery: { type: 'post' } }, 'delivery.type'],
  ['unknown member of the delivery', { delivery: { type: 'pool', size: 3 } }, 'delivery.size'],
  ['id with a blank', { productIds: ['a b'] }, 'productIds[0]'],
  ['id with NUL', { productIds: ['ok', 'a\u0000'] }, 'productIds[1]'],
  ['same id twice', { productIds: ['a', 'a'] }, 'productIds'],
  ['too many ids', { skuCodes: Array.from({ length: 201 }, (_, n) => `s${n}`) }, 'skuCodes'],
  ['unknown kind', { kind: 'hardware' }, 'kind'],
  ['unknown zone', { timeZone: 'Europe/Berlin' }, 'timeZone'],
])('%s is refused', async (_, part, field) => {
  await expect(create({ ...chat, ...part })).rejects.toMatchObject({ code: 'invalid', field })
})

test('the accounts left of a pool are told, and go with the product', async () => {
  const { id } = await create({ ...chat, delivery: { type: 'pool' } })
  const account = (n: number, takenBy: string | null) => ({
    id: newId(),
    productRef: id,
    fingerprint: String(n),
    appInfo: seal('{}'),
    label: String(n),
    takenBy,
  })
  await prisma().poolAccount.createMany({ data: [account(1, null), account(2, null), account(3, 'instance')] })
  expect(await listProducts({ ctx })).toMatchObject([{ poolLeft: 2 }])
  await deleteProduct({ ctx, input: { id } })
  expect(await prisma().poolAccount.count()).toBe(0)
})

test('viewers read, only administrators change', async () => {
  expect(await listProducts({ ctx: viewer })).toEqual([])
  await expect(createProduct({ ctx: viewer, input: chat })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(updateProduct({ ctx: viewer, input: chat })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(deleteProduct({ ctx: viewer, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
})
