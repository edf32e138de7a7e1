import PgBoss from 'pg-boss'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { once } from '@/lib/db/once'
import { definitionOf, type JobData, type JobName, LEASE_SECONDS, QUEUE_SCHEMA } from './definitions'

export type JobOptions = {
  /** While a job of this name and key waits for its first run, another one is not added. */
  key?: string
  /** Not before this time; at once when missing. */
  startAfter?: Date
}

/** A job to be added, of whatever name. */
export type JobRequest = { [Name in JobName]: { name: Name; data: JobData<Name> } & JobOptions }[JobName]

/**
 * Adds a job inside the caller's transaction: it exists exactly if that transaction commits. One statement. Throws when
 * the data does not fit the definition or the queue does not exist, so that no job is lost in silence.
 */
export async function enqueue<Name extends JobName>(
  tx: RawTx,
  name: Name,
  data: JobData<Name>,
  options: JobOptions = {},
): Promise<void> {
  await enqueueMany(tx, [{ name, data, ...options } as JobRequest])
}

/** The same for many jobs, also of different names: still one statement. */
export async function enqueueMany(tx: RawTx, requests: JobRequest[]): Promise<void> {
  if (requests.length === 0) return
  let added = 0
  // Only builds the statement; it runs where the caller's transaction is.
  const db = {
    async executeSql(text: string, values: unknown[]) {
      added = await tx.$executeRawUnsafe(text, ...values.map((value) => value ?? null))
      return { rows: [] }
    },
  }
  await writer().insert(requests.map(toInsert), { db })
  const certain = requests.filter(({ key }) => !key).length
  if (added < certain) throw new Error(`the queues took ${added} of ${requests.length} jobs`)
}

/** What one row of a queue says. A job without a key takes its id for one, because a queue holds each key once. */
export function toInsert({ name, data, key, startAfter }: JobRequest): PgBoss.JobInsert {
  const definition = definitionOf(name)
  const id = newId()
  return {
    id,
    name,
    data: definition.data.parse(data),
    singletonKey: key ?? id,
    startAfter: startAfter?.toISOString(),
    retryLimit: definition.retryLimit,
    retryDelay: definition.retryDelaySeconds,
    retryBackoff: true,
    expireInSeconds: LEASE_SECONDS,
  }
}

function writer(): PgBoss {
  return once('jobs:writer', () => new PgBoss({ db: nowhere, schema: QUEUE_SCHEMA, schedule: false, supervise: false }))
}

const nowhere = {
  executeSql(): never {
    throw new Error('a job is added through the transaction of its cause')
  },
}
