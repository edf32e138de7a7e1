import { type Db, Prisma, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import {
  duplicateUsageCodes,
  USAGE_AGE_DAYS,
  USAGE_BATCH_LIMIT,
  type UsageEntry,
  type UsageOutcome,
} from '@/lib/marketplace'
import { lockPush, pushable } from './pushes'

/** Longer than a request may take, so that a batch is never asked for twice at once without need. */
const LEASE_SECONDS = 60
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
const GATHER = 5_000
const firstId = '00000000-0000-0000-0000-000000000000'
export const ungathered: Gathered = { state: 'queued', after: firstId }

export type Push = {
  id: string
  origin: string
  productRef: string | null
  /** only of automatic pushes: use that ends until then is due */
  dueBefore: Date | null
}

export type Entry = UsageEntry & { id: string }
/** A request about to be sent; `attempts` counts it. */
export type Batch = {
  id: string
  pushId: string
  api: 'new' | 'old'
  attempts: number
  doubt: boolean
  entries: Entry[]
}

/** Where gathering stands: records of this state up to this id were looked at. */
export type Gathered = { state: 'queued' | 'draft'; after: string }

/**
 * Queues what a push of staff was made for, some at a time in the order of an index; hand in what it answered last.
 * Answers null when there is no more.
 */
export async function gatherSome(
  id: string,
  filter: Parameters<typeof pushable>[0],
  { state, after }: Gathered,
): Promise<Gathered | null> {
  const rows = await prisma().$queryRaw<{ count: number; last: string | null }[]>`
    WITH gathered AS (
      UPDATE usage_records SET state = 'queued', push_id = ${id}::uuid, changed_at = now()
      WHERE id IN (SELECT r.id FROM usage_records r
        WHERE ${pushable(filter)} AND r.state = ${state} AND r.id > ${after}::uuid ORDER BY r.id LIMIT ${GATHER}
        FOR UPDATE SKIP LOCKED)
      RETURNING id
    ) SELECT count(*)::int AS count, max(id::text) AS last FROM gathered`
  const { count = 0, last = null } = rows[0] ?? {}
  if (count === GATHER && last) return { state, after: last }
  return state === 'queued' ? { state: 'draft', after: firstId } : null
}

/** Records the marketplace would refuse for their age are not sent. Answers how many. */
export async function refuseAged(push: Push, now: Date): Promise<number> {
  const oldest = new Date(now.getTime() - USAGE_AGE_DAYS * 86_400_000)
  return prisma().$executeRaw`
    UPDATE usage_records SET state = 'rejected', code = '007', push_id = ${push.id}::uuid, changed_at = ${now},
      message = ${`older than ${USAGE_AGE_DAYS} days; not sent`}
    WHERE id IN (SELECT id FROM usage_records WHERE ${queuedFor(push)} AND begin_at < ${oldest}
      FOR UPDATE SKIP LOCKED)`
}

function queuedFor({ id, origin, productRef, dueBefore }: Push): Prisma.Sql {
  return origin === 'staff'
    ? Prisma.sql`state = 'queued' AND push_id = ${id}::uuid`
    : Prisma.sql`state = 'queued' AND push_id IS NULL AND product_ref = ${productRef}::uuid AND end_at <= ${dueBefore}`
}

type EntryRow = Omit<Entry, 'recordedAt'> & { api: 'new' | 'old' }

const entryColumns = Prisma.raw(`r.id, r.wire_sn AS "meteringSn", r.instance_id AS "instanceId",
  (SELECT i.product_id FROM instances i WHERE i.instance_id = r.instance_id) AS "productId", r.begin_at AS "beginAt",
  r.end_at AS "endAt", trim_scale(r.value)::text AS value,
  nullif(r.related_package_instance_id, '') AS "relatedPackageInstanceId"`)

/** Takes the next records of one product and writes down that they are about to be sent. */
export async function claimBatch(push: Push, now: Date): Promise<Batch | null> {
  const id = newId(now.getTime())
  const claim = Prisma.sql`
    WITH picked AS MATERIALIZED (
      SELECT id, product_ref FROM usage_records WHERE ${queuedFor(push)}
      ORDER BY push_id, product_ref, id LIMIT ${USAGE_BATCH_LIMIT} FOR UPDATE SKIP LOCKED
    ), first AS (SELECT product_ref FROM picked ORDER BY product_ref LIMIT 1), taken AS (
      UPDATE usage_records r SET state = 'pushed', push_id = ${push.id}::uuid, batch_id = ${id}::uuid, changed_at = ${now},
        code = NULL, message = NULL
      FROM picked WHERE r.id = picked.id AND picked.product_ref IS NOT DISTINCT FROM (SELECT product_ref FROM first)
      RETURNING r.*
    ), batch AS (
      INSERT INTO usage_batches (id, push_id, product_ref, api, state, records, attempts, lease_until, created_at)
      SELECT ${id}::uuid, ${push.id}::uuid, (SELECT product_ref FROM first),
        coalesce((SELECT api FROM usage_settings WHERE product_ref = (SELECT product_ref FROM first)), 'new'),
        'sending', count(*), 1, ${leaseFrom(now)}, ${now}
      FROM taken HAVING count(*) > 0 RETURNING api
    )
    SELECT ${entryColumns}, (SELECT api FROM batch) AS api FROM taken r ORDER BY r.id`
  const rows = await prisma().$transaction(async (tx) => {
    // Only the index of what is queued may lead: while statistics are old, sorting the whole queue for each batch looks cheap.
    await tx.$executeRaw`SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true)`
    return tx.$queryRaw<EntryRow[]>(claim)
  })
  if (!rows[0]) return null
  return {
    id,
    pushId: push.id,
    api: rows[0].api,
    attempts: 1,
    doubt: false,
    entries: rows.map((row) => entryOf(row, now)),
  }
}

/** Takes a batch again whose answer never came, or that was put off. From now on its records may be known already. */
export async function retakeBatch(pushId: string, now: Date): Promise<Batch | null> {
  const [batch] = await prisma().$queryRaw<Omit<Batch, 'entries'>[]>`
    UPDATE usage_batches SET doubt = doubt OR attempts > 0, attempts = attempts + 1, lease_until = ${leaseFrom(now)}
    WHERE id = (SELECT id FROM usage_batches WHERE state = 'sending' AND push_id = ${pushId}::uuid AND lease_until <= ${now}
      ORDER BY lease_until LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, push_id AS "pushId", api, attempts, doubt`
  if (!batch) return null
  const rows = await prisma().$queryRaw<EntryRow[]>`
    SELECT ${entryColumns} FROM usage_records r WHERE batch_id = ${batch.id}::uuid AND state = 'pushed' ORDER BY id`
  return { ...batch, entries: rows.map((row) => entryOf(row, now)) }
}

function entryOf(
  { id, meteringSn, instanceId, productId, beginAt, endAt, value, relatedPackageInstanceId }: EntryRow,
  now: Date,
): Entry {
  return { id, meteringSn, instanceId, productId, recordedAt: now, beginAt, endAt, value, relatedPackageInstanceId }
}

function leaseFrom(now: Date): Date {
  return new Date(now.getTime() + LEASE_SECONDS * 1000)
}

type Verdict =
  | { kind: 'settled'; rejected: { id: string; code: string; message: string }[] }
  | { kind: 'split'; doubt: boolean }
  | { kind: 'later'; counts: boolean }
  | { kind: 'stopped' }

/** What an answer means for the records of a batch. */
export function judge(batch: Batch, outcome: UsageOutcome): Verdict {
  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'settled', rejected: [] }
    case 'unknown':
      return { kind: 'later', counts: true }
    case 'refused':
      if (outcome.because === 'rate') return { kind: 'later', counts: false }
      // Something in doubt must not be given back: it would go out under the same numbers without that knowledge.
      if (outcome.because === 'caller') return batch.doubt ? { kind: 'later', counts: true } : { kind: 'stopped' }
      return refuseOrSplit(batch, outcome, batch.doubt)
    case 'partly':
      return judgeAbnormal(batch, outcome)
  }
}

