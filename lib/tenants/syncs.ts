import { z } from 'zod'
import { Prisma, prisma } from '@/lib/db/client'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { type Context, requireRole } from '@/lib/users/context'
import { requireTenant } from './lookup'

const change = z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })

export const syncItem = z
  .object({
    id: z.guid().describe('of the call'),
    messageId: z.guid(),
    receivedAt: z.iso.datetime(),
    activity: z.string(),
    protocol: z.string(),
    source: z.string(),
    outcome: z.string(),
    resultCode: z.string().nullable(),
    resultMsg: z.string().nullable(),
    durationMs: z.int().nullable(),
    actor: z.string().nullable(),
    late: z.boolean().describe('older than what was applied already, at least in part'),
    changes: z.array(change).describe('what it changed, up to 100; a repeat changes nothing'),
  })
  .meta({ id: 'TenantSync' })
export type SyncItem = z.output<typeof syncItem>

export const syncQuery = z.strictObject({
  activity: z.enum(['tenantSync', 'applicationSync', 'authSync', 'singleOrgSync', 'allOrgSync']).optional(),
  ...pageQuery,
})

type Row = Omit<SyncItem, 'receivedAt' | 'late' | 'changes'> & {
  receivedAt: Date
  reason: string | null
  data: { changes?: SyncItem['changes'] } | null
}

/** The kit calls about an enterprise, newest first, each with what it changed. */
export async function listSyncs({
  ctx,
  id,
  query,
}: {
  ctx: Context
  id: string
  query: z.output<typeof syncQuery>
}): Promise<Page<SyncItem>> {
  requireRole(ctx, 'viewer')
  await requireTenant(id)
  const after = readCursor(query.cursor, query, ['id'])
  const beyond = after ? Prisma.sql`AND c.id < ${after[0]}::uuid` : Prisma.empty
  const only = query.activity ? Prisma.sql`AND m.activity = ${query.activity}` : Prisma.empty
  const rows = await prisma().$queryRaw<Row[]>`
    SELECT c.id, c.message_id AS "messageId", c.received_at AS "receivedAt", c.activity, c.protocol, c.source, c.outcome,
      c.result_code AS "resultCode", c.result_msg AS "resultMsg", c.duration_ms AS "durationMs", c.actor, e.reason, e.data
    FROM tenants t
    JOIN messages m ON m.customer_id = t.tenant_id AND m.test = t.test AND m.protocol IN ('kit-v1', 'kit-v2') ${only}
    JOIN calls c ON c.message_id = m.id ${beyond}
    LEFT JOIN tenant_events e ON e.tenant_ref = t.id AND e.call_id = c.id
    WHERE t.id = ${id}::uuid ORDER BY c.id DESC LIMIT ${query.limit + 1}`
  const items = rows.map(({ receivedAt, reason, data, ...row }) => ({
    ...row,
    receivedAt: receivedAt.toISOString(),
    late: reason !== null,
    changes: data?.changes ?? [],
  }))
  return cutPage(items, query, (item) => [item.id])
}
