import { afterAll, beforeAll, expect, it } from 'vitest'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { licenseQuery, listLicenses } from '@/lib/licenses/queries'
import { systemContext as ctx } from '@/lib/users/context'
import { getOverview } from './index'

let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
})

afterAll(async () => {
  await prisma().$disconnect()
  await database.drop()
})

it('counts of licences what the lists behind the figures show', async () => {
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)
  const rows: [state: string, reason: string, expiresAt: Date | null, test?: boolean][] = [
    ['waiting', 'waits-for-staff', null],
    ['waiting', 'pool-empty', inDays(200)],
    ['waiting', 'waits-for-staff', null, true],
    ['issued', 'upload-failed', inDays(10)],
    ['issued', 'upload-refused', null],
    ['issued', 'uploading', null],
    ['active', 'in-use', inDays(29)],
    ['active', 'in-use', inDays(31)],
    ['active', 'in-use', inDays(-1)],
    ['released', 'release-call', inDays(5)],
  ]
  await prisma().license.createMany({
    data: rows.map(([state, reason, expiresAt, test = false], at) => ({
      ...{ id: newId(), requestKey: `key-${at}`, kind: 'license-online', state, reason, expiresAt, test },
      ...{ asked: new Uint8Array(), createdAt: new Date() },
    })),
  })
  const { licenses, usage } = await getOverview({ ctx })
  expect(licenses).toEqual({ waiting: 2, uploadFailed: 2, expiring30: 2 })
  expect(usage).toMatchObject({ collected: 0, pushed: 0, rejected: 0, silent: 0 })
  // The rows hold no sealed request, so only the totals are read.
  const totalOf = async (filter: object) => {
    const query = licenseQuery.parse({ test: 'false', limit: '1', cursor: undefined, ...filter })
    return (await listLicenses({ ctx, query })).total
  }
  expect(await totalOf({ state: 'waiting' })).toBe(licenses.waiting)
  expect(await totalOf({ state: 'upload-failed' })).toBe(licenses.uploadFailed)
  expect(await totalOf({ expiresWithinDays: '30' })).toBe(licenses.expiring30)
})
