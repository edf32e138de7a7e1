import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { embeddedUrl, freePort, killEverything, type RunningDesk, setUp, startDesk } from './desk'
import { orderIds, orderOf, shop, shopDocument } from './purchases'
import { long } from './settings'
import { sendShoppers } from './shoppers'
import { faultsOf, noFaults, waitingDeliveries } from './stored'

const KILLS = long ? 10 : 3
const PURCHASES = 2000
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-killed-'))
let sandbox: Sandbox
let desk: RunningDesk
let options: Parameters<typeof startDesk>[0]

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [shop.account] })
  const env = { MARKETPLACE_URL: sandbox.url, MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl }
  options = { dataDir, port: await freePort(), env }
  setUp(options, shopDocument())
  desk = await startDesk(options)
})

afterAll(async () => {
  await desk?.stop()
  await sandbox?.stop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

describe('the desk and its database are killed in the middle of purchases', () => {
  const acknowledged: string[] = []
  let lost: string[] = []

  it.each(Array.from({ length: KILLS }, (_, at) => at + 1))('time %i: keeps what it acknowledged', async () => {
    const fresh = orderIds(PURCHASES - lost.length)
    sandbox.control.registerOrders(fresh.map(orderOf))
    // What got no answer is sent again, as the marketplace would.
    const shoppers = sendShoppers(desk.url, [...lost, ...fresh], { connections: 32 })
    const killAt = 200 + Math.floor(Math.random() * 600)
    const giveUpAt = Date.now() + 60_000
    while (shoppers.answered.length < killAt && Date.now() < giveUpAt) await sleep(5)
    expect(desk.process.exitCode, desk.output()).toBeNull()
    expect(shoppers.answered.length, desk.output()).toBeGreaterThanOrEqual(killAt)
    await killEverything(desk, dataDir)
    await shoppers.done
    lost = shoppers.unanswered
    expect(lost.length).toBeGreaterThan(0)
    expect(shoppers.answered.length).toBeLessThan(PURCHASES)
    acknowledged.push(...shoppers.acknowledged())
    expect(shoppers.answered.filter(({ code }) => code !== '000000' && code !== '000004')).toEqual([])

    desk = await startDesk(options)
    expect(await faultsOf(embeddedUrl(dataDir), acknowledged)).toEqual(noFaults)
  })

  it('a purchase that got no answer can be sent again', async () => {
    const again = sendShoppers(desk.url, lost, { connections: 8 })
    await again.done
    expect(again.unanswered).toEqual([])
    acknowledged.push(...again.acknowledged())
    expect(acknowledged).toEqual(expect.arrayContaining(lost))
    expect(await faultsOf(embeddedUrl(dataDir), acknowledged)).toEqual(noFaults)
  })

  // A job that died with its process is taken up again when its lease of a minute has run out.
  if (long)
    it('delivers everything in the end', async () => {
      const giveUpAt = Date.now() + 240_000
      while ((await waitingDeliveries(embeddedUrl(dataDir))) > 0 && Date.now() < giveUpAt) await sleep(1_000)
      expect(await waitingDeliveries(embeddedUrl(dataDir))).toBe(0)
      expect(await faultsOf(embeddedUrl(dataDir), acknowledged)).toEqual(noFaults)
    })
})
