import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import { cutPage, type Page, readCursor } from '@/lib/http/paging'
import type { Context } from '@/lib/users/context'
import { bulkReplayItems, getBulkReplay } from './bulk-replay'

export const bulkItem = z
  .object({
    position: z.int(),
    messageId: z.guid(),
    activity: z.string().nullable(),
    orderId: z.string().nullable(),
    instanceId: z.string().nullable(),
    state: z.string().describe('pending, succeeded, failed or skipped'),
    reason: z.string().nullable(),
    resultCode: z.string().nullable(),
    callId: z.guid().nullable(),
  })
  .meta({ id: 'BulkReplayItem' })
type BulkItem = z.output<typeof bulkItem>

/** What became of each message of a bulk replay, in the order they are run. */
export async function listBulkItems({
  ctx,
  id,
  query,
}: {
  ctx: Context
  id: string
  query: { limit: number; cursor?: string }
}): Promise<Page<BulkItem>> {
  const filter = { ...query, id }
  const after = readCursor(query.cursor, filter, ['number'])
  await getBulkReplay({ ctx, input: { id } })
  const items = await itemsAfter(ctx, id, Number(after?.[0] ?? 0), query.limit + 1)
  return cutPage(items, filter, (item) => [String(item.position)])
}

/** All of them, a thousand at a time. */
export async function* everyBulkItem({ ctx, id }: { ctx: Context; id: string }): AsyncGenerator<BulkItem[]> {
  for (let after = 0; ; ) {
    const items = await itemsAfter(ctx, id, after, 1000)
    if (items.length > 0) yield items
    if (items.length < 1000) return
    after = items.at(-1)?.position ?? after
  }
}

async function itemsAfter(ctx: Context, id: string, after: number, limit: number): Promise<BulkItem[]> {
  const items = await bulkReplayItems({ ctx, input: { id, after, limit } })
  const messages = await prisma().message.findMany({
    where: { id: { in: items.map((item) => item.messageId) } },
    select: { id: true, activity: true, orderId: true, instanceId: true },
  })
  const facts = new Map(messages.map(({ id: messageId, ...message }) => [messageId, message]))
  const unknown = { activity: null, orderId: null, instanceId: null }
  return items.map((item) => ({ ...item, ...(facts.get(item.messageId) ?? unknown) }))
}
