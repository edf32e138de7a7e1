import { checkAlerts, sendAlertNotice } from '@/lib/alerts'
import {
  afterCalls,
  flushRefusals,
  receive,
  runBulkReplay,
  settleApplication,
  settleMessages,
  watchMissed,
} from '@/lib/calls'
import { catalog, catalogNow } from '@/lib/catalog'
import { flushUsed } from '@/lib/credentials'
import { prisma } from '@/lib/db/client'
import { leaveDirect } from '@/lib/db/direct'
import { announceInstance, deliverInstance, deliverInstances, learnUpgradeOrder } from '@/lib/instances'
import { enqueueMany, pruneNonces, registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { announceLicense, produceLicense, sweepLicenses, uploadLicense } from '@/lib/licenses'
import { log } from '@/lib/log'
import { sendNotice } from '@/lib/notices'
import { keepOrder } from '@/lib/orders'
import { assessOrders, checkOrders } from '@/lib/reconcile'
import { runDueRehearsals } from '@/lib/rehearsals'
import { applyRetention } from '@/lib/retention'
import { pruneLogins } from '@/lib/tenants'
import { runUsagePush, usageRounds } from '@/lib/usage'
import { ensureSetupLink } from '@/lib/users'

const DELIVERY_MS = 30_000
/** A webhook may take 15 s. */
const FIRST_DELIVERY_MS = 16_000
const TOGETHER = 16
/** The marketplace waits 5 s for an answer and an hour for a delivery. */
const GIVE_WAY_MS = 2_000

/** Brings the application to life in this process: background work, the marketplace's door, the first administrator. */
export async function boot(): Promise<void> {
  registerHandlers({
    'deliver-instances': ({ instanceIds }) => deliverGroup(instanceIds),
    'deliver-instance': async ({ instanceId }) => {
      const end = await deliverInstance(instanceId, { deadline: Date.now() + DELIVERY_MS, alongside: settleMessages })
      if (end?.outcome === 'failed') throw new Error(end.error ?? 'the delivery failed')
    },
    'announce-instance': announceInstance,
    'learn-upgrade': (upgrade) => learnUpgradeOrder(upgrade, Date.now() + DELIVERY_MS),
    'fetch-order': async (order) => {
      await keepOrder(order).finally(() => assessOrders([order.orderId]))
    },
    'check-orders': (_, run) => checkOrders(run.signal),
    'issue-license': async ({ licenseId }) => {
      const end = await produceLicense(licenseId, { deadline: Date.now() + DELIVERY_MS })
      if (end?.outcome === 'failed') throw new Error(end.error ?? 'the licence could not be had')
    },
    'upload-license': ({ licenseId }) => uploadLicense(licenseId, Date.now() + DELIVERY_MS, settleApplication),
    'announce-license': announceLicense,
    'query-licenses': (_, run) => sweepLicenses(run.signal),
    'bulk-replay': ({ id }, run) => runBulkReplay(id, run.signal),
    'send-mail': async ({ noticeId }) => void (await sendNotice(noticeId)),
    'check-alerts': () => checkAlerts(),
    'send-alert': ({ noticeId }) => sendAlertNotice(noticeId),
    'push-usage': ({ id }, run) => runUsagePush(id, { signal: run.signal }),
    'usage-rounds': async () => void (await usageRounds()),
    rehearse: async (_, run) => void (await runDueRehearsals(Date.now(), run.signal)),
    housekeeping,
  })
  // A purchase adds a job in its own transaction: before the queues stand no call can be served.
  await startJobs()
  await catalog().catch(() => catalogNow())
  const stopWatching = watchMissed()
  globalThis.__desk = { receive, stop: () => stop(stopWatching) }
  const link = await ensureSetupLink()
  if (link) process.stderr.write(`Create the first administrator here (once, within 24 hours): ${link}\n`)
}

/** The same for a thread that serves pages only, beside one that was booted: it may replay a call, and leaves no work behind. */
export async function bootPages(): Promise<void> {
  await catalog().catch(() => catalogNow())
  globalThis.__desk = { receive, stop: leave }
}

async function stop(stopWatching: () => Promise<void>): Promise<void> {
  await Promise.all([stopJobs(), stopWatching()])
  await leave()
}

async function leave(): Promise<void> {
  await Promise.allSettled([flushUsed(), flushRefusals()])
  await Promise.all([prisma().$disconnect(), leaveDirect()])
}

/** First attempts of a group of purchases, some together; what fails goes on alone with its own retries. */
async function deliverGroup(instanceIds: string[]): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(instanceIds.length / TOGETHER) }, (_, at) =>
    instanceIds.slice(at * TOGETHER, (at + 1) * TOGETHER),
  )
  const work = async () => {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) await deliverChunk(chunk)
  }
  await Promise.all([work(), work()])
}

async function deliverChunk(instanceIds: string[]): Promise<void> {
  await afterCalls(GIVE_WAY_MS)
  const deadline = Date.now() + FIRST_DELIVERY_MS
  const ends = await deliverInstances(instanceIds, { deadline, alongside: settleMessages }).catch((error) => {
    log.warn({ err: error }, 'first deliveries could not be written together; each goes on alone')
    return null
  })
  const failed = ends
    ? ends.filter(({ outcome }) => outcome === 'failed').map(({ state }) => state.instanceId)
    : instanceIds
  if (failed.length === 0) return
  await prisma().$transaction((tx) =>
    enqueueMany(
      tx,
      failed.map((instanceId) => ({ name: 'deliver-instance', data: { instanceId }, key: instanceId })),
    ),
  )
}

async function housekeeping(): Promise<void> {
  await pruneNonces()
  await flushRefusals()
  await flushUsed()
  await applyRetention()
  await pruneLogins()
  // A new month needs the table to itself for a moment: behind a long read, such as a backup, calls must not queue up.
  await prisma().$transaction([
    prisma().$executeRaw`SET LOCAL lock_timeout = '300ms'`,
    prisma().$executeRaw`SELECT ensure_call_partitions(now(), now() + INTERVAL '2 months')`,
  ])
}
