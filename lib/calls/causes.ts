import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { type MessageFilter, messageConditions } from './filters'

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const causeId = z.string().regex(/^[0-9a-f]{32}$/, 'must be the id of a cause')

export const causeItem = z
  .object({
    id: causeId,
    state: z.enum(['open', 'acknowledged']),
    activity: z.string(),
    resultCode: z.string().nullable(),
    error: z.string().nullable().describe('first line of the newest error'),
    messages: z.int().describe('open messages of this cause'),
    attempts: z.int(),
    firstAt: time,
    lastAt: time,
    retryUntil: time.nullable().describe('when the first window that still runs closes'),
    cameBack: z.boolean().describe('it was acknowledged, and there are new ones since'),
    acknowledgedAt: time.nullable(),
    acknowledgedBy: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Cause', description: 'What open failed messages have in common: activity, result code and error.' })
type Cause = z.output<typeof causeItem>

/** Beyond the newest so many open messages nobody reads causes any more. */
const READ_LIMIT = 10_000
const SHOWN = 200

type Row = Omit<Cause, 'state' | 'firstAt' | 'lastAt' | 'retryUntil' | 'acknowledgedAt'> & {
  firstAt: Date
  lastAt: Date
  retryUntil: Date | null
  acknowledgedAt: Date | null
}

// The marketplace goes on repeating a message whose cause was acknowledged: that alone is no return.
const isBack = Prisma.sql`m.last_at > a.acknowledged_at
  AND (m.first_at > a.acknowledged_at OR m.retry_until IS NULL OR m.last_at > m.retry_until)`

/** Causes of the newest 10,000 open failed messages, at most 200: those nobody took note of first, then by newest call. */
export async function listCauses({ ctx, filter }: { ctx: Context; filter: MessageFilter }): Promise<Cause[]> {
  requireRole(ctx, 'viewer')
  const open = Prisma.sql`messages m WHERE
    ${Prisma.join([...messageConditions(filter), Prisma.sql`m.state = 'open' AND m.outcome = 'failed'`], ' AND ')}`
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT c.*, newest.activity, newest.result_code AS "resultCode", split_part(newest.result_msg, E'\n', 1) AS error
    FROM (
      SELECT c.*, a.acknowledged_at AS "acknowledgedAt", a.acknowledged_by AS "acknowledgedBy", a.note,
        back."cameBack"
      FROM (
        SELECT m.cause AS id, count(*)::int AS messages, sum(m.attempts)::int AS attempts, min(m.first_at) AS "firstAt",
          max(m.last_at) AS "lastAt", min(m.retry_until) FILTER (WHERE m.retry_until > now()) AS "retryUntil"
        FROM (
          SELECT m.cause, m.attempts, m.first_at, m.last_at, m.retry_until FROM ${open}
          ORDER BY m.last_at DESC LIMIT ${READ_LIMIT}
        ) m GROUP BY m.cause
      ) c
      LEFT JOIN cause_acks a ON a.cause = c.id
      CROSS JOIN LATERAL (
        SELECT a.cause IS NOT NULL AND EXISTS (SELECT 1 FROM ${open} AND m.cause = c.id AND ${isBack}) AS "cameBack"
      ) back
      ORDER BY (a.cause IS NULL OR back."cameBack") DESC, c."lastAt" DESC LIMIT ${SHOWN}
    ) c
    CROSS JOIN LATERAL (
      SELECT m.activity, m.result_code, m.result_msg FROM ${open} AND m.cause = c.id ORDER BY m.last_at DESC LIMIT 1
    ) newest
    ORDER BY (c."acknowledgedAt" IS NULL OR c."cameBack") DESC, c."lastAt" DESC`
  return rows.map((row) => ({
    ...row,
    state: row.acknowledgedAt && !row.cameBack ? 'acknowledged' : 'open',
    firstAt: row.firstAt.toISOString(),
    lastAt: row.lastAt.toISOString(),
    retryUntil: row.retryUntil?.toISOString() ?? null,
    acknowledgedAt: row.acknowledgedAt?.toISOString() ?? null,
  }))
}

export const acknowledgeSchema = z.strictObject({ note: z.string().trim().max(2000).optional() })

/**
 * Notes that somebody knows of a cause; it is open again as soon as another message fails for it. Operators and above;
 * audited. Throws 'conflict' with what is there when there is nothing to take note of any more.
 */
export async function acknowledgeCause({
  ctx,
  id,
  input,
}: {
  ctx: Context
  id: string
  input: z.input<typeof acknowledgeSchema>
}): Promise<Cause> {
  requireRole(ctx, 'operator')
  const { note } = parseInput(acknowledgeSchema, input)
  const before = await findCause(ctx, id)
  if (before.state === 'acknowledged') {
    const { acknowledgedBy, acknowledgedAt } = before
    throw new DeskError('conflict', `${acknowledgedBy} acknowledged this cause already; nothing was changed.`, {
      details: { acknowledgedBy, acknowledgedAt },
    })
  }
  const ack = { acknowledgedAt: new Date(), acknowledgedBy: ctx.actor.name, note: note || null }
  await prisma().$transaction(async (tx) => {
    await tx.causeAck.upsert({ where: { cause: id }, create: { cause: id, ...ack }, update: ack })
    const { activity, resultCode, messages } = before
    await recordAudit(tx, ctx, {
      action: 'cause.acknowledge',
      subject: 'cause',
      target: id,
      data: { activity, resultCode, messages, ...(note ? { note } : {}) },
    })
  })
  return findCause(ctx, id)
}

/** Takes an acknowledgement back. Operators and above; audited. */
export async function reopenCause({ ctx, id }: { ctx: Context; id: string }): Promise<Cause> {
  requireRole(ctx, 'operator')
  await prisma().$transaction(async (tx) => {
    const { count } = await tx.causeAck.deleteMany({ where: { cause: id } })
    if (count === 0) throw new DeskError('conflict', 'This cause is open already; nothing was changed.')
    await recordAudit(tx, ctx, { action: 'cause.reopen', subject: 'cause', target: id })
  })
  return findCause(ctx, id)
}

async function findCause(ctx: Context, id: string): Promise<Cause> {
  const [cause] = await listCauses({ ctx, filter: { cause: id } })
  if (!cause) throw new DeskError('not-found', 'No open message fails for this cause any more.')
  return cause
}
