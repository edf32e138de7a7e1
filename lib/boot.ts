import { flushRefusals, receive, runBulkReplay, settleMessages } from '@/lib/calls'
import { catalog, catalogNow } from '@/lib/catalog'
import { flushUsed } from '@/lib/credentials'
import { prisma } from '@/lib/db/client'
import { announceInstance, deliverInstance, learnUpgradeOrder } from '@/lib/instances'
import { enqueue, pruneNonces, registerHandlers, startJobs, stopJobs } from '@/lib/jobs'
import { sendNotice } from '@/lib/notices'
import { fetchOrder, saveOrder } from '@/lib/orders'
import { ensureSetupLink } from '@/lib/users'

const DELIVERY_MS = 30_000
const FIRST_DELIVERY_MS = 10_000

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
    'fetch-order': keepOrder,
    'bulk-replay': ({ id }, run) => runBulkReplay(id, run.signal),
    'send-mail': async ({ noticeId }) => void (await sendNotice(noticeId)),
    housekeeping,
  })
  // A purchase adds a job in its own transaction: before the queues stand no call can be served.
  await startJobs()
  await catalog().catch(() => catalogNow())
  globalThis.__desk = { receive, stop }
  const link = await ensureSetupLink()
  if (link) process.stderr.write(`Create the first administrator here (once, within 24 hours): ${link}\n`)
}

async function stop(): Promise<void> {
  await stopJobs()
  await Promise.allSettled([flushUsed(), flushRefusals()])
  await prisma().$disconnect()
}

/** First attempts of a group of purchases, a few at a time; what fails goes on alone with its own retries. */
async function deliverGroup(instanceIds: string[]): Promise<void> {
  const waiting = [...instanceIds]
  const work = async () => {
    for (let instanceId = waiting.shift(); instanceId; instanceId = waiting.shift()) {
      const end = await deliverInstance(instanceId, {
        deadline: Date.now() + FIRST_DELIVERY_MS,
        alongside: settleMessages,
      }).catch((error) => ({ outcome: 'failed', error: (error as Error).message }) as const)
      if (end?.outcome !== 'failed') continue
      await prisma().$transaction((tx) =>
        enqueue(tx, 'deliver-instance', { instanceId: instanceId as string }, { key: instanceId }),
      )
    }
  }
  await Promise.all([work(), work(), work(), work()])
}

async function keepOrder({ orderId, orderLineId }: { orderId: string; orderLineId: string | null }): Promise<void> {
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs: DELIVERY_MS })
  if (!fetched.ok) throw new Error(`order query: ${fetched.error.message}`)
  await prisma().$transaction((tx) => saveOrder(tx, fetched.value))
}

async function housekeeping(): Promise<void> {
  await pruneNonces()
  await flushRefusals()
  await flushUsed()
  await prisma().$executeRaw`SELECT ensure_call_partitions(now(), now() + INTERVAL '2 months')`
}
