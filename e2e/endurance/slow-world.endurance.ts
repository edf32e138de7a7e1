import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fire } from '@/sandbox/caller'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { startWebhookSeller, type WebhookSeller } from '@/sandbox/webhook-seller'
import { freePort, type RunningDesk, setUp, startDesk } from './desk'
import { orderIds, orderOf, shop, shopDocument } from './purchases'
import { long } from './settings'

const SLOW_MS = 10_000
const TOO_SLOW_MS = 18_000
const webhookSecret = `whsec_${Buffer.from('endurance-webhook-secret-0000001').toString('base64')}`
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-slow-'))
let sandbox: Sandbox
let slow: WebhookSeller
let tooSlow: WebhookSeller
let desk: RunningDesk

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [shop.account] })
  slow = await startWebhookSeller({ secret: webhookSecret, mode: 'slow', slowMs: SLOW_MS })
  tooSlow = await startWebhookSeller({ secret: webhookSecret, mode: 'slow', slowMs: TOO_SLOW_MS })
  const env = {
    MARKETPLACE_URL: sandbox.url,
    MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl,
    DESK_ALLOW_PRIVATE_WEBHOOKS: '1',
  }
  const options = { dataDir, port: await freePort(), env }
  const webhook = (name: string, { url }: WebhookSeller) => ({
    name,
    productIds: [name],
    kind: 'saas',
    delivery: { type: 'webhook', url, secret: webhookSecret, timeoutSeconds: 15 },
  })
  const document = shopDocument()
  setUp(options, { ...document, products: [...document.products, webhook('slow', slow), webhook('too-slow', tooSlow)] })
  desk = await startDesk(options)
})

afterAll(async () => {
  await desk?.stop()
  await Promise.all([sandbox?.stop(), slow?.stop(), tooSlow?.stop()])
  fs.rmSync(dataDir, { recursive: true, force: true })
})

const target = () => `${desk.url}/api/produce`

async function pollUntilDelivered(instanceId: string, limitMs: number) {
  const giveUpAt = Date.now() + limitMs
  for (;;) {
    const fields = { instanceId }
    const poll = await fire({ target: target(), version: 'v2', activity: 'queryInstance', key: shop.baseKey, fields })
    if (poll.resultCode === '000000' || Date.now() > giveUpAt) return poll
    expect(poll.resultCode).toBe('000004')
    await sleep(500)
  }
}

describe('the world outside is slow', () => {
  it.concurrent('an order query that takes 10 s does not delay the V2 answer; a later poll finds the access data', async () => {
    const [orderId = ''] = orderIds(1)
    sandbox.control.registerOrders([orderOf(orderId)])
    sandbox.control.addFault({ orderId, times: 1, delayMs: SLOW_MS })
    sandbox.control.addFault({ orderId, times: 1, delayMs: SLOW_MS })
    const fields = { orderId }
    const bought = await fire({ target: target(), version: 'v2', activity: 'newInstance', key: shop.baseKey, fields })
    expect(bought).toMatchObject({ status: 200, resultCode: '000004', instanceId: expect.any(String) })
    expect(bought.ms).toBeLessThan(4_000)
    const poll = await pollUntilDelivered(bought.instanceId as string, 60_000)
    expect(poll.appInfo?.userName).toBe(`admin-${orderOf(orderId).buyerInfo.customerId}`)
  })

  it.concurrent('a webhook that takes 10 s does not delay the V2 answer; a later poll finds the access data', async () => {
    const [orderId = ''] = orderIds(1)
    sandbox.control.registerOrders([orderOf(orderId)])
    const fields = { orderId, productId: 'slow' }
    const bought = await fire({ target: target(), version: 'v2', activity: 'newInstance', key: shop.baseKey, fields })
    expect(bought).toMatchObject({ status: 200, resultCode: '000004', instanceId: expect.any(String) })
    expect(bought.ms).toBeLessThan(4_000)
    const poll = await pollUntilDelivered(bought.instanceId as string, 60_000)
    expect(poll.appInfo?.frontEndUrl).toContain(bought.instanceId)
  })

  it.concurrent('a V1 purchase waits for a webhook that takes 10 s', async () => {
    const fields = { productId: 'slow' }
    const bought = await fire({ target: target(), version: 'v1', activity: 'newInstance', key: shop.baseKey, fields })
    expect(bought).toMatchObject({ status: 200, resultCode: '000000', bodySignOk: true })
    expect(bought.appInfo?.password).toMatch(/^Km-/)
    expect(bought.ms).toBeGreaterThan(SLOW_MS)
    expect(bought.ms).toBeLessThan(15_000)
  })

  if (long)
    it('a V1 purchase is answered before the limit when the webhook is slower still', async () => {
      const fields = { productId: 'too-slow' }
      const bought = await fire({ target: target(), version: 'v1', activity: 'newInstance', key: shop.baseKey, fields })
      expect(bought).toMatchObject({ status: 200, bodySignOk: true })
      expect(bought.resultCode).not.toBe('000000')
      expect(bought.ms).toBeLessThan(17_000)
    })
})
