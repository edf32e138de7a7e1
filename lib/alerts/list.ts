import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import type { Alert as AlertRow } from '@/lib/generated/prisma/client'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { flagSchema } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { type AlertFacts, alertKinds } from './types'

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const alertItem = z
  .object({
    id: z.guid(),
    kind: z.enum(alertKinds),
    state: z.enum(['firing', 'recovered', 'lapsed']).describe('lapsed: the window is over without success'),
    productName: z.string().nullable(),
    activity: z.string().nullable(),
    messageId: z.string().nullable(),
    orderId: z.string().nullable(),
    instanceId: z.string().nullable(),
    cause: z.string().nullable(),
    count: z.number().nullable(),
    limit: z.number().nullable(),
    until: time.nullable(),
    path: z.string().describe('the page of the desk about it'),
    firedAt: time,
    recoveredAt: time.nullable(),
    notifiedAt: time.nullable().describe('null: nobody is to be told, or quiet hours hold it back'),
    sent: z.int().describe('notices that arrived'),
    failed: z.int().describe('notices that did not'),
  })
  .meta({ id: 'Alert' })
type AlertItem = z.output<typeof alertItem>

export const alertQuery = z.strictObject({
  kind: z.enum(alertKinds).optional(),
  firing: flagSchema.describe('true: only what goes on, false: only what is over').optional(),
  ...pageQuery,
})

/** Alerts, newest first. */
export async function listAlerts({
  ctx,
  query,
}: {
  ctx: Context
  query: z.output<typeof alertQuery>
}): Promise<Page<AlertItem>> {
  requireRole(ctx, 'viewer')
  const after = readCursor(query.cursor, query, ['time', 'id'])
  const rows = await prisma().alert.findMany({
    where: {
      ...(query.kind && { kind: query.kind }),
      ...(query.firing !== undefined && { openKey: query.firing ? { not: null } : null }),
      ...(after && { OR: [{ firedAt: { lt: after[0] } }, { firedAt: after[0], id: { lt: after[1] } }] }),
    },
    orderBy: [{ firedAt: 'desc' }, { id: 'desc' }],
    take: query.limit + 1,
    include: { notices: { select: { state: true } } },
  })
  return cutPage(rows.map(show), query, ({ firedAt, id }) => [firedAt, id])
}

/** What goes on now, at most 20: by kind, what costs an order or a product first, then newest first. */
export async function firingAlerts(): Promise<AlertItem[]> {
  const rows = await prisma().alert.findMany({
    where: { openKey: { not: null } },
    orderBy: [{ firedAt: 'desc' }, { id: 'desc' }],
    take: 200,
    include: { notices: { select: { state: true } } },
  })
  const place = (row: AlertRow) => alertKinds.indexOf(row.kind as AlertItem['kind'])
  return rows
    .sort((a, b) => place(a) - place(b))
    .slice(0, 20)
    .map(show)
}

function show(row: AlertRow & { notices: { state: string }[] }): AlertItem {
  const facts = row.facts as AlertFacts
  const counted = (state: string) => row.notices.filter((notice) => notice.state === state).length
  return {
    id: row.id,
    kind: row.kind as AlertItem['kind'],
    state: row.recoveredAt === null ? 'firing' : (facts.end ?? 'recovered'),
    productName: facts.productName ?? null,
    activity: facts.activity ?? null,
    messageId: facts.messageId ?? null,
    orderId: facts.orderId ?? null,
    instanceId: facts.instanceId ?? null,
    cause: facts.cause ?? null,
    count: facts.count ?? null,
    limit: facts.limit ?? null,
    until: facts.until ?? null,
    path: facts.path,
    firedAt: row.firedAt.toISOString(),
    recoveredAt: row.recoveredAt?.toISOString() ?? null,
    notifiedAt: row.notifiedAt?.toISOString() ?? null,
    sent: counted('sent'),
    failed: counted('failed'),
  }
}
