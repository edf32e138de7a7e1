import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedDatabase, startEmbedded } from '@/lib/db/embedded'
import { type Sandbox, startSandbox } from '@/sandbox/server'
import { childrenOf, freePort, isHealthy, postmasterOf, type RunningDesk, setUp, startDesk } from './desk'
import { orderIds, orderOf, shop, shopDocument } from './purchases'
import { long } from './settings'
import { type Answered, isAcknowledged, type Shoppers, sendShoppers } from './shoppers'
import { faultsOf, miscounted, noFaults, waitingDeliveries } from './stored'

const AWAY_MS = long ? 15_000 : 6_000
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-away-'))
let sandbox: Sandbox
let desk: RunningDesk
let database: EmbeddedDatabase

beforeAll(async () => {
  sandbox = await startSandbox({ accounts: [shop.account] })
  database = await startEmbedded({ dataDir })
  const env = {
    DATABASE_URL: database.url,
    DESK_SECRET: 'a-secret-for-tests-only',
    MARKETPLACE_URL: sandbox.url,
    MARKETPLACE_FALLBACK_URL: sandbox.fallbackUrl,
    LOG_LEVEL: 'silent',
  }
  const options = { dataDir, port: await freePort(), env }
  setUp(options, shopDocument())
  desk = await startDesk(options)
})

afterAll(async () => {
  await desk?.stop()
  await database?.stop()
  await sandbox?.stop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

/** Purchases of many shoppers who wait a little between two, for as long as the test wants. */
function shopOn(): Shoppers {
  const ids = orderIds(20_000)
  sandbox.control.registerOrders(ids.map(orderOf))
  return sendShoppers(desk.url, ids, { connections: 16, persistent: true, pauseMs: 20 })
}

const between = ({ answered }: Shoppers, from: number, to: number): Answered[] =>
  answered.filter(({ at }) => at >= from && at < to)

async function expectRecovery(shoppers: Shoppers, limitMs: number): Promise<void> {
  const backAt = performance.now()
  const good = () => shoppers.answered.filter(({ at, code }) => at > backAt && isAcknowledged(code)).length
  while (good() < 200 && performance.now() - backAt < limitMs) await sleep(50)
  shoppers.stop()
  await shoppers.done
  expect(good()).toBeGreaterThanOrEqual(200)
}

async function expectAllIsWell(shoppers: Shoppers): Promise<void> {
  expect(shoppers.unanswered).toEqual([])
  expect(shoppers.answered.filter(({ status }) => status !== 200)).toEqual([])
  expect(shoppers.answered.filter(({ code }) => !isAcknowledged(code) && code !== '000005')).toEqual([])
  expect(Math.max(...shoppers.answered.map(({ ms }) => ms))).toBeLessThan(4_000)
  expect(desk.process.exitCode).toBeNull()
  expect(await faultsOf(database.url, shoppers.acknowledged())).toEqual(noFaults)
  const giveUpAt = Date.now() + 60_000
  while ((await waitingDeliveries(database.url)) > 0 && Date.now() < giveUpAt) await sleep(250)
  expect(await waitingDeliveries(database.url)).toBe(0)
  // What met no database is on record as well, a little later.
  const sent = shoppers.answered.map(({ orderId }) => orderId)
  while ((await miscounted(database.url, sent)).length > 0 && Date.now() < giveUpAt) await sleep(250)
  expect(await miscounted(database.url, sent)).toEqual([])
  expect(await isHealthy(desk.url)).toBe(true)
}

describe('the database goes away under load', () => {
  it('stopped: says 000005 in time, and goes on by itself when it is back', async () => {
    const shoppers = shopOn()
    await sleep(1_500)
    await database.stop()
    const goneAt = performance.now()
    await sleep(AWAY_MS)
    const away = between(shoppers, goneAt, performance.now())
    database = await startEmbedded({ dataDir })
    expect(away.length).toBeGreaterThan(0)
    expect(away.filter(({ code }) => code !== '000005')).toEqual([])
    await expectRecovery(shoppers, 20_000)
    await expectAllIsWell(shoppers)
  })

  it('hung: says 000005 in time, and goes on by itself when it moves again', async () => {
    const shoppers = shopOn()
    await sleep(1_500)
    const postmaster = postmasterOf(dataDir)
    const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
      for (const pid of [postmaster, ...childrenOf(postmaster)]) process.kill(pid, name)
    }
    signal('SIGSTOP')
    const hungAt = performance.now()
    await sleep(AWAY_MS)
    const hung = between(shoppers, hungAt, performance.now())
    signal('SIGCONT')
    expect(hung.length).toBeGreaterThan(0)
    expect(hung.filter(({ code }) => code !== '000005')).toEqual([])
    await expectRecovery(shoppers, 20_000)
    await expectAllIsWell(shoppers)
  })
})
