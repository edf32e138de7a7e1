import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import { findInstance, findInstanceOfOrderLine, type InstanceItem, instanceItem } from '@/lib/instances'
import { lookUpOrder, orderViewSchema } from '@/lib/orders'
import { type Context, requireRole } from '@/lib/users/context'
import { callItem, callsOfMessage, findMessage, type MessageItem, messageItem } from './queries'

const time = z.iso.datetime().describe('ISO 8601, UTC')

const notice = z
  .object({
    id: z.guid(),
    kind: z.string().describe('partner-mail or alert'),
    state: z.enum(['composed', 'sent', 'failed', 'copied']),
    recipient: z.string(),
    subject: z.string(),
    body: z.string(),
    error: z.string().nullable(),
    createdBy: z.string(),
    createdAt: time,
    sentAt: time.nullable(),
  })
  .meta({ id: 'Notice' })

export const messageDetail = messageItem
  .extend({
    calls: z.array(callItem).describe('newest first, the newest 200'),
    notices: z.array(notice).describe('newest first'),
    instance: instanceItem.nullable(),
    order: orderViewSchema.nullable().describe('as it was last fetched'),
  })
  .meta({ id: 'MessageDetail' })
type MessageDetail = z.output<typeof messageDetail>

/** A message with its attempts, notices, and what the desk knows of its instance and order. Throws 'not-found'. */
export async function getMessage({ ctx, id }: { ctx: Context; id: string }): Promise<MessageDetail> {
  requireRole(ctx, 'viewer')
  const message = await findMessage(id)
  const [calls, notices, instance, order] = await Promise.all([
    callsOfMessage(id),
    noticesOf(id),
    instanceOf(message),
    storedOrder(ctx, message.orderId),
  ])
  return { ...message, calls, notices, instance, order }
}

async function noticesOf(messageId: string): Promise<MessageDetail['notices']> {
  const rows = await prisma().notice.findMany({
    where: { messageId },
    orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
  })
  return rows.map(({ messageId: _, createdAt, sentAt, state, ...row }) => ({
    ...row,
    state: state as MessageDetail['notices'][number]['state'],
    createdAt: createdAt.toISOString(),
    sentAt: sentAt?.toISOString() ?? null,
  }))
}

async function instanceOf(message: MessageItem): Promise<InstanceItem | null> {
  if (message.instanceId) return findInstance(message.instanceId)
  const { orderId, orderLineId, test } = message
  return orderId ? findInstanceOfOrderLine({ orderId, orderLineId, test }) : null
}

// Looking at a message must not ask the marketplace; there is a button for that.
async function storedOrder(ctx: Context, orderId: string | null): Promise<MessageDetail['order']> {
  const stored = orderId && (await prisma().order.findUnique({ where: { orderId }, select: { orderId: true } }))
  return stored ? lookUpOrder({ ctx, input: stored }) : null
}