function judgeAbnormal(batch: Batch, outcome: Extract<UsageOutcome, { kind: 'partly' }>): Verdict {
  const bySn = new Map(batch.entries.map((entry) => [entry.meteringSn, entry]))
  const rejected: { id: string; code: string; message: string }[] = []
  for (const { meteringSn, instanceId, code, message } of outcome.abnormal) {
    const ofInstance = batch.entries.filter((entry) => entry.instanceId === instanceId)
    const entry =
      (meteringSn !== null && bySn.get(meteringSn)) ||
      (batch.entries.length === 1 && batch.entries[0]) ||
      (meteringSn === null && ofInstance.length === 1 && ofInstance[0])
    if (!entry) return { kind: 'split', doubt: true }
    // Sent before without an answer: the marketplace knows it from then.
    const isOurs = batch.doubt && duplicateUsageCodes.includes(code)
    if (!isOurs) rejected.push({ id: entry.id, code: code || outcome.code, message })
  }
  if (outcome.abnormal.length > 0) return { kind: 'settled', rejected }
  return refuseOrSplit(batch, { code: outcome.code, message: '' }, true)
}

/** A whole request was refused for its records, and it does not say which: halves find out. */
function refuseOrSplit(batch: Batch, { code, message }: { code: string; message: string }, doubt: boolean): Verdict {
  if (batch.entries.length > 1) return { kind: 'split', doubt }
  const [entry] = batch.entries
  return { kind: 'settled', rejected: entry ? [{ id: entry.id, code, message }] : [] }
}

