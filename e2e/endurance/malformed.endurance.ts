import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { embeddedUrl, freePort, isHealthy, memoryOf, type RunningDesk, setUp, startDesk } from './desk'
import { type Garbage, garbage } from './garbage'
import { shopDocument } from './purchases'
import { RawConnection, type RawReply } from './raw-client'
import { long } from './settings'
import { query } from './stored'

const REQUESTS = long ? 100_000 : 5_000
const SEED = 20_261_122
const WORKERS = 16
/** What may be stored of refusals: a burst, some for each second; lib/calls/refusals.ts. */
const BURST = 100
const PER_SECOND = 10
const KEPT = 5_000
const GROWTH_MIB = 120
const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'desk-malformed-'))
let desk: RunningDesk

beforeAll(async () => {
  const options = { dataDir, port: await freePort(), env: { LOG_LEVEL: 'silent' } }
  const { credentials, ...document } = shopDocument()
  setUp(options, { ...document, credentials: credentials.filter(({ kind }) => kind === 'base') })
  desk = await startDesk(options)
})

afterAll(async () => {
  await desk?.stop()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

describe(`${REQUESTS} malformed requests`, () => {
  it('are answered in the words of the protocol or cut off, and leave little behind', async () => {
    const startedAt = Date.now()
    const wrong: string[] = []
    const next = garbage(desk.url, SEED)
    await send(next, REQUESTS / 10, wrong)
    const before = memoryOf(desk.process.pid as number)
    await send(next, REQUESTS - REQUESTS / 10, wrong)
    expect(wrong).toEqual([])
    expect(desk.process.exitCode).toBeNull()
    expect(await isHealthy(desk.url)).toBe(true)

    await sleep(500)
    expect(memoryOf(desk.process.pid as number) - before).toBeLessThan(GROWTH_MIB)
    const seconds = (Date.now() - startedAt) / 1000
    const [stored] = await query<{ count: number }>(
      embeddedUrl(dataDir),
      "SELECT count(*)::int AS count FROM calls WHERE outcome = 'rejected'",
    )
    expect(stored?.count).toBeGreaterThan(0)
    expect(stored?.count).toBeLessThanOrEqual(
      Math.min(KEPT + BURST + 60 * PER_SECOND, BURST + PER_SECOND * (seconds + 1)),
    )
  })
})

async function send(next: () => Garbage, count: number, wrong: string[]): Promise<void> {
  const port = Number(new URL(desk.url).port)
  let left = count
  async function work() {
    let connection: RawConnection | undefined
    while (left-- > 0 && wrong.length < 10) {
      const one = next()
      if (!connection?.open || one.ends) connection = await RawConnection.open(port)
      const reply = connection.exchange(one.bytes, 20_000, one.expected !== 'answer without body')
      if (one.ends && one.expected.endsWith('close')) connection.finish()
      const came = await reply.catch((error: Error) => error)
      const fault = faultOf(one, came)
      if (fault) wrong.push(`${one.kind}: ${fault} after ${show(one.bytes)}`)
      if (one.ends || came instanceof Error || /\r\nconnection: close/i.test(came.head)) {
        connection.close()
        connection = undefined
      }
    }
    connection?.close()
  }
  await Promise.all(Array.from({ length: WORKERS }, work))
}

/** What is wrong with an answer, or with there being none. */
function faultOf({ expected }: Garbage, came: RawReply | Error): string | null {
  if (came instanceof Error) {
    const closed = !came.message.startsWith('no answer')
    return closed && expected.endsWith('close') ? null : came.message
  }
  if (came.status === 400 && expected.endsWith('close')) return null
  if (came.status !== 200) return `HTTP ${came.status}`
  if (expected === 'answer without body') return came.body === '' ? null : 'a body'
  try {
    const { resultCode, resultMsg } = JSON.parse(came.body) as Record<string, unknown>
    if (typeof resultCode !== 'string' || !/^\d{6}$/.test(resultCode)) return `no result code in ${came.body}`
    if (typeof resultMsg !== 'string' || [...resultMsg].length > 255) return `no fit message in ${came.body}`
    return resultCode === '000005' ? `trouble: ${came.body}` : null
  } catch {
    return `no JSON: ${came.body.slice(0, 200)}`
  }
}

function show(bytes: Buffer): string {
  return JSON.stringify(bytes.subarray(0, 300).toString('latin1'))
}
