import { afterAll, beforeAll, expect, it } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { systemContext } from '@/lib/users/context'
import { newOrder, purchase, send, testKeys, v2Call } from '../calls/test-marketplace'
import { registerHandlers, startJobs, stopJobs } from '../jobs'
import { applySetup } from '../setup'

let database: Awaited<ReturnType<typeof testDatabase>>

beforeAll(async () => {
  database = await testDatabase()
  // Nobody listens there: every order query fails at once.
  process.env.MARKETPLACE_URL = 'http://127.0.0.1:9'
  process.env.MARKETPLACE_FALLBACK_URL = 'http://127.0.0.1:9'
  provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
  registerHandlers({})
  await startJobs()
  const delivery = {
    type: 'template',
    frontEndUrl: 'https://chat.example.com/{instanceId}',
    userName: 'admin-{customerId}',
  }
  await applySetup(
    {
      credentials: [
        { name: 'base', kind: 'base', secret: testKeys.base },
        { name: 'open-api', kind: 'ak-sk', accessKeyId: 'AK', secret: 'SK' },
      ],
      products: [
        { name: 'Chat', productIds: ['chat-1'], kind: 'saas', delivery },
        { name: 'Mail', productIds: ['mail-1'], kind: 'saas', delivery: { type: 'manual' } },
      ],
      defaultProduct: 'Chat',
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

it('a debug purchase succeeds although no order stands behind it', async () => {
  const bought = await send(v2Call(purchase(newOrder(), { testFlag: '1' })))
  expect(bought.json).toMatchObject({ resultCode: '000000', instanceId: expect.any(String) })
  const { instanceId } = bought.json
  const polled = await send(v2Call({ activity: 'queryInstance', instanceId, testFlag: '1' }))
  expect(polled.json).toMatchObject({ resultCode: '000000', info: [{ appInfo: { userName: `admin-${instanceId}` } }] })
})

it('a real purchase waits for its order instead of being opened as the wrong product', async () => {
  const bought = await send(v2Call(purchase()))
  expect(bought.json).toMatchObject({ resultCode: '000004', instanceId: expect.any(String) })
  const { instanceId } = bought.json
  const row = await prisma().instance.findUniqueOrThrow({ where: { instanceId } })
  expect(row).toMatchObject({ state: 'pending', deliveryError: expect.stringContaining('order query') })
})
