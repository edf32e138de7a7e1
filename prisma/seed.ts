import { createPublicKey } from 'node:crypto'
import { parseArgs } from 'node:util'
import { receive, settleApplication, settleMessages } from '@/lib/calls'
import { catalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { importPool } from '@/lib/delivery'
import { prepareGround } from '@/lib/ground'
import { enterAppInfo, learnUpgradeOrder } from '@/lib/instances'
import { startJobs, stopJobs } from '@/lib/jobs'
import { QUEUE_SCHEMA } from '@/lib/jobs/definitions'
import { uploadLicense } from '@/lib/licenses'
import { denyLicense, issueLicense } from '@/lib/licenses/actions'
import { activateLicense, queryLicense } from '@/lib/licenses/code-actions'
import { addLicenses } from '@/lib/licenses/import'
import { addRecords, createUsagePush, runUsagePush } from '@/lib/usage'
import { type Context, systemContext } from '@/lib/users/context'
import { type SignedCall, signCall } from '@/sandbox/caller'
import { signKitCall } from '@/sandbox/kit'
import { play, poolCsv, SHOP, type ShopCall, shopHistory } from '@/sandbox/shop'
import { enterpriseStories } from '@/sandbox/shop-enterprises'
import { licenseStories } from '@/sandbox/shop-licenses'
import { inOrder, type Stage } from '@/sandbox/shop-stage'
import { usageDays } from '@/sandbox/shop-usage'

/*
 * Writes the demo's past year through the desk's own code: every call is received, at its own time, as if the marketplace
 * had sent it then. Run by `npm run demo` while no server works on the same database.
 */

const DAY = 86_400_000
const staff: Context = { actor: { name: 'ops@shop.example.com', via: 'user', role: 'operator' } }

const { values } = parseArgs({
  options: {
    until: { type: 'string' },
    purchases: { type: 'string' },
    'seller-url': { type: 'string' },
    'sandbox-url': { type: 'string' },
  },
})
const { until: untilText, purchases, 'seller-url': sellerUrl, 'sandbox-url': sandboxUrl } = values
if (!untilText || !purchases || !sellerUrl || !sandboxUrl) {
  throw new Error('--until, --purchases, --seller-url and --sandbox-url are needed')
}
const until = new Date(untilText)
const history = shopHistory({ until, purchases: Number(purchases), sellerUrl })

const RealDate = Date
let ahead = 0

/** From here on `Date` tells this process the time of the call being played, and runs on from there. */
globalThis.Date = new Proxy(RealDate, {
  construct: (target, given) => Reflect.construct(target, given.length > 0 ? given : [target.now() + ahead]),
  get: (target, name) => (name === 'now' ? () => target.now() + ahead : Reflect.get(target, name)),
})

/** Sets the clock here and at the stand-in marketplace, which refuses signatures of another quarter of an hour. */
async function setTime(at: Date): Promise<void> {
  ahead = at.getTime() - RealDate.now()
  await setSandboxClock(ahead)
}

function setSandboxClock(clockOffsetMs: number): Promise<void> {
  return tellSandbox({ settings: { clockOffsetMs } })
}

async function tellSandbox(document: object): Promise<void> {
  const body = JSON.stringify(document)
  const response = await fetch(`${sandboxUrl}/sandbox/control`, { method: 'POST', body })
  if (!response.ok) throw new Error(`the sandbox answered ${response.status}`)
}

async function productOf(type: 'pool' | 'manual') {
  const product = (await catalog()).products.find((one) => one.delivery.type === type)
  if (!product) throw new Error(`the shop has no product with delivery ${type}`)
  return product
}

type StaffAction = { at: Date; instanceId: string }

/** What staff did in the past: purchases that are opened by hand are filled in the next day, but for the newest. */
async function workThrough(actions: StaffAction[], now: Date): Promise<void> {
  for (let next = actions[0]; next && next.at < now; next = actions[0]) {
    actions.shift()
    await setTime(next.at)
    const { instanceId } = next
    const appInfo = {
      frontEndUrl: `https://erp.example.com/projects/${instanceId.slice(-8)}`,
      userName: 'project-owner',
      memo: '项目经理已电话联系,实施计划见项目空间',
    }
    await enterAppInfo({ ctx: staff, input: { instanceId, appInfo }, alongside: settleMessages })
  }
}

async function send(signed: SignedCall, at: Date) {
  const url = new URL(signed.url)
  const headers = Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), value]))
  const answer = await receive({
    method: signed.method,
    path: url.pathname,
    query: url.search.slice(1),
    headers,
    body: Buffer.from(signed.body),
    receivedAt: at.getTime(),
  })
  const { resultCode, instanceId } = JSON.parse(answer.body) as { resultCode: string; instanceId?: string }
  return { resultCode, instanceId: instanceId ?? null }
}

const target = 'http://127.0.0.1/api/produce'

async function licenseOf(about: string): Promise<string> {
  const where = { OR: [{ orderId: about, kind: 'license-id' }, { eventId: about }] }
  return (await prisma().license.findFirstOrThrow({ where })).id
}

/** What the marketplace refuses is part of a story. */
async function asFarAsItGoes(doing: Promise<unknown>): Promise<void> {
  await doing.catch((error: Error) => {
    if (error.name !== 'DeskError' && !error.message.startsWith('upload:')) throw error
  })
}

