import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createCredential, updateCredential } from '@/lib/credentials'
import { connect, type Db, prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { createProduct } from '@/lib/products'
import { systemContext as ctx } from '@/lib/users/context'
import { catalog, catalogAt, catalogNow, forgetCatalog, refreshCatalog } from '.'

let database: Awaited<ReturnType<typeof testDatabase>>
let other: Db

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
  other = connect(database.url, 2)
})
beforeEach(async () => {
  vi.useRealTimers()
  forgetCatalog()
  await prisma().product.deleteMany()
  await prisma().credential.deleteMany()
})
afterAll(async () => {
  await Promise.all([prisma().$disconnect(), other.$disconnect()])
  if (!dropped) await database.drop()
})

let dropped = false
async function dropDatabase() {
  dropped = true
  await database.drop()
}

const base = (name: string) => createCredential({ ctx, input: { name, kind: 'base', secret: `test-key-${name}` } })
const later = (ms: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + ms })

test('credentials are open and newest first, products are found by id before SKU', async () => {
  await base('old')
  await new Promise((resolve) => setTimeout(resolve, 5))
  await base('new')
  const off = await base('off')
  await updateCredential({ ctx, input: { id: off.id, active: false } })
  await createProduct({ ctx, input: { name: 'A', kind: 'saas', productIds: ['p1'], skuCodes: ['s1'] } })
  await createProduct({
    ctx,
    input: { name: 'B', kind: 'saas', productIds: ['p2'], skuCodes: ['s2'], isDefault: true },
  })
  const { active, find, defaultProduct, credentials } = await catalog()
  expect(active('base').map(({ name, secret }) => [name, secret])).toEqual([
    ['new', 'test-key-new'],
    ['old', 'test-key-old'],
  ])
  expect(active('kit')).toEqual([])
  expect(credentials).toHaveLength(3)
  expect(find('p1', 's2')?.name).toBe('A')
  expect(find('unknown', 's2')?.name).toBe('B')
  expect(find(null, null)).toBeNull()
  expect(defaultProduct?.name).toBe('B')
})

test('a fresh copy is served without any question to the database', async () => {
  const first = await catalog()
  const asked = vi.spyOn(prisma(), '$queryRaw')
  for (let n = 0; n < 100; n++) expect(await catalog()).toBe(first)
  expect(catalogNow()).toBe(first)
  expect(asked).not.toHaveBeenCalled()
  asked.mockRestore()
})

test('what another replica wrote is seen after 1 s, by refresh and by version at once', async () => {
  await base('one')
  await catalog()
  await other.credential.updateMany({ data: { active: false } })
  expect((await catalog()).active('base')).toHaveLength(1)
  later(1_001)
  expect((await catalog()).active('base')).toHaveLength(0)

  await other.credential.updateMany({ data: { active: true } })
  expect((await refreshCatalog()).active('base')).toHaveLength(1)

  await other.credential.updateMany({ data: { active: false } })
  const { version } = await other.configVersion.findUniqueOrThrow({ where: { id: 1 } })
  const current = await catalogAt(version)
  expect(current.version).toBe(version)
  expect(current.active('base')).toHaveLength(0)
  expect(await catalogAt(version)).toBe(current)
})

test('a refresh tells what was written before it, however many ask and whatever check is under way', async () => {
  await base('one')
  await catalog()
  for (const active of [false, true, false, true]) {
    later(1_001)
    const underWay = catalog()
    await other.credential.updateMany({ data: { active } })
    const refreshed = await Promise.all(Array.from({ length: 20 }, () => refreshCatalog()))
    for (const { active: keys } of refreshed) expect(keys('base')).toHaveLength(active ? 1 : 0)
    await underWay
  }
})

test('many refreshes are few questions to the database', async () => {
  await catalog()
  const asked = vi.spyOn(prisma(), '$queryRaw')
  const end = performance.now() + 300
  while (performance.now() < end) await Promise.race([refreshCatalog(), new Promise((r) => setTimeout(r, 1))])
  const questions = asked.mock.calls.length
  asked.mockRestore()
  await refreshCatalog() // nothing of this is left for the next test
  expect(questions).toBeLessThanOrEqual(8)
})

test('a stale copy of the same version is not loaded again, and asked for once by many', async () => {
  const first = await catalog()
  later(1_001)
  const asked = vi.spyOn(prisma(), '$queryRaw')
  const all = await Promise.all(Array.from({ length: 50 }, () => catalog()))
  expect(new Set(all)).toEqual(new Set([first]))
  expect(asked).toHaveBeenCalledTimes(1)
  asked.mockRestore()
})

test('a secret of another DESK_SECRET takes down neither the rest nor the desk', async () => {
  await base('good')
  const { id } = await base('bad')
  const product = await createProduct({
    ctx,
    input: {
      name: 'A',
      kind: 'saas',
      productIds: ['p1'],
      delivery: { type: 'webhook', url: 'https://example.com', secret: 'whsec_MDAwMDAwMDA=' },
    },
  })
  await prisma().credential.update({ where: { id }, data: { secret: new Uint8Array(40) } })
  await prisma().product.update({ where: { id: product.id }, data: { deliverySealed: new Uint8Array(40) } })
  const { active, find } = await catalog()
  expect(active('base').map(({ name }) => name)).toEqual(['good'])
  expect(find('p1', null)?.delivery).toEqual({ type: 'manual' })
})

test('while the database is slow the last known copy is served, and only one caller waits', async () => {
  const known = await catalog()
  await other.$transaction(async (tx) => {
    await tx.$executeRaw`LOCK TABLE config_version IN ACCESS EXCLUSIVE MODE`
    later(1_001)
    const begin = performance.now()
    expect(await catalog()).toBe(known)
    expect(performance.now() - begin).toBeLessThan(2_000)
    const next = performance.now()
    for (let n = 0; n < 100; n++) expect(await catalog()).toBe(known)
    expect(performance.now() - next).toBeLessThan(1_000)
    await tx.$executeRaw`UPDATE config_version SET version = version + 1`
  })
  await vi.waitFor(() => expect(catalogNow()?.version).toBe(known.version + 1n))
})

// Last, because nothing is left after it.
test('with the database gone the last known copy is served at once; without one it throws', async () => {
  await base('one')
  const known = await refreshCatalog()
  await dropDatabase()
  for (let second = 0; second < 3; second++) {
    later(1_001)
    const begin = performance.now()
    expect(await catalog()).toBe(known)
    expect(performance.now() - begin).toBeLessThan(2_000)
  }
  await expect(catalogAt(known.version + 1n)).rejects.toThrow()
  expect(catalogNow()).toBe(known)
  forgetCatalog()
  await expect(catalog()).rejects.toThrow('the database is away')
})
