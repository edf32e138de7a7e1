import { z } from 'zod'

type Definition = {
  data: z.ZodType<object>
  /** Repeats after a failure; the n-th waits `retryDelaySeconds` × 2ⁿ⁻¹, stretched at random up to twice that. */
  retryLimit: number
  retryDelaySeconds: number
  /** A run longer than this is told to stop and counts as failed. */
  timeoutSeconds: number
  /** Runs at the same time in one process. */
  concurrency: number
  /** How long a job may lie unnoticed, when nobody in this process calls `wakeJobs`. */
  pollSeconds: number
  /** Runs by itself, once in this many seconds over all processes. */
  everySeconds?: number
}

const instanceId = z.string().min(1).max(100)

/** Every background job: what it carries and how it is repeated. What it does is registered at boot. */
export const definitions = {
  /** First deliveries of a group of purchases; what does not work at once goes on as `deliver-instance`. */
  'deliver-instances': {
    data: z.object({ instanceIds: z.array(instanceId).min(1).max(1000) }),
    retryLimit: 8,
    retryDelaySeconds: 2,
    timeoutSeconds: 600,
    concurrency: 4,
    pollSeconds: 1,
  },
  /** One delivery, tried again for about four hours: longer than the marketplace repeats a purchase. */
  'deliver-instance': {
    data: z.object({ instanceId }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 8,
    pollSeconds: 1,
  },
  /** Tells the seller's software about a change; as patient as a delivery. */
  'announce-instance': {
    data: z.object({
      instanceId,
      type: z.enum([
        'instance.renewed',
        'instance.upgraded',
        'instance.frozen',
        'instance.unfrozen',
        'instance.released',
      ]),
      /** The event announced, so that two renewals are two announcements. */
      eventId: z.string().max(64).optional(),
    }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 4,
    pollSeconds: 2,
  },
  /** Fetches the order of an upgrade and takes the new specification over. */
  'learn-upgrade': {
    data: z.object({ instanceId, orderId: z.string(), orderLineId: z.string().nullable() }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 2,
    pollSeconds: 2,
  },
  /** Fetches and keeps an order the marketplace told of. */
  'fetch-order': {
    data: z.object({ orderId: z.string(), orderLineId: z.string().nullable() }),
    retryLimit: 8,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 2,
    pollSeconds: 2,
  },
  /** Compares orders, calls and instances with one another. */
  'check-orders': {
    data: z.object({}),
    retryLimit: 1,
    retryDelaySeconds: 60,
    timeoutSeconds: 1800,
    concurrency: 1,
    pollSeconds: 5,
    everySeconds: 3600,
  },
  /** Asks the seller's software for a licence; as patient as a delivery. */
  'issue-license': {
    data: z.object({ licenseId: z.uuid() }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 4,
    pollSeconds: 1,
  },
  /** Sends an online licence to the marketplace. */
  'upload-license': {
    data: z.object({ licenseId: z.uuid() }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 4,
    pollSeconds: 1,
  },
  /** Tells the seller's software what became of a licence. */
  'announce-license': {
    data: z.object({
      licenseId: z.uuid(),
      type: z.enum(['license.renewed', 'license.expired', 'license.frozen', 'license.unfrozen', 'license.released']),
      eventId: z.string().max(200),
    }),
    retryLimit: 11,
    retryDelaySeconds: 5,
    timeoutSeconds: 60,
    concurrency: 2,
    pollSeconds: 2,
  },
  /** Queries activation codes nobody asked about today, where the desk is set to. */
  'query-licenses': {
    data: z.object({}),
    retryLimit: 0,
    retryDelaySeconds: 1,
    timeoutSeconds: 1800,
    concurrency: 1,
    pollSeconds: 30,
    everySeconds: 1800,
  },
  'bulk-replay': {
    data: z.object({ id: z.uuid() }),
    retryLimit: 20,
    retryDelaySeconds: 1,
    timeoutSeconds: 3600,
    concurrency: 1,
    pollSeconds: 1,
  },
  /** Picks up a mail whose sender died before it knew the outcome. */
  'send-mail': {
    data: z.object({ noticeId: z.uuid() }),
    retryLimit: 5,
    retryDelaySeconds: 30,
    timeoutSeconds: 60,
    concurrency: 1,
    pollSeconds: 5,
  },
  /** Compares what is the case with the alerts that last; queues the notices of what begins and ends. */
  'check-alerts': {
    data: z.object({}),
    retryLimit: 0,
    retryDelaySeconds: 1,
    timeoutSeconds: 60,
    concurrency: 1,
    pollSeconds: 5,
    everySeconds: 30,
  },
  /** One mail or webhook of an alert. */
  'send-alert': {
    data: z.object({ noticeId: z.uuid() }),
    retryLimit: 6,
    retryDelaySeconds: 15,
    timeoutSeconds: 60,
    concurrency: 2,
    pollSeconds: 5,
  },
  /** Sends the usage of one push; whatever it leaves, `usage-rounds` asks for again. */
  'push-usage': {
    data: z.object({ id: z.uuid() }),
    retryLimit: 3,
    retryDelaySeconds: 5,
    timeoutSeconds: 3600,
    concurrency: 2,
    pollSeconds: 1,
  },
  /** Starts the pushes that are due and goes on with those whose process died. */
  'usage-rounds': {
    data: z.object({}),
    retryLimit: 0,
    retryDelaySeconds: 1,
    timeoutSeconds: 60,
    concurrency: 1,
    pollSeconds: 5,
    everySeconds: 30,
  },
  /** Looks whether the time of the scheduled rehearsals has come, and runs them. */
  rehearse: {
    data: z.object({}),
    retryLimit: 0,
    retryDelaySeconds: 1,
    timeoutSeconds: 900,
    concurrency: 1,
    pollSeconds: 5,
    everySeconds: 60,
  },
  housekeeping: {
    data: z.object({}),
    retryLimit: 0,
    retryDelaySeconds: 1,
    timeoutSeconds: 300,
    concurrency: 1,
    pollSeconds: 5,
    everySeconds: 60,
  },
} satisfies Record<string, Definition>

export type JobName = keyof typeof definitions
export type JobData<Name extends JobName> = z.output<(typeof definitions)[Name]['data']>
export const jobNames = Object.keys(definitions) as JobName[]

export function definitionOf(name: JobName): Definition {
  return definitions[name]
}

/** The database schema that holds the queues. */
export const QUEUE_SCHEMA = 'pgboss'
/** A run keeps its job by renewing a lease of this length; when its process dies, another one takes over after it. */
export const LEASE_SECONDS = 60
