import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { enqueue } from '@/lib/jobs'
import { type Context, requireRole } from '@/lib/users/context'
import { mailConfigured, sendMail } from './mail'
import { composePartnerMail, PARTNER_ADDRESS, type PartnerMail } from './partner-mail'

const draftSchema = z.strictObject({ messageId: z.guid(), fixed: z.string().max(5000).nullish() })

/**
 * A draft of the mail about a message to the marketplace's partner desk. Operators and up; throws 'not-found'. `fixed`:
 * what was wrong and what was done; left out, the note of the replay that succeeded.
 */
export async function draftPartnerMail({ ctx, input }: { ctx: Context; input: unknown }): Promise<PartnerMail> {
  requireRole(ctx, 'operator')
  const { messageId, fixed } = parseInput(draftSchema, input)
  const message = await findMessage(messageId)
  const { orderId, orderLineId, instanceId, activity } = message
  const [product, instance, made, failure, repair] = await Promise.all([
    message.productRef
      ? prisma().product.findUnique({ where: { id: message.productRef }, select: { name: true } })
      : null,
    instanceId ? prisma().instance.findUnique({ where: { instanceId }, select: { productId: true } }) : null,
    prisma().call.aggregate({
      where: { messageId, source: 'marketplace' },
      _count: true,
      _min: { receivedAt: true },
      _max: { receivedAt: true },
    }),
    prisma().call.findFirst({
      where: { messageId, outcome: { in: ['failed', 'rejected'] } },
      orderBy: { id: 'desc' },
      select: { resultCode: true, resultMsg: true },
    }),
    prisma().call.findFirst({
      where: { messageId, source: 'replay', outcome: 'succeeded' },
      orderBy: { id: 'desc' },
      select: { id: true, receivedAt: true },
    }),
  ])
  const note = repair && fixed == null ? await noteOfReplay(messageId, repair.id) : null
  return composePartnerMail({
    activity,
    productName: product?.name ?? null,
    productId: instance?.productId ?? null,
    orderId,
    orderLineId,
    instanceId,
    // Calls past their retention are gone; the message still knows about them.
    firstAt: made._min.receivedAt ?? message.firstAt,
    lastAt: made._max.receivedAt ?? message.lastAt,
    attempts: made._count || message.attempts,
    resultCode: failure?.resultCode ?? null,
    resultMsg: failure?.resultMsg ?? null,
    fixedAt: repair?.receivedAt ?? null,
    fixed: fixed ?? note,
  })
}

/** What somebody noted at the replay that became this call. */
async function noteOfReplay(messageId: string, callId: string): Promise<string | null> {
  const entry = await prisma().auditEntry.findFirst({
    where: {
      subject: 'message',
      target: messageId,
      action: 'message.replay',
      data: { path: ['callId'], equals: callId },
    },
    select: { data: true },
  })
  const { note } = (entry?.data ?? {}) as { note?: unknown }
  return typeof note === 'string' ? note : null
}

const text = (limit: number) => z.string().trim().min(1, 'must not be empty').max(limit)

const noticeSchema = z.strictObject({
  messageId: z.guid(),
  // The desk writes to the partner desk and to nobody else in the name of the seller.
  to: z.literal(PARTNER_ADDRESS, `must be ${PARTNER_ADDRESS}`).default(PARTNER_ADDRESS),
  subject: text(300).regex(/^\P{Cc}*$/u, 'must be one line'),
  zh: text(20_000),
  en: text(20_000),
  /** false: somebody copied the text and sends it by other means */
  send: z.boolean(),
})

/** When a sender that died is followed by the job that sends the mail in its place. */
const RESCUE_MS = 120_000

/**
 * Records a mail to the partner desk on its message and sends it unless it was only copied. Operators and up; audited.
 * Throws 'not-found', and 'conflict' when a mail should be sent and SMTP is not set up; a refused mail is a `failed` one.
 */
export async function recordNotice({
  ctx,
  input,
}: {
  ctx: Context
  input: unknown
}): Promise<{ id: string; state: 'sent' | 'copied' | 'failed'; error?: string }> {
  requireRole(ctx, 'operator')
  const { messageId, to, subject, zh, en, send } = parseInput(noticeSchema, input)
  if (send && !mailConfigured()) {
    throw new DeskError('conflict', 'Mail is not set up (SMTP_URL and MAIL_FROM); copy the text instead.', {
      field: 'send',
    })
  }
  await findMessage(messageId)
  const id = newId()
  await prisma().$transaction(async (tx) => {
    const state = send ? 'composed' : 'copied'
    const body = `${zh}\n\n――――――――――\n\n${en}\n`
    await tx.notice.create({
      data: { id, kind: 'partner-mail', messageId, state, recipient: to, subject, body, createdBy: ctx.actor.name },
    })
    if (send) await enqueue(tx, 'send-mail', { noticeId: id }, { startAfter: new Date(Date.now() + RESCUE_MS) })
    const action = send ? 'notice.send' : 'notice.copy'
    await recordAudit(tx, ctx, { action, subject: 'message', target: messageId, data: { noticeId: id, to, subject } })
  })
  if (!send) return { id, state: 'copied' }
  const sent = await sendNotice(id)
  return sent.error === null ? { id, state: 'sent' } : { id, state: 'failed', error: sent.error }
}

/** Sends a notice whose sending has no outcome yet and writes down how it went; one that has is left alone. */
export async function sendNotice(noticeId: string): Promise<{ error: string | null }> {
  const notice = await prisma().notice.findUnique({ where: { id: noticeId } })
  if (notice?.state !== 'composed') return { error: notice?.error ?? null }
  const { recipient, subject, body } = notice
  const result = await sendMail({ key: noticeId, to: recipient, subject, text: body })
  const outcome = result.ok
    ? { state: 'sent', error: null, sentAt: new Date() }
    : { state: 'failed', error: result.error, sentAt: null }
  await prisma().notice.updateMany({ where: { id: noticeId, state: 'composed' }, data: outcome })
  return { error: outcome.error }
}

async function findMessage(id: string) {
  const message = await prisma().message.findUnique({ where: { id } })
  if (!message) throw new DeskError('not-found', 'There is no such message.', { field: 'messageId' })
  return message
}