const stage: Stage = {
  call(version, activity, fields) {
    const key = /license/i.test(activity) ? SHOP.licenseKey : SHOP.baseKey
    const at = new Date()
    return send(signCall({ target, version, activity, fields, key, at }), at)
  },
  kit(version, name, fields) {
    const at = new Date()
    return send(signKitCall({ target, version, name, fields, key: SHOP.kitKey, at }), at)
  },
  async publicKey() {
    const [key] = (await catalog()).active('kit-private-key')
    return createPublicKey(key?.secret ?? '')
      .export({ type: 'spki', format: 'pem' })
      .toString()
  },
  control: tellSandbox,
  staff: {
    async issue(about, license) {
      const given =
        typeof license === 'string' ? { license } : { file: { ...license, content: Buffer.from(license.content) } }
      await issueLicense({ ctx: staff, input: { id: await licenseOf(about), ...given } })
    },
    deny: async (about, code, note) => denyLicense({ ctx: staff, input: { id: await licenseOf(about), code, note } }),
    upload: async (about) =>
      asFarAsItGoes(uploadLicense(await licenseOf(about), Date.now() + 10_000, settleApplication)),
    know: async (licenses) => void (await addLicenses({ ctx: staff, input: { licenses } })),
    activate: (code) => asFarAsItGoes(activateLicense({ ctx: staff, input: { code } })),
    query: (code) => asFarAsItGoes(queryLicense({ ctx: staff, input: { code } })),
  },
}

/** Licences of every kind, and two enterprises that are bound to the newest instances of the office product. */
async function tellStories(): Promise<number> {
  const instances = await prisma().instance.findMany({
    where: { state: 'active', test: false, createdAt: { lt: new Date(until.getTime() - 100 * DAY) } },
    orderBy: { createdAt: 'desc' },
    take: 2,
  })
  const [one, other] = instances.map(({ instanceId }) => instanceId)
  const enterprises = one && other ? enterpriseStories(until, [one, other]) : []
  const steps = inOrder([...licenseStories(until).steps, ...enterprises], until)
  for (const step of steps) {
    await setTime(step.at)
    await step.play(stage)
  }
  // What was uploaded, or refused, was so when its story says it; only what failed is the server's to try again.
  await prisma().$executeRawUnsafe(`DELETE FROM ${QUEUE_SCHEMA}.job WHERE name = 'upload-license'
    AND data->>'licenseId' IN (SELECT id::text FROM licenses WHERE reason <> 'upload-failed')`)
  return steps.length
}

/** Use of what is paid by use: reported by the day, pushed three times a month; the marketplace refuses one instance's. */
async function reportUsage(): Promise<number> {
  const instances = await prisma().instance.findMany({
    where: { state: 'active', test: false, chargingMode: 'ON_DEMAND', deliveredAt: { not: null } },
    orderBy: { createdAt: 'asc' },
  })
  const metered = instances.map(({ instanceId, deliveredAt, createdAt }) => {
    return { instanceId, openedAt: deliveredAt ?? createdAt }
  })
  await tellSandbox({ usageInstances: metered.slice(2, 3).map(({ instanceId }) => ({ instanceId, abnormal: true })) })
  let reported = 0
  for (const { at, records, push } of usageDays(metered, until)) {
    await setTime(at)
    if (records.length > 0) await addRecords({ ctx: systemContext, records, source: 'api' })
    reported += records.length
    if (push) await runUsagePush((await createUsagePush({ ctx: staff, input: {} })).id)
  }
  return reported
}

async function seed() {
  const [pool, manual] = [await productOf('pool'), await productOf('manual')]
  await setTime(history.calls[0]?.at ?? until)
  await importPool({ ctx: systemContext, input: { productRef: pool.id, csv: poolCsv(history.poolAccounts) } })

  const byHand: StaffAction[] = []
  const isManual = (call: ShopCall) =>
    call.activity === 'newInstance' &&
    manual.productIds.includes(call.order?.orderLine[0]?.productInfo[0]?.productId ?? '')
  return play(history.calls, {
    target,
    until,
    async send(signed, call) {
      await workThrough(byHand, call.at)
      await setTime(call.at)
      const answer = await send(signed, call.at)
      if (answer.instanceId && isManual(call) && call.at.getTime() < until.getTime() - 10 * DAY) {
        byHand.push({ at: new Date(call.at.getTime() + DAY / 2), instanceId: answer.instanceId })
      }
      if (call.activity === 'upgradeInstance' && answer.resultCode === '000000') {
        const { instanceId, orderId, orderLineId } = JSON.parse(signed.body)
        await learnUpgradeOrder({ instanceId, orderId, orderLineId }, Date.now() + 10_000)
      }
      return answer
    },
  })
}

const ground = await prepareGround()
try {
  // The queues must stand before a call can leave work for the server to come.
  await startJobs()
  await stopJobs()
  const { sent, failed } = await seed()
  const told = await tellStories()
  const reported = await reportUsage()
  console.log(
    `${sent} calls of the past year are in the desk, ${failed} of them failed; besides ${told} steps of licences and enterprises, and ${reported} usage records.`,
  )
} finally {
  await setSandboxClock(0)
  await prisma().$disconnect()
  await ground.leave()
}
