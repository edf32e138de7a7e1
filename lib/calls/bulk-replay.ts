import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog } from '@/lib/catalog'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { enqueue } from '@/lib/jobs'
import { log } from '@/lib/log'
import { type Context, requireRole } from '@/lib/users/context'
import { messageConditions, messageFilter } from './filters'
import { runAgain, workOfMessage } from './replay'

/** What the messages list filters by, or chosen messages; times are frozen when the bulk replay is made. */
const bulkFilterSchema = messageFilter.extend({ ids: z.array(z.guid()).min(1).max(1000).optional() })
type BulkFilter = z.output<typeof bulkFilterSchema>

export const bulkReplaySchema = z.object({
  filter: bulkFilterSchema,
  dryRun: z.boolean().optional(),
  note: z.string().trim().max(2000).optional(),
})

const LIMIT = 100_000

export type BulkReplay = {
  id: string
  state: 'planned' | 'running' | 'done' | 'cancelled'
  total: number
  succeeded: number
  failed: number
  skipped: number
  counts: Record<string, number>
  note: string | null
  createdBy: string
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  oldest: string | null
  newest: string | null
  skippedReasons: { reason: SkipReason; count: number }[]
}

/** Why a message of the filter is left out. */
export type SkipReason = 'succeeded' | 'resolved' | 'unreadable' | 'payload-gone'

/**
 * Plans the replay of every message that matches, oldest first, and unless it is a dry run starts it in the background.
 * What a dry run counts is not kept (id: the nil UUID). Operators and above; audited.
 */
export async function createBulkReplay({
  ctx,
  input,
}: {
  ctx: Context
  input: z.input<typeof bulkReplaySchema>
}): Promise<BulkReplay> {
  requireRole(ctx, 'operator')
  const { filter, dryRun, note } = parseInput(bulkReplaySchema, input)
  const frozen = { ...filter, to: filter.to ?? new Date().toISOString() }
  return prisma().$transaction(
    async (tx) => {
      const plan = await planOf(tx, frozen)
      if (plan.total > LIMIT)
        throw new DeskError('too-large', `${plan.total} messages match; at most ${LIMIT} are replayed at once.`)
      const planned = {
        ...emptyRow,
        ...counted(plan),
        filter: frozen,
        createdBy: ctx.actor.name,
        createdAt: new Date(),
      }
      if (dryRun) return present({ ...planned, id: nil, note: null }, plan)
      const id = newId()
      const row = { ...planned, id, note: note || null }
      await tx.bulkReplay.create({ data: { ...row, filter: frozen as object, counts: plan.counts } })
      await tx.$executeRaw`
        INSERT INTO bulk_replay_items (bulk_replay_id, position, message_id, state, reason)
        SELECT ${id}::uuid, row_number() OVER (ORDER BY m.last_at, m.id), m.id,
          CASE WHEN ${skipReason} IS NULL THEN 'pending' ELSE 'skipped' END, ${skipReason}
        FROM messages m WHERE ${conditions(frozen)}`
      await enqueue(tx, 'bulk-replay', { id })
      await recordAudit(tx, ctx, {
        action: 'bulk-replay.create',
        subject: 'bulk-replay',
        target: id,
        data: { filter: frozen, total: plan.total },
      })
      return present(row, plan)
    },
    { timeout: 30_000 },
  )
}

const nil = '00000000-0000-0000-0000-000000000000'
const emptyRow = {
  state: 'planned',
  succeeded: 0,
  failed: 0,
  note: null as string | null,
  createdAt: new Date(0),
  startedAt: null as Date | null,
  finishedAt: null as Date | null,
  cancelRequested: false,
}

type Plan = {
  total: number
  skipped: number
  counts: Record<string, number>
  oldest: Date | null
  newest: Date | null
  reasons: { reason: SkipReason; count: number }[]
}

const counted = (plan: Plan) => ({ total: plan.total, skipped: plan.skipped, counts: plan.counts })

