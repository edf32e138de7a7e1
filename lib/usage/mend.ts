import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { invalid, parseInput } from '@/lib/input'
import { duplicateUsageCodes } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { NO_PRODUCT } from './months'
import { findUsageRecord, monthText, recordConditions, type UsageRecordItem } from './queries'
import { instanceFacts } from './records'
import { checkForm, checkRules, monthOf, samePeriod } from './rules'

/** The marketplace would answer to the old number again what it answered before. */
const numberCodes = ['004', ...duplicateUsageCodes]

export const mendSchema = z.strictObject({
  instanceId: z.string().optional(),
  beginAt: z.string().optional(),
  endAt: z.string().optional(),
  value: z.string().optional(),
  relatedPackageInstanceId: z.string().nullable().optional(),
  newNumber: z.boolean().describe('send it under another number even where the code does not demand one').optional(),
})

/**
 * Corrects a rejected record and queues it again, under a number of its own where the rejection demands one. Operators
 * and above; audited. Errors: not-found, conflict when it is not rejected, invalid with the rule it breaks.
 */
export async function mendUsageRecord({
  ctx,
  id,
  input,
  now = new Date(),
}: {
  ctx: Context
  id: string
  input: z.input<typeof mendSchema>
  now?: Date
}): Promise<UsageRecordItem> {
  requireRole(ctx, 'operator')
  const { newNumber, ...changes } = parseInput(mendSchema, input)
  const known = await findUsageRecord(id)
  if (!known) throw new DeskError('not-found', `There is no usage record ${id}.`)
  const { meteringSn, instanceId, beginAt, endAt, value, relatedPackageInstanceId } = known
  const form = checkForm({ meteringSn, instanceId, beginAt, endAt, value, relatedPackageInstanceId, ...changes })
  if (!form.ok) throw faulty(form.fault)
  const record = form.value
  const facts = await instanceFacts([record.instanceId, record.relatedPackageInstanceId])
  const fault = checkRules(record, facts.get(record.instanceId), facts.get(record.relatedPackageInstanceId), now)
  if (fault) throw faulty(fault)
  const month = monthOf(record.beginAt)
  await prisma().$transaction(async (tx) => {
    const [row] = await tx.$queryRaw<{ state: string; code: string | null; spent: boolean }[]>`
      SELECT state, code, wire_sn_spent AS spent FROM usage_records WHERE id = ${id}::uuid FOR UPDATE`
    if (row?.state !== 'rejected') {
      throw new DeskError('conflict', `This record is ${row?.state ?? 'gone'}; only a rejected one is corrected.`)
    }
    const [other] = await tx.$queryRaw<{ sn: string }[]>`
      SELECT metering_sn AS sn FROM usage_records WHERE instance_id = ${record.instanceId} AND begin_at = ${record.beginAt}
        AND end_at = ${record.endAt} AND related_package_instance_id = ${record.relatedPackageInstanceId}
        AND state <> 'rejected' LIMIT 1`
    if (other) throw faulty(samePeriod(record, other.sn))
    const wireSn = newNumber || row.spent || numberCodes.includes(row.code ?? '') ? newId() : null
    await tx.$executeRaw`
      UPDATE usage_records SET state = 'queued', instance_id = ${record.instanceId}, month = ${month},
        product_ref = ${facts.get(record.instanceId)?.productRef ?? null}::uuid, begin_at = ${record.beginAt},
        end_at = ${record.endAt}, value = ${record.value}::numeric,
        related_package_instance_id = ${record.relatedPackageInstanceId}, wire_sn = coalesce(${wireSn}, wire_sn),
        wire_sn_spent = false, push_id = NULL, batch_id = NULL, changed_at = ${now}
      WHERE id = ${id}::uuid`
    await recordAudit(tx, ctx, {
      action: 'usage.mend',
      subject: 'usage-record',
      target: id,
      data: {
        meteringSn,
        code: row.code,
        before: { instanceId, beginAt, endAt, value, relatedPackageInstanceId, wireSn: known.wireSn },
        after: { ...changes, ...(wireSn && { wireSn }) },
      },
    })
  })
  return (await findUsageRecord(id)) as UsageRecordItem
}

function faulty({
  field,
  message,
  rule,
  came,
  allowed,
}: {
  field: string
  message: string
  rule: string
  came: string | null
  allowed: string | null
}) {
  return new DeskError('invalid', message, {
    field,
    details: { rule, came, allowed, issues: [{ path: field, message }] },
  })
}