/**
 * Writes down what became of a request: records, batch and the push's figures in one transaction. Nothing is written when
 * somebody asked again meanwhile: their answer counts. Answers 'stopped' when the marketplace takes nothing from this desk.
 */
export async function settleBatch(batch: Batch, outcome: UsageOutcome, now: Date, db: Db = prisma()) {
  const verdict = judge(batch, outcome)
  await db.$transaction(async (tx) => {
    const code = outcome.kind === 'accepted' ? null : outcome.code
    const message = 'message' in outcome ? outcome.message.slice(0, 500) : null
    if (verdict.kind === 'later') {
      const left = verdict.counts ? batch.attempts : batch.attempts - 1
      await tx.$executeRaw`
        UPDATE usage_batches SET attempts = ${left}, lease_until = ${pauseFrom(batch.attempts, now)}, code = ${code},
          message = ${message}
        WHERE id = ${batch.id}::uuid AND state = 'sending' AND attempts = ${batch.attempts}`
      return
    }
    const count = await tx.$executeRaw`
      UPDATE usage_batches SET state = 'done', code = ${code}, message = ${message}, answered_at = ${now}
      WHERE id = ${batch.id}::uuid AND state = 'sending' AND attempts = ${batch.attempts}`
    if (count === 0) return
    await lockPush(tx, batch.pushId)
    if (verdict.kind === 'settled') await settleRecords(tx, batch, verdict.rejected, now)
    if (verdict.kind === 'split') await split(tx, batch, verdict.doubt, now)
    if (verdict.kind === 'stopped') {
      await tx.$executeRaw`UPDATE usage_records SET state = 'queued', batch_id = NULL, changed_at = ${now}
        WHERE batch_id = ${batch.id}::uuid AND state = 'pushed'`
    }
  })
  return verdict.kind
}

async function settleRecords(
  tx: Tx,
  batch: Batch,
  rejected: { id: string; code: string; message: string }[],
  now: Date,
): Promise<void> {
  const byId = JSON.stringify(Object.fromEntries(rejected.map(({ id, ...why }) => [id, why])))
  await tx.$executeRaw`
    WITH settled AS (
      UPDATE usage_records SET changed_at = ${now}, code = ${byId}::jsonb -> id::text ->> 'code',
        message = ${byId}::jsonb -> id::text ->> 'message',
        state = CASE WHEN jsonb_exists(${byId}::jsonb, id::text) THEN 'rejected' ELSE 'accepted' END
      WHERE batch_id = ${batch.id}::uuid AND state = 'pushed' RETURNING state
    ), counts AS (
      SELECT count(*) FILTER (WHERE state = 'accepted') AS accepted, count(*) FILTER (WHERE state = 'rejected') AS rejected
      FROM settled
    )
    UPDATE usage_pushes p SET accepted = p.accepted + c.accepted, rejected = p.rejected + c.rejected
    FROM counts c WHERE p.id = ${batch.pushId}::uuid`
}

async function split(tx: Tx, batch: Batch, doubt: boolean, now: Date): Promise<void> {
  const middle = Math.ceil(batch.entries.length / 2)
  for (const half of [batch.entries.slice(0, middle), batch.entries.slice(middle)]) {
    const id = newId()
    await tx.$executeRaw`
      INSERT INTO usage_batches (id, push_id, product_ref, api, state, records, attempts, doubt, lease_until, created_at)
      SELECT ${id}::uuid, push_id, product_ref, api, 'sending', ${half.length}, 0, ${doubt}, ${now}, ${now}
      FROM usage_batches WHERE id = ${batch.id}::uuid`
    await tx.$executeRaw`UPDATE usage_records SET batch_id = ${id}::uuid
      WHERE id = ANY(${half.map((entry) => entry.id)}::uuid[]) AND batch_id = ${batch.id}::uuid AND state = 'pushed'`
  }
}

function pauseFrom(attempts: number, now: Date): Date {
  return new Date(now.getTime() + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(attempts - 1, 10)))
}