// Succeeded and resolved ones need no replay; a call nobody could read stays as unreadable as it was.
const skipReason = Prisma.sql`CASE
  WHEN m.state = 'succeeded' THEN 'succeeded'
  WHEN m.state = 'resolved' THEN 'resolved'
  WHEN m.key LIKE '%unreadable:%' THEN 'unreadable'
  WHEN NOT EXISTS (SELECT FROM calls c WHERE c.id = m.last_call_id AND octet_length(c.payload) > 0) THEN 'payload-gone'
END`

async function planOf(tx: Tx, filter: BulkFilter): Promise<Plan> {
  const rows = await tx.$queryRaw<
    { activity: string; reason: SkipReason | null; count: number; oldest: Date; newest: Date }[]
  >`
    SELECT activity, reason, count(*)::int AS count, min(last_at) AS oldest, max(last_at) AS newest
    FROM (SELECT m.activity, m.last_at, ${skipReason} AS reason FROM messages m WHERE ${conditions(filter)}) AS matched
    GROUP BY activity, reason`
  const counts: Record<string, number> = {}
  const reasons = new Map<SkipReason, number>()
  const plan: Plan = { total: 0, skipped: 0, counts, oldest: null, newest: null, reasons: [] }
  for (const { activity, reason, count, oldest, newest } of rows) {
    plan.total += count
    if (reason) {
      plan.skipped += count
      reasons.set(reason, (reasons.get(reason) ?? 0) + count)
      continue
    }
    counts[activity] = (counts[activity] ?? 0) + count
    if (!plan.oldest || oldest < plan.oldest) plan.oldest = oldest
    if (!plan.newest || newest > plan.newest) plan.newest = newest
  }
  plan.reasons = [...reasons].map(([reason, count]) => ({ reason, count }))
  return plan
}

function conditions({ ids, ...filter }: BulkFilter): Prisma.Sql {
  const chosen = ids ? [Prisma.sql`m.id = ANY(${ids}::uuid[])`] : []
  return allOf([...messageConditions(filter), ...chosen])
}

type Row = Omit<typeof emptyRow, 'state'> & {
  id: string
  state: string
  total: number
  skipped: number
  counts: unknown
  filter: unknown
  createdBy: string
}

function present(row: Row, plan: Pick<Plan, 'oldest' | 'newest' | 'reasons'>): BulkReplay {
  return {
    id: row.id,
    state: row.state as BulkReplay['state'],
    total: row.total,
    succeeded: row.succeeded,
    failed: row.failed,
    skipped: row.skipped,
    counts: row.counts as Record<string, number>,
    note: row.note,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    oldest: plan.oldest?.toISOString() ?? null,
    newest: plan.newest?.toISOString() ?? null,
    skippedReasons: plan.reasons,
  }
}

