import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import type { Context } from '@/lib/users/context'
import { importPool, poolLeft, takePoolAccount } from './pool'

const ctx: Context = { actor: { name: 'ops@example.com', via: 'user', role: 'operator' } }
let database: Awaited<ReturnType<typeof testDatabase>>
let productRef: string

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'pool-test-secret-0001' })
})

afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

beforeEach(async () => {
  productRef = newId()
  const common = { kind: 'saas', productIds: [], skuCodes: [], delivery: {} }
  await prisma().product.create({
    data: { id: productRef, name: `pool ${productRef}`, deliveryType: 'pool', ...common },
  })
})

const load = (csv: string, dryRun = false) => importPool({ ctx, input: { productRef, csv, dryRun } })
const account = (n: number) => `https://app.example.com/${n},,user${n},pass${n},`
const header = 'frontEndUrl,adminUrl,userName,password,memo'
const file = (count: number) => [header, ...Array.from({ length: count }, (_, n) => account(n))].join('\n')
const patient = { maxWait: 15_000, timeout: 15_000 }
const take = (instanceId: string) => prisma().$transaction((tx) => takePoolAccount(tx, productRef, instanceId), patient)

describe('taking accounts', () => {
  it('gives each instance one of its own, the same one again, and null when none is left', async () => {
    await load(file(2))
    const first = await take('i1')
    expect(first).toEqual({ frontEndUrl: 'https://app.example.com/0', userName: 'user0', password: 'pass0' })
    expect(await take('i1')).toEqual(first)
    expect((await take('i2'))?.userName).toBe('user1')
    expect(await take('i3')).toBeNull()
    expect(await take('i2')).toMatchObject({ userName: 'user1' })
    expect(await poolLeft(productRef)).toBe(0)
    await prisma().poolAccount.deleteMany()
  })

  it('gives no account twice to twenty deliveries at once, nor two to one instance', async () => {
    await load(file(20))
    const ids = Array.from({ length: 20 }, (_, n) => `c${n}`)
    const taken = await Promise.all([...ids, ...ids].map(take))
    const names = taken.map((appInfo) => appInfo?.userName)
    expect(names.slice(0, 20)).toEqual(names.slice(20))
    expect(new Set(names).size).toBe(20)
    expect(names).not.toContain(undefined)
    await prisma().poolAccount.deleteMany()
  })

  it('leaves the account in the pool when the delivery is rolled back', async () => {
    await load(file(1))
    const lost = prisma().$transaction(async (tx) => {
      await takePoolAccount(tx, productRef, 'r1')
      throw new Error('rolled back')
    })
    await expect(lost).rejects.toThrow('rolled back')
    expect(await poolLeft(productRef)).toBe(1)
    await prisma().poolAccount.deleteMany()
  })
})

describe('importing accounts', () => {
  it('adds the good rows, names the bad ones, and adds nothing the second time', async () => {
    const csv = [
      '\uFEFFpassword,userName,frontEndUrl',
      'p1,u1,https://a.example/1',
      'p2,u2,ftp://a.example/2',
      '',
      'p1-again,u1,https://a.example/1',
      '"with ""quotes"", and commas",u3,https://a.example/3,too many',
      `${'p'.repeat(129)},u4,https://a.example/4`,
      'p5,u5',
      'p6,u6,https://a.example/6',
    ].join('\r\n')
    expect(await load(csv, true)).toMatchObject({ rows: 7, added: 2, duplicates: 1, left: 0 })
    expect(await prisma().poolAccount.count({ where: { productRef } })).toBe(0)
    expect(await load(csv)).toEqual({
      rows: 7,
      added: 2,
      duplicates: 1,
      errors: [
        { row: 3, message: 'frontEndUrl: must be an http:// or https:// URL without a user name' },
        { row: 6, message: 'has 4 columns, the header 3' },
        { row: 7, message: 'password: must have at most 128 characters' },
        { row: 8, message: expect.stringContaining('frontEndUrl') },
      ],
      left: 2,
    })
    expect(await load(csv)).toMatchObject({ rows: 7, added: 0, duplicates: 3, left: 2 })
    expect((await take('q'))?.password).toBe('p1')
  })

  it('reads Chinese headers, other separators and quotes over lines', async () => {
    const csv = '前台地址;账号;密码;备注;管理地址\nhttps://a.example/1;甲;a,b;"两\n行";https://a.example/admin\n'
    expect(await load(csv)).toMatchObject({ rows: 1, added: 1, errors: [] })
    expect(await take('zh')).toEqual({
      frontEndUrl: 'https://a.example/1',
      adminUrl: 'https://a.example/admin',
      userName: '甲',
      password: 'a,b',
      memo: '两\n行',
    })
  })

  it('keeps secrets sealed and out of the audit', async () => {
    await load(`${header}\nhttps://a.example/1,,user,S3cret-password,memo`)
    const rows = await prisma().$queryRawUnsafe<object[]>('SELECT row_to_json(p)::text AS row FROM pool_accounts p')
    const audit = await prisma().auditEntry.findMany({ where: { target: productRef } })
    expect(JSON.stringify(rows)).not.toContain('S3cret')
    expect(JSON.stringify(audit)).not.toContain('S3cret')
    expect(audit).toMatchObject([{ action: 'pool.import', actor: 'ops@example.com', data: { added: 1, refused: 0 } }])
  })

  it.each([
    ['no header', 'https://a.example/1,u,p', /column that is not known/],
    ['an unknown column', 'frontEndUrl,pasword\nhttps://a.example/1,p', /column that is not known/],
    ['a column twice', 'frontEndUrl,password,密码\nhttps://a.example/1,p,p', /names a column twice/],
    ['no address column', 'userName,password\nu,p', /no column frontEndUrl/],
    ['nothing', '', /column/],
    ['broken quotes', `${header}\n"https://a.example/1,,u,p,\nhttps://a.example/2,,u,p,`, /quotes do not match/],
    ['another encoding', `${header}\nhttps://a.example/1,,\uFFFD\uFFFD,p,`, /not UTF-8/],
    ['too many rows', file(10_001), /more than 10,000 rows/],
    ['too many bytes', `${header}\n${'x'.repeat(5 * 1024 * 1024)}`, /more than 5 MiB/],
  ])('refuses %s', async (_name, csv, message) => {
    await expect(load(csv)).rejects.toThrow(message)
    expect(await prisma().poolAccount.count({ where: { productRef } })).toBe(0)
  })

  it('takes 10,000 rows', async () => {
    expect(await load(file(10_000))).toMatchObject({ rows: 10_000, added: 10_000, left: 10_000 })
  })

  it('is for operators and products with a pool', async () => {
    const viewer: Context = { actor: { name: 'v', via: 'user', role: 'viewer' } }
    const input = { productRef, csv: file(1) }
    await expect(importPool({ ctx: viewer, input })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(importPool({ ctx, input: { ...input, productRef: newId() } })).rejects.toMatchObject({
      code: 'not-found',
    })
    await prisma().product.update({ where: { id: productRef }, data: { deliveryType: 'manual' } })
    await expect(importPool({ ctx, input })).rejects.toMatchObject({ code: 'conflict' })
  })
})
