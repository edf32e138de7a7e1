import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { allOf, productsNamed } from '@/lib/db/where'
import { DeskError } from '@/lib/errors'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { parseInput } from '@/lib/input'
import { enqueue } from '@/lib/jobs'
import { type Context, requireRole } from '@/lib/users/context'
import { monthText } from './queries'
import { pushStates } from './types'

const pushFilter = z.strictObject({
  month: monthText.optional(),
  instanceIds: z.array(z.string().min(1).max(64)).min(1).max(1000).optional(),
  productId: z
    .string()
    .trim()
    .min(1)
    .max(64)
    .describe('a product by an id of the desk or of the marketplace')
    .optional(),
})
type PushFilter = z.output<typeof pushFilter>

export const newPushSchema = pushFilter.extend({ dryRun: z.boolean().optional() })

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const usagePush = z
  .object({
    id: z.guid().describe('nil after a dry run'),
    state: z.enum(pushStates).describe('stopped: the marketplace takes nothing from this desk, see `error`'),
    origin: z.enum(['staff', 'schedule']),
    productName: z.string().nullable().describe('null: of several products'),
    month: z.string().nullable(),
    total: z.int().describe('records it was made for'),
    waiting: z.int().describe('not sent yet'),
    inFlight: z.int().describe('sent; the answer did not come yet, or nobody knows what became of them'),
    accepted: z.int(),
    rejected: z.int(),
    error: z.string().nullable(),
    createdBy: z.string(),
    createdAt: time,
    finishedAt: time.nullable(),
  })
  .meta({ id: 'UsagePush', description: 'Sends usage to the marketplace, up to 1000 records a request.' })
export type UsagePush = z.output<typeof usagePush>

export const usagePushQuery = z.strictObject({
  state: z.enum(pushStates).optional(),
  ...pageQuery,
})

const nil = '00000000-0000-0000-0000-000000000000'

/**
 * Pushes every draft and queued record that matches, in the background; without a filter all of them. A dry run counts them and keeps nothing (id: the
 * nil UUID). Operators and above; audited.
 */
export async function createUsagePush({
  ctx,
  input,
}: {
  ctx: Context
  input: z.input<typeof newPushSchema>
}): Promise<UsagePush> {
  requireRole(ctx, 'operator')
  const { dryRun, ...filter } = parseInput(newPushSchema, input)
  const [{ total } = { total: 0 }] = await prisma().$queryRaw<{ total: number }[]>`
    SELECT count(*)::int AS total FROM usage_records r WHERE ${pushable(filter)}`
  const products = filter.productId
    ? await prisma().$queryRaw<{ id: string; name: string }[]>`
        SELECT id, name FROM products WHERE id = ANY(${productsNamed(filter.productId)}) LIMIT 2`
    : []
  const product = products.length === 1 ? products[0] : undefined
  const row = {
    id: dryRun ? nil : newId(),
    state: total === 0 ? 'done' : 'planned',
    origin: 'staff',
    productRef: product?.id ?? null,
    filter,
    total,
    createdBy: ctx.actor.name,
    createdAt: new Date(),
    finishedAt: total === 0 ? new Date() : null,
  }
  if (dryRun) {
    const none = { waiting: total, inFlight: 0, accepted: 0, rejected: 0 }
    return present({ ...row, ...none, productName: product?.name ?? null, error: null })
  }
  await prisma().$transaction(async (tx) => {
    await tx.usagePush.create({ data: row })
    if (total > 0) await enqueue(tx, 'push-usage', { id: row.id }, { key: row.id })
    await recordAudit(tx, ctx, {
      action: 'usage-push.create',
      subject: 'usage-push',
      target: row.id,
      data: { ...filter, total },
    })
  })
  return getUsagePush({ ctx, id: row.id })
}

/** What a push of staff takes of `usage_records r`: nothing another push has already. */
export function pushable({ month, instanceIds, productId }: PushFilter): Prisma.Sql {
  const is = [Prisma.sql`r.state IN ('draft', 'queued') AND r.state <> 'accepted' AND r.push_id IS NULL`]
  if (month) is.push(Prisma.sql`r.month = ${month}`)
  if (instanceIds) is.push(Prisma.sql`r.instance_id = ANY(${instanceIds}::text[])`)
  if (productId) is.push(Prisma.sql`r.product_ref = ANY(${productsNamed(productId)})`)
  return allOf(is)
}

type Row = Omit<UsagePush, 'createdAt' | 'finishedAt' | 'month'> & {
  productRef?: string | null
  filter: unknown
  createdAt: Date
  finishedAt: Date | null
}