export async function getBulkReplay({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<BulkReplay> {
  requireRole(ctx, 'viewer')
  const row = await prisma().bulkReplay.findUnique({ where: { id: input.id } })
  if (!row) throw new DeskError('not-found', `No bulk replay ${input.id}.`)
  const reasons = await prisma().bulkReplayItem.groupBy({
    by: ['reason'],
    where: { bulkReplayId: row.id, state: 'skipped' },
    _count: true,
  })
  const skipped = reasons.map(({ reason, _count }) => ({ reason: reason as SkipReason, count: _count }))
  return present(row, { oldest: null, newest: null, reasons: skipped })
}

/** Stops a bulk replay after the message it is at. Operators and above; audited. */
export async function cancelBulkReplay({ ctx, input }: { ctx: Context; input: { id: string } }): Promise<BulkReplay> {
  requireRole(ctx, 'operator')
  await prisma().$transaction(async (tx) => {
    const { count } = await tx.bulkReplay.updateMany({
      where: { id: input.id, state: { in: ['planned', 'running'] } },
      data: { cancelRequested: true },
    })
    if (count === 0) {
      const row = await tx.bulkReplay.findUnique({ where: { id: input.id } })
      if (!row) throw new DeskError('not-found', `No bulk replay ${input.id}.`)
      throw new DeskError('conflict', `This bulk replay is ${row.state} already; nothing was changed.`)
    }
    await recordAudit(tx, ctx, { action: 'bulk-replay.cancel', subject: 'bulk-replay', target: input.id })
  })
  return getBulkReplay({ ctx, input })
}

export type BulkReplayItem = {
  position: number
  messageId: string
  state: string
  reason: string | null
  resultCode: string | null
  callId: string | null
}

/** Items after `position`, in order, at most 1000. */
export async function bulkReplayItems({
  ctx,
  input,
}: {
  ctx: Context
  input: { id: string; after?: number; limit?: number }
}): Promise<BulkReplayItem[]> {
  requireRole(ctx, 'viewer')
  return prisma().bulkReplayItem.findMany({
    where: { bulkReplayId: input.id, position: { gt: input.after ?? 0 } },
    orderBy: { position: 'asc' },
    take: Math.min(input.limit ?? 200, 1000),
    omit: { bulkReplayId: true },
  })
}

/**
 * The job: replays one message after the other, so that those of one instance keep their order. Started again after
 * a crash it goes on where it was; the message it died over is replayed once more, which the ordering guard allows.
 */
export async function runBulkReplay(id: string, signal?: AbortSignal): Promise<void> {
  const bulk = await prisma().bulkReplay.findUnique({ where: { id } })
  if (!bulk || bulk.state === 'done' || bulk.state === 'cancelled') return
  let { cancelRequested } = await prisma().bulkReplay.update({
    where: { id },
    data: { state: 'running', startedAt: bulk.startedAt ?? new Date() },
  })
  for (;;) {
    const items = await prisma().bulkReplayItem.findMany({
      where: { bulkReplayId: id, state: 'pending' },
      orderBy: { position: 'asc' },
      take: 20,
    })
    if (cancelRequested || items.length === 0) {
      const state = cancelRequested && items.length > 0 ? 'cancelled' : 'done'
      await prisma().bulkReplay.update({ where: { id }, data: { state, finishedAt: new Date() } })
      return
    }
    for (const item of items) {
      if (signal?.aborted) throw new Error('stopped; another process goes on with this bulk replay')
      const result = await replayItem(item.messageId, bulk.createdBy)
      const [, progress] = await prisma().$transaction([
        prisma().bulkReplayItem.update({
          where: { bulkReplayId_position: { bulkReplayId: id, position: item.position } },
          data: result,
        }),
        prisma().bulkReplay.update({ where: { id }, data: { [result.state]: { increment: 1 } } }),
      ])
      cancelRequested = progress.cancelRequested
      if (cancelRequested) break
    }
  }
}

type ItemResult = { state: 'succeeded' | 'failed' | 'skipped'; reason?: string; resultCode?: string; callId?: string }

async function replayItem(messageId: string, actor: string): Promise<ItemResult> {
  try {
    const message = await prisma().message.findUnique({ where: { id: messageId }, select: { state: true } })
    // It may have succeeded by the marketplace's own retry since the plan was made.
    if (message?.state !== 'open') return { state: 'skipped', reason: message?.state ?? 'payload-gone' }
    const config = await catalog()
    const done = await runAgain(await workOfMessage(messageId, config, actor), config)
    const { code, message: said } = done.decision.answer
    const state = done.outcome === 'failed' ? 'failed' : 'succeeded'
    return { state, resultCode: code, callId: done.callId, ...(said ? { reason: said } : {}) }
  } catch (error) {
    if (error instanceof DeskError) return { state: 'failed', reason: error.message }
    log.error({ err: error, messageId }, 'a message of a bulk replay could not be replayed')
    return { state: 'failed', reason: 'internal error' }
  }
}
