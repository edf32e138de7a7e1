import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { idFloor } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { parseInput } from '@/lib/input'
import { log } from '@/lib/log'
import { type Context, requireRole } from '@/lib/users/context'

const DAY_MS = 86_400_000

const days = (least: number, usual: number) => z.int().min(least).max(3660).default(usual)

export const retentionSchema = z
  .strictObject({
    payloadDays: days(30, 180).describe('requests and answers of calls'),
    rowDays: days(60, 400).describe('calls and messages as a whole'),
  })
  .refine(({ payloadDays, rowDays }) => payloadDays <= rowDays, {
    path: ['payloadDays'],
    message: 'must not be longer than calls are kept',
  })
  .meta({ id: 'Retention' })
type Retention = z.output<typeof retentionSchema>

const KEY = 'retention'

export async function getRetention({ ctx }: { ctx: Context }): Promise<Retention> {
  requireRole(ctx, 'admin')
  return readRetention()
}

/** Applies with the next housekeeping. Administrators; audited. Throws 'invalid'. */
export async function saveRetention({ ctx, input }: { ctx: Context; input: unknown }): Promise<Retention> {
  requireRole(ctx, 'admin')
  const value = parseInput(retentionSchema, input)
  await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const before = await readRetention(tx)
    await tx.setting.upsert({ where: { key: KEY }, create: { key: KEY, value }, update: { value } })
    // Payloads that stand longer again are looked at from the beginning; those that are gone stay gone.
    await tx.mark.deleteMany({ where: { name: PAYLOADS } })
    await recordAudit(tx, ctx, { action: 'retention.change', subject: 'desk', data: { before, after: value } })
  })
  return value
}

async function readRetention(db: Tx = prisma()): Promise<Retention> {
  const row = await db.setting.findUnique({ where: { key: KEY } })
  return retentionSchema.parse(row?.value ?? {})
}

const PAYLOADS = 'payloads'
/** One round of housekeeping touches at most so many rows of each kind. */
const ROUND = 5_000

/**
 * Empties payloads and drops calls and messages whose time is over. A month of calls that is over as a whole is dropped as
 * a table; the rest goes row by row, a few thousand a round. For housekeeping.
 */
export async function applyRetention(now = new Date()): Promise<void> {
  const { payloadDays, rowDays } = await readRetention()
  const before = (count: number) => new Date(now.getTime() - count * DAY_MS)
  await dropMonths(before(rowDays))
  await emptyPayloads(before(payloadDays))
  await dropRows(before(rowDays))
}

async function dropMonths(before: Date): Promise<void> {
  const months = await prisma().$queryRaw<{ name: string }[]>`
    SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'calls'::regclass AND c.relname ~ '^calls_[0-9]{4}_[0-9]{2}$'`
  for (const { name } of months) {
    const [, year, month] = /^calls_(\d{4})_(\d{2})$/.exec(name) ?? []
    const end = Date.UTC(Number(year), Number(month), 1)
    if (end > before.getTime()) continue
    // Behind a long read the calls of the marketplace must not queue up: then the next round drops it.
    await prisma()
      .$transaction([
        prisma().$executeRaw`SET LOCAL lock_timeout = '300ms'`,
        prisma().$executeRaw`DROP TABLE ${Prisma.raw(`"${name}"`)}`,
      ])
      .catch((error: Error) => log.info({ name, reason: error.message }, 'a month of calls could not be dropped yet'))
  }
}

async function emptyPayloads(before: Date): Promise<void> {
  const mark = await prisma().mark.findUnique({ where: { name: PAYLOADS } })
  const from = idFloor(mark?.at.getTime() ?? 0)
  const rows = await prisma().$queryRaw<{ last: Date | null; count: number }[]>`
    WITH old AS (
      SELECT id, received_at FROM calls WHERE id >= ${from}::uuid AND id < ${idFloor(before.getTime())}::uuid
      ORDER BY id LIMIT ${ROUND}
    ), emptied AS (
      UPDATE calls SET payload = '' FROM old WHERE calls.id = old.id AND octet_length(calls.payload) > 0
    )
    SELECT max(received_at) AS last, count(*)::int AS count FROM old`
  const { last = null, count = 0 } = rows[0] ?? {}
  // A round that found less than it might take has come to the end; the next one starts there.
  const at = count === ROUND && last ? last : before
  await prisma().mark.upsert({ where: { name: PAYLOADS }, create: { name: PAYLOADS, at }, update: { at } })
}

async function dropRows(before: Date): Promise<void> {
  await prisma().$executeRaw`
    DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE id < ${idFloor(before.getTime())}::uuid ORDER BY id LIMIT ${ROUND})`
  await prisma().$executeRaw`
    DELETE FROM messages WHERE id IN (SELECT id FROM messages WHERE last_at < ${before}::timestamptz ORDER BY last_at LIMIT ${ROUND})`
  await prisma().$executeRaw`DELETE FROM alerts WHERE recovered_at < ${before}::timestamptz`
  await prisma().$executeRaw`
    DELETE FROM rehearsal_runs WHERE id IN (SELECT id FROM rehearsal_runs WHERE id < ${idFloor(before.getTime())}::uuid ORDER BY id LIMIT ${ROUND})`
  await prisma().$executeRaw`DELETE FROM cause_acks WHERE acknowledged_at < ${before}::timestamptz`
}