export const requeueSchema = z.strictObject({
  month: monthText.optional(),
  productId: z.string().trim().min(1).max(64).optional(),
  code: z.string().trim().min(1).max(64).optional(),
  ids: z.array(z.guid()).min(1).max(1000).optional(),
})

/**
 * Queues rejected records again as they are, for reasons that were not in them (an instance that was closed by mistake).
 * At most 10,000 at once; those whose place another record took stay. Operators and above; audited.
 */
export async function requeueUsage({
  ctx,
  input,
}: {
  ctx: Context
  input: z.input<typeof requeueSchema>
}): Promise<{ queued: number; left: number }> {
  requireRole(ctx, 'operator')
  const { ids, ...filter } = parseInput(requeueSchema, input)
  if (!ids && Object.keys(filter).length === 0) {
    throw invalid([{ path: '', message: 'say which: month, productId, code or ids' }])
  }
  const is = recordConditions({ ...filter, state: 'rejected' })
  if (ids) is.push(Prisma.sql`r.id = ANY(${ids}::uuid[])`)
  return prisma().$transaction(async (tx) => {
    const queued = await tx.$executeRaw`
      UPDATE usage_records u SET state = 'queued', push_id = NULL, batch_id = NULL, wire_sn_spent = false, changed_at = now(),
        wire_sn = CASE WHEN u.wire_sn_spent OR u.code = ANY(${numberCodes}::text[]) THEN gen_random_uuid()::text ELSE u.wire_sn END
      WHERE u.id IN (
        SELECT DISTINCT ON (r.instance_id, r.begin_at, r.end_at, r.related_package_instance_id) r.id
        FROM (SELECT * FROM usage_records r WHERE ${allOf(is)} ORDER BY r.id LIMIT 10000 FOR UPDATE) r
        WHERE NOT EXISTS (SELECT FROM usage_records o WHERE o.instance_id = r.instance_id AND o.begin_at = r.begin_at
          AND o.end_at = r.end_at AND o.related_package_instance_id = r.related_package_instance_id
          AND o.state <> 'rejected'))`
    const [rest] = await tx.$queryRaw<{ left: number }[]>`
      SELECT count(*)::int AS left FROM usage_records r WHERE ${allOf(is)}`
    await recordAudit(tx, ctx, { action: 'usage.requeue', subject: 'usage', data: { ...filter, queued } })
    return { queued, left: rest?.left ?? 0 }
  })
}

export const settleSchema = z.strictObject({
  productId: z.guid().nullable().describe('a product of the desk; null for use without one'),
  month: monthText,
  note: z.string().trim().max(2000).optional(),
})

/**
 * Closes the month of a product: everything was answered by the marketplace, and what it rejected is explained by the
 * note. Operators and above; audited. Errors: conflict while something waits, or rejected records stand without a note.
 */
export async function settleUsage({ ctx, input }: { ctx: Context; input: z.input<typeof settleSchema> }) {
  requireRole(ctx, 'operator')
  const { productId, month, note } = parseInput(settleSchema, input)
  return prisma().$transaction(async (tx) => {
    const [sums] = await tx.$queryRaw<
      { records: number; accepted: number; rejected: number; value: string; acceptedValue: string }[]
    >`
      SELECT coalesce(sum(records), 0)::int AS records, coalesce(sum(accepted), 0)::int AS accepted,
        coalesce(sum(rejected), 0)::int AS rejected, coalesce(sum(value), 0)::text AS value,
        coalesce(sum(accepted_value), 0)::text AS "acceptedValue"
      FROM usage_months WHERE month = ${month} AND product_ref IS NOT DISTINCT FROM ${productId}::uuid`
    const open = sums ? sums.records - sums.accepted - sums.rejected : 0
    if (!sums || sums.records === 0) throw new DeskError('conflict', 'There is no use in this month.')
    if (open > 0)
      throw new DeskError('conflict', `${open} records of this month are not answered by the marketplace yet.`)
    if (sums.rejected > 0 && !note) {
      const message = `${sums.rejected} records were rejected; say in a note why they stay so`
      throw new DeskError('conflict', `${message}.`, {
        field: 'note',
        details: { issues: [{ path: 'note', message }] },
      })
    }
    const productRef = productId ?? NO_PRODUCT
    const data = { settledBy: ctx.actor.name, settledAt: new Date(), note: note || null, sums }
    await tx.usageSettlement.upsert({
      where: { productRef_month: { productRef, month } },
      create: { productRef, month, ...data },
      update: data,
    })
    await recordAudit(tx, ctx, {
      action: 'usage.settle',
      subject: 'product',
      target: productRef,
      data: { month, ...sums },
    })
    return { settledAt: data.settledAt.toISOString() }
  })
}
