import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type Context, hasRole, requireRole } from '@/lib/users/context'

const pages = ['calls', 'instances', 'audit'] as const

export const viewSchema = z
  .object({
    id: z.guid(),
    page: z.enum(pages),
    name: z.string(),
    query: z.string().describe("the query of the page's address"),
    shared: z.boolean().describe('seen by everybody'),
    own: z.boolean(),
    owner: z.string(),
  })
  .meta({ id: 'SavedView' })
type View = z.output<typeof viewSchema>

export const newViewSchema = z.strictObject({
  page: z.enum(pages),
  name: z.string().trim().min(1, 'must not be empty').max(60),
  query: z
    .string()
    .max(2000)
    .regex(/^[\x21-\x7e]*$/, 'must be the query of an address'),
  shared: z.boolean().default(false),
})

const MOST = 100

/** Own views and shared ones of a page, by name. */
export async function listViews({ ctx, page }: { ctx: Context; page: View['page'] }): Promise<View[]> {
  requireRole(ctx, 'viewer')
  const rows = await prisma().savedView.findMany({
    where: { page, OR: [{ owner: ctx.actor.name }, { shared: true }] },
    orderBy: [{ name: 'asc' }, { id: 'asc' }],
    take: 2 * MOST,
  })
  return rows.map(({ createdAt: _, ...row }) => ({ ...row, page, own: row.owner === ctx.actor.name }))
}

/** Keeps a filter under a name; the same name again replaces one's own. Sharing is for operators. Audited when shared. */
export async function saveView({ ctx, input }: { ctx: Context; input: unknown }): Promise<View> {
  requireRole(ctx, 'viewer')
  const { page, name, query, shared } = parseInput(newViewSchema, input)
  if (shared) requireRole(ctx, 'operator')
  const owner = ctx.actor.name
  const row = await prisma().$transaction(async (tx) => {
    const count = await tx.savedView.count({ where: { owner, page } })
    if (count >= MOST) throw new DeskError('conflict', `At most ${MOST} views are kept; delete some first.`)
    const saved = await tx.savedView.upsert({
      where: { page_owner_name: { page, owner, name } },
      create: { id: newId(), page, name, query, shared, owner, createdAt: new Date() },
      update: { query, shared },
    })
    if (shared)
      await recordAudit(tx, ctx, { action: 'view.share', subject: 'view', target: saved.id, data: { page, name } })
    return saved
  })
  return { id: row.id, page, name, query, shared, own: true, owner }
}

/** One's own view; an administrator also deletes shared ones of others. Throws 'not-found'. */
export async function deleteView({ ctx, id }: { ctx: Context; id: string }): Promise<void> {
  requireRole(ctx, 'viewer')
  await prisma().$transaction(async (tx) => {
    const row = await tx.savedView.findUnique({ where: { id } })
    const mine = row?.owner === ctx.actor.name
    if (!row || (!mine && !row.shared)) throw new DeskError('not-found', 'There is no such view.')
    if (!mine && !hasRole(ctx.actor, 'admin')) {
      throw new DeskError('forbidden', `This view belongs to ${row.owner}; only an administrator deletes it.`)
    }
    await tx.savedView.delete({ where: { id } })
    if (row.shared) {
      const { page, name, owner } = row
      await recordAudit(tx, ctx, { action: 'view.delete', subject: 'view', target: id, data: { page, name, owner } })
    }
  })
}
