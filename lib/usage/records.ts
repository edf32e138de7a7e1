import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { type Db, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { type Context, requireRole } from '@/lib/users/context'
import { type CheckedRecord, checkForm, checkRules, type InstanceFacts, monthOf, samePeriod } from './rules'
import { defaultSettings, usageSettings } from './settings'
import { type RecordFault, type UsageSource, usageRules } from './types'

export const RECORDS_LIMIT = 1000

/** Each record is checked by itself, so that one bad record refuses no other; see the answer for the rules. */
export const newRecordsSchema = z.strictObject({
  records: z
    .array(z.unknown())
    .min(1, 'must hold at least one record')
    .max(RECORDS_LIMIT, `must hold at most ${RECORDS_LIMIT} records`)
    .describe(
      '`{ meteringSn, instanceId, beginAt, endAt, value, relatedPackageInstanceId? }`: ids of 1 to 64 characters, times ISO 8601 with a zone, value a decimal string above 0 with at most 4 decimals',
    ),
})

export const recordFault = z
  .object({
    field: z.string(),
    message: z.string(),
    rule: z.enum(usageRules),
    came: z.string().nullable(),
    allowed: z.string().nullable(),
  })
  .meta({ id: 'UsageRecordFault' })

export const recordResult = z
  .object({
    meteringSn: z.string().nullable().describe('null where none came'),
    status: z.enum(['created', 'unchanged', 'refused']),
    error: recordFault.optional(),
    note: z.string().optional().describe('of an unchanged record: what else is recorded under its number'),
  })
  .meta({ id: 'UsageRecordResult' })
export type RecordResult = z.output<typeof recordResult>

/**
 * Takes in up to 1000 metering records, each for itself: created, unchanged when its number is known already, or refused
 * with the rule it breaks. `zone` reads times without one; `dryRun` writes nothing. Operators and above; what is entered
 * by hand is audited.
 */
export async function addRecords({
  ctx,
  records,
  source,
  zone,
  dryRun = false,
  now = new Date(),
}: {
  ctx: Context
  records: unknown[]
  source: UsageSource
  zone?: 'UTC' | 'Asia/Shanghai'
  dryRun?: boolean
  now?: Date
}): Promise<RecordResult[]> {
  requireRole(ctx, 'operator')
  const results: RecordResult[] = []
  const fresh = new Map<string, { record: CheckedRecord; at: number }>()
  const repeats: { at: number; of: number }[] = []
  for (const [at, input] of records.entries()) {
    const checked = checkForm(input, zone)
    if (!checked.ok) {
      results[at] = refusal(snOf(input), checked.fault)
      continue
    }
    const { meteringSn } = checked.value
    const first = fresh.get(meteringSn)
    if (first) repeats.push({ at, of: first.at })
    else fresh.set(meteringSn, { record: checked.value, at })
  }
  const [known, facts, settings] = await Promise.all([
    findByNumbers([...fresh.keys()]),
    instanceFacts([...fresh.values()].flatMap(({ record }) => [record.instanceId, record.relatedPackageInstanceId])),
    usageSettings(),
  ])
  const insertable: CheckedRecord[] = []
  for (const [meteringSn, { record, at }] of fresh) {
    const same = known.get(meteringSn)
    const related = record.relatedPackageInstanceId ? facts.get(record.relatedPackageInstanceId) : undefined
    const fault = same ? null : checkRules(record, facts.get(record.instanceId), related, now)
    if (same) results[at] = unchanged(record, same)
    else if (fault) results[at] = refusal(meteringSn, fault)
    else insertable.push(record)
  }
  const stateOf = (record: CheckedRecord) => {
    const { productRef } = facts.get(record.instanceId) as InstanceFacts
    const { rhythm } = (productRef && settings.get(productRef)) || defaultSettings
    return { productRef, state: rhythm === 'monthly' ? 'draft' : 'queued' }
  }
  const missed = dryRun
    ? insertable
    : await insertNoted(
        ctx,
        insertable.map((record) => ({ ...record, ...stateOf(record), source })),
      )
  const created = new Set(insertable.map(({ meteringSn }) => meteringSn))
  if (missed.length > 0) {
    const taken = await findTaken(missed)
    for (const record of missed) {
      const { at } = fresh.get(record.meteringSn) as { at: number }
      const same = taken.numbers.get(record.meteringSn)
      const period = taken.periods.get(periodKey(record))
      if (same) results[at] = unchanged(record, same)
      else if (period) results[at] = refusal(record.meteringSn, samePeriod(record, period))
      else if (dryRun) taken.periods.set(periodKey(record), record.meteringSn)
      if (results[at]) created.delete(record.meteringSn)
    }
  }
  for (const meteringSn of created) {
    results[(fresh.get(meteringSn) as { at: number }).at] = { meteringSn, status: 'created' }
  }
  for (const { at, of } of repeats) {
    const first = results[of] as RecordResult
    results[at] = first.status === 'created' ? { meteringSn: first.meteringSn, status: 'unchanged' } : first
  }
  return results
}

function snOf(input: unknown): string | null {
  const sn = (input as { meteringSn?: unknown } | null)?.meteringSn
  return typeof sn === 'string' ? sn.slice(0, 64) : null
}

function refusal(meteringSn: string | null, error: RecordFault): RecordResult {
  return { meteringSn, status: 'refused', error }
}

type Known = { meteringSn: string; instanceId: string; beginAt: Date; endAt: Date; value: string; related: string }

function unchanged(record: CheckedRecord, known: Known): RecordResult {
  const { meteringSn } = record
  const isSame =
    known.instanceId === record.instanceId &&
    known.beginAt.getTime() === record.beginAt.getTime() &&
    known.endAt.getTime() === record.endAt.getTime() &&
    Number(known.value) === Number(record.value)
  const period = `${known.beginAt.toISOString()} – ${known.endAt.toISOString()}`
  const note = `recorded under this number: instance "${known.instanceId}", ${period}, value ${Number(known.value)}`
  return isSame ? { meteringSn, status: 'unchanged' } : { meteringSn, status: 'unchanged', note }
}

async function findByNumbers(numbers: string[]): Promise<Map<string, Known>> {
  if (numbers.length === 0) return new Map()
  const rows = await prisma().$queryRaw<Known[]>`
    SELECT metering_sn AS "meteringSn", instance_id AS "instanceId", begin_at AS "beginAt", end_at AS "endAt",
      value::text AS value, related_package_instance_id AS related
    FROM usage_records WHERE metering_sn = ANY(${numbers}::text[])`
  return new Map(rows.map((row) => [row.meteringSn, row]))
}

const periodKey = (record: Pick<CheckedRecord, 'instanceId' | 'beginAt' | 'endAt' | 'relatedPackageInstanceId'>) =>
  `${record.instanceId} ${record.beginAt.getTime()} ${record.endAt.getTime()} ${record.relatedPackageInstanceId}`

/** What stands in the way of these records: others of their number, or of their instance and period. */
async function findTaken(
  records: CheckedRecord[],
): Promise<{ numbers: Map<string, Known>; periods: Map<string, string> }> {
  const json = JSON.stringify(records.map(rowOf))
  const rows = await prisma().$queryRaw<Known[]>`
    SELECT r.metering_sn AS "meteringSn", r.instance_id AS "instanceId", r.begin_at AS "beginAt", r.end_at AS "endAt",
      r.value::text AS value, r.related_package_instance_id AS related
    FROM jsonb_to_recordset(${json}::jsonb)
      AS n(instance_id text, begin_at timestamptz, end_at timestamptz, related_package_instance_id text)
    JOIN usage_records r USING (instance_id, begin_at, end_at, related_package_instance_id)
    WHERE r.state <> 'rejected'`
  const numbers = await findByNumbers(records.map(({ meteringSn }) => meteringSn))
  const periods = new Map(
    rows.map((row) => [periodKey({ ...row, relatedPackageInstanceId: row.related }), row.meteringSn]),
  )
  return { numbers, periods }
}

/** Facts of instances by id; ids nobody was given are left out. */
export async function instanceFacts(instanceIds: string[]): Promise<Map<string, InstanceFacts>> {
  const ids = [...new Set(instanceIds)].filter(Boolean)
  if (ids.length === 0) return new Map()
  const rows = await prisma().$queryRaw<InstanceFacts[]>`
    SELECT instance_id AS "instanceId", product_ref AS "productRef", charging_mode AS "chargingMode", test,
      coalesce(delivered_at, created_at) AS "openedAt", released_at AS "releasedAt"
    FROM instances WHERE instance_id = ANY(${ids}::text[])`
  return new Map(rows.map((row) => [row.instanceId, row]))
}

function rowOf(record: CheckedRecord) {
  return {
    metering_sn: record.meteringSn,
    instance_id: record.instanceId,
    month: monthOf(record.beginAt),
    begin_at: record.beginAt,
    end_at: record.endAt,
    value: record.value,
    related_package_instance_id: record.relatedPackageInstanceId,
  }
}

type NewRow = CheckedRecord & { productRef: string | null; state: string; source: UsageSource }

/** Inserts them; what staff enter by hand together with its audit entries. Answers what stood in the way. */
async function insertNoted(ctx: Context, rows: NewRow[]): Promise<NewRow[]> {
  if (rows[0]?.source !== 'manual') return insertRecords(prisma(), rows)
  return prisma().$transaction(async (tx) => {
    const left = await insertRecords(tx, rows)
    await noteByHand(
      tx,
      ctx,
      rows.filter((row) => !left.includes(row)),
    )
    return left
  })
}

async function noteByHand(tx: Tx, ctx: Context, rows: NewRow[]): Promise<void> {
  for (const row of rows) {
    const { meteringSn, instanceId, beginAt, endAt, value } = row
    const data = { meteringSn, instanceId, beginAt, endAt, value }
    await recordAudit(tx, ctx, { action: 'usage.add', subject: 'usage-record', target: meteringSn, data })
  }
}

/** Inserts what stands in nobody's way, in one statement; answers the others. */
async function insertRecords(db: Db | Tx, rows: NewRow[]): Promise<NewRow[]> {
  if (rows.length === 0) return []
  // In one order for everybody: two senders of the same numbers wait for one another instead of blocking each other.
  const ordered = rows.toSorted((a, b) => (a.meteringSn < b.meteringSn ? -1 : 1))
  const json = JSON.stringify(
    ordered.map((row) => ({
      ...rowOf(row),
      id: newId(),
      product_ref: row.productRef,
      state: row.state,
      source: row.source,
    })),
  )
  const inserted = await db.$queryRaw<{ sn: string }[]>`
    INSERT INTO usage_records (id, metering_sn, wire_sn, instance_id, product_ref, month, begin_at, end_at, value,
      related_package_instance_id, state, source, changed_at)
    SELECT id, metering_sn, metering_sn, instance_id, product_ref, month, begin_at, end_at, value,
      related_package_instance_id, state, source, now()
    FROM jsonb_to_recordset(${json}::jsonb) AS r(id uuid, metering_sn text, instance_id text, product_ref uuid, month text,
      begin_at timestamptz, end_at timestamptz, value numeric, related_package_instance_id text, state text, source text)
    ON CONFLICT DO NOTHING
    RETURNING metering_sn AS sn`
  if (inserted.length === rows.length) return []
  const sns = new Set(inserted.map(({ sn }) => sn))
  return rows.filter(({ meteringSn }) => !sns.has(meteringSn))
}