function present(row: Omit<Row, 'state' | 'origin'> & { state: string; origin: string }): UsagePush {
  const { filter, productRef: _, ...shown } = row
  return {
    ...shown,
    state: row.state as UsagePush['state'],
    origin: row.origin as UsagePush['origin'],
    month: (filter as PushFilter).month ?? null,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
  }
}

const columns = Prisma.raw(`u.id, u.state, u.origin, p.name AS "productName", u.filter,
  u.total, u.accepted, u.rejected, u.error, u.created_by AS "createdBy", u.created_at AS "createdAt",
  u.finished_at AS "finishedAt",
  coalesce((SELECT sum(b.records)::int FROM usage_batches b WHERE b.push_id = u.id AND b.state = 'sending'), 0) AS "inFlight",
  CASE WHEN u.state IN ('planned', 'running') AND NOT u.gathered THEN u.total - u.accepted - u.rejected
    ELSE (SELECT count(*)::int FROM usage_records r WHERE r.push_id = u.id AND r.state = 'queued') END AS waiting`)

/** One push with its progress. Viewers and above. Errors: not-found. */
export async function getUsagePush({ ctx, id }: { ctx: Context; id: string }): Promise<UsagePush> {
  requireRole(ctx, 'viewer')
  const [row] = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM usage_pushes u LEFT JOIN products p ON p.id = u.product_ref WHERE u.id = ${id}::uuid`
  if (!row) throw new DeskError('not-found', `There is no usage push ${id}.`)
  return present(row)
}

/** Pushes, the newest first. Viewers and above. */
export async function listUsagePushes({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof usagePushQuery>
}): Promise<Page<UsagePush>> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['id'])
  const rows = await pushesAfter(query.state, after?.[0] ?? null, query.limit + 1)
  return cutPage(rows, query, (push) => [push.id])
}

/** All of them, 200 at a time. Viewers and above. */
export async function* everyUsagePush({ ctx, state }: { ctx: Context; state?: UsagePush['state'] }) {
  requireRole(ctx, 'viewer')
  for (let after: string | null = null; ; ) {
    const rows = await pushesAfter(state, after, 200)
    if (rows.length > 0) yield rows
    if (rows.length < 200) return
    after = rows.at(-1)?.id ?? null
  }
}

async function pushesAfter(state: string | undefined, after: string | null, limit: number): Promise<UsagePush[]> {
  const is = [...(state ? [Prisma.sql`u.state = ${state}`] : []), ...(after ? [Prisma.sql`u.id < ${after}::uuid`] : [])]
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT ${columns} FROM usage_pushes u LEFT JOIN products p ON p.id = u.product_ref
    WHERE ${allOf(is)} ORDER BY u.id DESC LIMIT ${limit}`
  return rows.map(present)
}

/** Stops a push after the requests under way; what is left of it waits again. Operators and above; audited. */
export async function cancelUsagePush({ ctx, id }: { ctx: Context; id: string }): Promise<UsagePush> {
  requireRole(ctx, 'operator')
  await prisma().$transaction(async (tx) => {
    const { count } = await tx.usagePush.updateMany({
      where: { id, state: { in: ['planned', 'running'] } },
      data: { cancelRequested: true },
    })
    if (count === 0) {
      const row = await tx.usagePush.findUnique({ where: { id } })
      if (!row) throw new DeskError('not-found', `There is no usage push ${id}.`)
      throw new DeskError('conflict', `This push is ${row.state} already; nothing was changed.`)
    }
    await giveBack(tx, id)
    await enqueue(tx, 'push-usage', { id }, { key: id })
    await recordAudit(tx, ctx, { action: 'usage-push.cancel', subject: 'usage-push', target: id })
  })
  return getUsagePush({ ctx, id })
}

/** Whoever changes records and their push takes the push first, so that nobody waits for one another in a circle. */
export async function lockPush(tx: Tx, id: string): Promise<void> {
  await tx.$executeRaw`SELECT FROM usage_pushes WHERE id = ${id}::uuid FOR NO KEY UPDATE`
}

/** What a push has queued and not sent waits again for its product's rhythm, or for somebody's next push. */
export async function giveBack(tx: Tx, id: string): Promise<void> {
  await tx.$executeRaw`
    UPDATE usage_records SET push_id = NULL, changed_at = now(), state = CASE WHEN EXISTS (
        SELECT FROM usage_settings s WHERE s.product_ref = usage_records.product_ref AND s.rhythm <> 'monthly'
      ) THEN 'queued' ELSE 'draft' END
    WHERE push_id = ${id}::uuid AND state = 'queued'`
}
