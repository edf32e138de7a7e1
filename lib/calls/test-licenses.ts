import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest'
import { forgetCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { testDatabase } from '@/lib/db/testing'
import { provideEnv } from '@/lib/env'
import { registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { applySetup } from '@/lib/setup'
import { systemContext } from '@/lib/users/context'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { startWebhookSeller, type WebhookSeller } from '@/sandbox/webhook-seller'
import { send, v1Call, v2Call } from './test-marketplace'

const account = { accessKeyId: 'TESTACCESSKEY', secret: 'test-secret-access-key' }
const webhookSecret = `whsec_${Buffer.from('test-webhook-secret-000000000001').toString('base64')}`

/** The keys a licence's calls are signed with. */
export const keys = { license: 'test-license-key-0001', base: 'test-access-key-0001' }

/** A desk that sells licences of every kind, with a marketplace and a seller's software beside it, for one test file. */
export function licenseDesk(): { readonly sandbox: Sandbox; readonly seller: WebhookSeller } {
  let database: Awaited<ReturnType<typeof testDatabase>>
  let sandbox: Sandbox
  let seller: WebhookSeller
  beforeAll(async () => {
    database = await testDatabase()
    sandbox = await startSandbox({ accounts: [account] })
    seller = await startWebhookSeller({ secret: webhookSecret })
    vi.stubEnv('MARKETPLACE_URL', sandbox.url)
    vi.stubEnv('MARKETPLACE_FALLBACK_URL', sandbox.fallbackUrl)
    vi.stubEnv('DESK_ALLOW_PRIVATE_WEBHOOKS', '1')
    provideEnv({ databaseUrl: database.url, deskSecret: 'a-secret-for-tests-only' })
    registerHandlers({})
    await startJobs()
    await applySetup(document(`${seller.url}/licences`), systemContext)
    forgetCatalog()
  })
  afterAll(async () => {
    await stopJobs()
    await Promise.all([sandbox.stop(), seller.stop()])
    await prisma().$disconnect()
    await database.drop()
  })
  beforeEach(() => {
    seller.setMode('ok')
    sandbox.control.licenses.clear()
  })
  return {
    get sandbox() {
      return sandbox
    },
    get seller() {
      return seller
    },
  }
}

function document(webhookUrl: string) {
  const product = (name: string, kind: string, more: object) => ({ name, kind, productIds: [name], ...more })
  const strict = { checkQuota: true, checkDates: true, needsDevice: true }
  return {
    credentials: [
      { name: 'licence', kind: 'license', secret: keys.license },
      { name: 'base', kind: 'base', secret: keys.base },
      { name: 'open-api', kind: 'ak-sk', ...account },
    ],
    products: [
      product('text-manual', 'license-id', { delivery: { type: 'manual' } }),
      product('text-pool', 'license-id', { delivery: { type: 'pool' } }),
      product('text-webhook', 'license-id', { delivery: { type: 'webhook', url: webhookUrl, secret: webhookSecret } }),
      product('codes', 'license-code', {}),
      product('online', 'license-online', { delivery: { type: 'manual' } }),
      product('strict', 'license-online', { delivery: { type: 'pool' }, licenseRules: strict }),
    ],
  }
}

let codes = 0
export const newCode = () => `PL${String(Date.now()).slice(-6)}${String(++codes).padStart(4, '0')}`
export const posted = (body: object, at?: number) => send(v2Call(body, { key: keys.license, ...(at ? { at } : {}) }))
export const fetched = (params: Record<string, string>, at?: number) =>
  send(v1Call(params, { key: keys.license, ...(at ? { at } : {}) }))

/** The getLicense of an order, for the machine MACHINE-CODE-00000000001. */
export const wanted = (productId: string, orderId: string, more: Record<string, string> = {}) => ({
  activity: 'getLicense',
  orderId,
  businessId: randomUUID(),
  customerId: 'customer-1',
  customerName: '华为客户',
  productId,
  saasExtendParams: Buffer.from('[{"name":"identificationCode","value":"MACHINE-CODE-00000000001"}]').toString(
    'base64',
  ),
  ...more,
})

export const only = async (where: object) =>
  prisma().license.findFirstOrThrow({ where, orderBy: { createdAt: 'desc' } })

/** A call of a story, at its time; `allowed`: what it may be answered. */
export type Step = { post: boolean; body: Record<string, unknown>; at: number; allowed?: string[] }

export async function play({ post, body, at, allowed = ['000000'] }: Step): Promise<void> {
  const answer = await (post ? posted(body, at) : fetched(body as Record<string, string>, at))
  expect(allowed, JSON.stringify([body, answer.json])).toContain(answer.json.resultCode)
}

/** Which calls of a story's beginning come, how often, in which order; or all of them at the same time. */
export const disorder = (length: number) =>
  fc.integer({ min: 1, max: length }).chain((upTo) =>
    fc.record({
      calls: fc.array(fc.nat(upTo - 1), { minLength: 1, maxLength: 2 * length }),
      together: fc.boolean(),
    }),
  )
export type Disorder = { calls: number[]; together: boolean }

/** Plays the calls that come in order and once. */
export async function playInOrder(story: Step[], { calls }: Disorder): Promise<void> {
  for (const at of [...new Set(calls)].sort((a, b) => a - b)) await play(story[at] as Step)
}

/** Plays them as they come. */
export async function playMixed(story: Step[], { calls, together }: Disorder): Promise<void> {
  const steps = calls.map((at) => story[at] as Step)
  if (together) await Promise.all(steps.map(play))
  else for (const step of steps) await play(step)
}
