import { AggregatorRegistry, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { once } from '@/lib/db/once'
import { figuresOfMain, inPages } from '@/lib/threads'

/** Figures of this thread, one set however often a bundler loads the module. Durations in seconds. */
function figures() {
  return once('metrics', () => {
    const registers = [new Registry()]
    const [register] = registers as [Registry]
    if (!inPages) collectDefaultMetrics({ register, prefix: 'desk_' })
    return {
      register,
      calls: new Counter({
        name: 'desk_calls_total',
        help: 'Calls of the marketplace and replays of them, answered',
        labelNames: ['protocol', 'activity', 'outcome', 'code'],
        registers,
      }),
      callSeconds: new Histogram({
        name: 'desk_call_duration_seconds',
        help: 'From the first byte of a call to its answer',
        labelNames: ['protocol', 'activity'],
        buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 16],
        registers,
      }),
      refusals: new Counter({
        name: 'desk_refusals_total',
        help: 'Requests at the door that were refused before they became a call',
        labelNames: ['reason'],
        registers,
      }),
      groupSize: new Histogram({
        name: 'desk_commit_group_size',
        help: 'Calls that shared one commit',
        buckets: [1, 2, 4, 8, 16, 32, 64, 128],
        registers,
      }),
      api: new Histogram({
        name: 'desk_api_duration_seconds',
        help: 'Requests of /api/v1',
        labelNames: ['method', 'path', 'status'],
        buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
        registers,
      }),
      jobs: new Gauge({ name: 'desk_jobs', help: 'Background jobs', labelNames: ['name', 'state'], registers }),
      pool: new Gauge({
        name: 'desk_pool_accounts_left',
        help: 'Prepared accounts not handed out yet',
        labelNames: ['product'],
        registers,
      }),
      openMessages: new Gauge({ name: 'desk_open_messages', help: 'Open messages, up to 10001', registers }),
      waiting: new Gauge({
        name: 'desk_waiting_deliveries',
        help: 'Instances without a delivery, up to 10001',
        registers,
      }),
    }
  })
}

// Whoever calls the door writes the name of the activity; how many series there are must not be up to them.
const MAX_ACTIVITIES = 60
const activities = () => once('metrics:activities', () => new Set<string>())

function boundedActivity({ activity, outcome }: { activity: string; outcome: string }): string {
  if (activities().has(activity)) return activity
  if (outcome === 'rejected' || !/^[a-zA-Z]{1,40}$/.test(activity) || activities().size >= MAX_ACTIVITIES)
    return 'other'
  activities().add(activity)
  return activity
}

/** Counts one answered call and how long it took from its first byte. */
export function callTook(call: {
  protocol: string
  activity: string
  outcome: string
  resultCode: string
  ms: number
}): void {
  const { calls, callSeconds } = figures()
  const { protocol, outcome, resultCode: code } = call
  const activity = boundedActivity(call)
  calls.inc({ protocol, activity, outcome, code })
  callSeconds.observe({ protocol, activity }, call.ms / 1000)
}

/** `reason` is a word of ours, never of the caller. */
export function countRefusal(reason: string): void {
  figures().refusals.inc({ reason })
}

export function observeGroup(size: number): void {
  figures().groupSize.observe(size)
}

/** `path` is the pattern, not the address. */
export function observeApi(method: string, path: string, status: number, seconds: number): void {
  figures().api.observe({ method, path, status: String(status) }, seconds)
}

/** What is read at the time of a scrape; a member left out keeps its last value. */
export type Snapshot = {
  jobs?: { name: string; state: string; count: number }[]
  pool?: { product: string; left: number }[]
  openMessages?: number
  waitingDeliveries?: number
}

/** The Prometheus text of all figures. */
export async function metricsText(now: Snapshot): Promise<string> {
  const { jobs, pool, openMessages, waiting } = figures()
  if (now.jobs) {
    jobs.reset()
    for (const { name, state, count } of now.jobs) jobs.set({ name, state }, count)
  }
  if (now.pool) {
    pool.reset()
    for (const { product, left } of now.pool) pool.set({ product }, left)
  }
  if (now.openMessages !== undefined) openMessages.set(now.openMessages)
  if (now.waitingDeliveries !== undefined) waiting.set(now.waitingDeliveries)
  return AggregatorRegistry.aggregate([await figuresAsJson(), ...(await figuresOfMain<object[]>())]).metrics()
}

/** The figures of this thread, to be added to those of the other. */
export function figuresAsJson(): Promise<object[]> {
  return figures().register.getMetricsAsJSON()
}
