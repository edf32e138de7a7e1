import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { Prisma, prisma } from '@/lib/db/client'
import type { AuditEntry as AuditRow } from '@/lib/generated/prisma/client'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'

const word = z.string().trim().min(1).max(200).optional()

export const auditQuerySchema = z.strictObject({
  ...pageQuery,
  /** exact, or all of a subject: `credential.` */
  action: word.describe('an action such as `credential.create`, or the beginning of one such as `credential.`'),
  actor: word.describe('mail of a user or name of a token'),
  subject: word.describe('what was acted on, such as `credential`'),
  target: word.describe('id of what was acted on'),
  from: z.iso.datetime({ offset: true }).optional().describe('not before this time'),
  to: z.iso.datetime({ offset: true }).optional().describe('before this time'),
  q: word.describe('part of an actor, an action or an id'),
})

export const auditEntrySchema = z.object({
  id: z.uuid(),
  at: z.iso.datetime(),
  actor: z.string(),
  via: z.enum(['user', 'token', 'cli', 'system']),
  action: z.string(),
  subject: z.string(),
  target: z.string().nullable(),
  data: z.record(z.string(), z.unknown()),
})
export type AuditEntry = z.infer<typeof auditEntrySchema>

/** Newest first, at most 200 a page. Times ISO 8601 UTC. Errors: invalid (with field), forbidden. */
export async function listAudit({ ctx, input }: { ctx: Context; input: unknown }): Promise<Page<AuditEntry>> {
  requireRole(ctx, 'admin')
  const query = parseInput(auditQuerySchema, input)
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const conditions = [
    query.action !== undefined && Prisma.sql`starts_with(action, ${query.action})`,
    query.actor !== undefined && Prisma.sql`actor = ${query.actor}`,
    query.subject !== undefined && Prisma.sql`subject = ${query.subject}`,
    query.target !== undefined && Prisma.sql`target = ${query.target}`,
    query.from !== undefined && Prisma.sql`at >= ${query.from}::timestamptz`,
    query.to !== undefined && Prisma.sql`at < ${query.to}::timestamptz`,
    query.q !== undefined &&
      Prisma.sql`strpos(lower(concat_ws(' ', actor, action, target)), ${query.q.toLowerCase()}) > 0`,
    after !== null && Prisma.sql`(at, id) < (${after[0]}::timestamptz, ${after[1]}::uuid)`,
  ].filter((condition) => condition !== false)
  const where = conditions.length > 0 ? Prisma.sql`WHERE ${Prisma.join(conditions, ' AND ')}` : Prisma.empty
  const rows = await prisma().$queryRaw<AuditRow[]>`
    SELECT id, at, actor, via, action, subject, target, data FROM audit_entries ${where}
    ORDER BY at DESC, id DESC LIMIT ${query.limit + 1}`
  return cutPage(rows.map(shown), query, ({ at, id }) => [at, id])
}

/** All entries that match, newest first, page after page; that somebody took them along is itself an entry. Admins only. */
export async function exportAudit({
  ctx,
  input,
}: {
  ctx: Context
  input: object
}): Promise<AsyncGenerator<(Omit<AuditEntry, 'data'> & { data: string })[]>> {
  requireRole(ctx, 'admin')
  await recordAudit(prisma(), ctx, { action: 'audit.export', subject: 'desk', data: { filter: input } })
  return pagesOf(ctx, input)
}

async function* pagesOf(ctx: Context, input: object) {
  for (let cursor: string | undefined; ; ) {
    const page = await listAudit({ ctx, input: { ...input, limit: 200, ...(cursor && { cursor }) } })
    yield page.items.map((entry) => ({ ...entry, data: JSON.stringify(entry.data) }))
    if (!page.nextCursor) return
    cursor = page.nextCursor
  }
}

/** Every entry, oldest first, read in steps of `step`: for exports. */
export async function* allAudit(step = 1000): AsyncGenerator<AuditEntry> {
  for (let cursor: string | undefined; ; ) {
    const rows: AuditRow[] = await prisma().auditEntry.findMany({
      orderBy: [{ at: 'asc' }, { id: 'asc' }],
      take: step,
      ...(cursor !== undefined && { cursor: { id: cursor }, skip: 1 }),
    })
    yield* rows.map(shown)
    if (rows.length < step) return
    cursor = rows.at(-1)?.id
  }
}

function shown(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: row.at.toISOString(),
    actor: row.actor,
    via: row.via as AuditEntry['via'],
    action: row.action,
    subject: row.subject,
    target: row.target,
    data: row.data as Record<string, unknown>,
  }
}
