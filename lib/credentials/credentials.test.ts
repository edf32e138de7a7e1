import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { unseal } from '@/lib/secrets'
import { type Context, systemContext } from '@/lib/users/context'
import { createCredential, deleteCredential, flushUsed, listCredentials, noteUsed, updateCredential } from '.'

let database: Awaited<ReturnType<typeof testDatabase>>
const ctx = systemContext
const operator: Context = { actor: { name: 'op@example.com', via: 'user', role: 'operator' } }

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a secret of these tests' })
})
beforeEach(async () => {
  await prisma().credential.deleteMany()
  await prisma().auditEntry.deleteMany()
})
afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

const rsa = (modulusLength: number) => generateKeyPairSync('rsa', { modulusLength }).privateKey
const pem = (bits: number, type: 'pkcs8' | 'pkcs1') => rsa(bits).export({ type, format: 'pem' }).toString()
const create = (input: Record<string, unknown>) => createCredential({ ctx, input })

describe('credentials', () => {
  test('are sealed, audited and listed by their hint', async () => {
    const made = await create({ name: 'base-2026', kind: 'base', secret: ' test-access-key-0001\n' })
    expect(made).toMatchObject({ name: 'base-2026', kind: 'base', hint: '0001', active: true, lastUsedAt: null })
    expect(await listCredentials({ ctx })).toEqual([made])
    const row = await prisma().credential.findUniqueOrThrow({ where: { id: made.id } })
    expect(unseal(row.secret)).toBe('test-access-key-0001')
    const readable = JSON.stringify([await prisma().auditEntry.findMany(), await listCredentials({ ctx })])
    expect(readable).not.toContain('test-access-key')
  })

  test.each([
    ['a kind that does not exist', { kind: 'other' }, 'kind'],
    ['a secret with a blank inside', { secret: 'test access key' }, 'secret'],
    ['a secret too long', { secret: 'a'.repeat(257) }, 'secret'],
    ['AK/SK without its id', { kind: 'ak-sk' }, 'accessKeyId'],
    ['an id beside a base key', { accessKeyId: 'AKID' }, 'accessKeyId'],
    ['no name', { name: ' ' }, 'name'],
    ['an unknown member', { colour: 'red' }, 'colour'],
    ['a private key that is none', { kind: 'kit-private-key' }, 'secret'],
  ])('%s is refused', async (_, part, field) => {
    const input = { name: 'key', kind: 'base', secret: 'test-access-key-0001', ...part }
    const error = await create(input).catch((reason) => reason)
    expect(error).toMatchObject({ code: 'invalid', field })
    expect(error.message).not.toContain(input.secret)
  })

  test('a private key may be PKCS#8 or PKCS#1, with \\n or as bare base64, and is stored as one PEM', async () => {
    const key = rsa(2048)
    const pkcs8 = key.export({ type: 'pkcs8', format: 'pem' }).toString()
    const forms = [
      pkcs8,
      pkcs8.replaceAll('\n', '\\n'),
      key.export({ type: 'pkcs1', format: 'pem' }).toString(),
      key.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
    ]
    for (const [n, secret] of forms.entries()) await create({ name: `rsa-${n}`, kind: 'kit-private-key', secret })
    const rows = await prisma().credential.findMany()
    expect(new Set(rows.map(({ secret }) => unseal(secret)))).toEqual(new Set([pkcs8]))
    expect(new Set(rows.map(({ hint }) => hint)).size).toBe(1)
  })

  test('a private key that is too short or not RSA is refused', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' })
    for (const secret of [pem(1024, 'pkcs8'), pem(1024, 'pkcs1'), ec.toString()]) {
      await expect(create({ name: 'rsa', kind: 'kit-private-key', secret })).rejects.toMatchObject({ field: 'secret' })
    }
  })

  test('the last active one of a kind may go, but it is said', async () => {
    const one = await create({ name: 'one', kind: 'base', secret: 'test-access-key-0001' })
    const two = await create({ name: 'two', kind: 'base', secret: 'test-access-key-0002' })
    await create({ name: 'kit', kind: 'kit', secret: 'test-kit-key-0001' })
    expect(await deleteCredential({ ctx, input: { id: one.id } })).toMatchObject({ lastOfKind: false })
    expect(await updateCredential({ ctx, input: { id: two.id, active: false } })).toMatchObject({ lastOfKind: true })
    expect(await updateCredential({ ctx, input: { id: two.id, active: true } })).toMatchObject({ lastOfKind: false })
    expect(await deleteCredential({ ctx, input: { id: two.id } })).toMatchObject({ lastOfKind: true })
    await expect(deleteCredential({ ctx, input: { id: two.id } })).rejects.toMatchObject({ code: 'not-found' })
  })

  test('two of one name are a conflict', async () => {
    await create({ name: 'one', kind: 'base', secret: 'test-access-key-0001' })
    const two = await create({ name: 'two', kind: 'base', secret: 'test-access-key-0002' })
    await expect(create({ name: 'one', kind: 'kit', secret: 'test-kit-key-0001' })).rejects.toMatchObject({
      code: 'conflict',
      field: 'name',
    })
    await expect(updateCredential({ ctx, input: { id: two.id, name: 'one' } })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  test('only an administrator sees or changes them', async () => {
    await expect(listCredentials({ ctx: operator })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(createCredential({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(updateCredential({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(deleteCredential({ ctx: operator, input: {} })).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('the last use is collected and does not count as a change of the configuration', async () => {
    const { id } = await create({ name: 'one', kind: 'base', secret: 'test-access-key-0001' })
    const version = () => prisma().configVersion.findUniqueOrThrow({ where: { id: 1 } })
    const before = await version()
    for (let n = 0; n < 1000; n++) noteUsed(id)
    expect((await listCredentials({ ctx }))[0]?.lastUsedAt).toBeNull()
    await flushUsed()
    expect((await listCredentials({ ctx }))[0]?.lastUsedAt).not.toBeNull()
    expect(await version()).toEqual(before)
  })
})
