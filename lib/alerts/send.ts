import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'
import { guardedFetch } from '@/lib/http/guarded-fetch'
import { webhookHeaders } from '@/lib/http/webhook-headers'
import { sendMail } from '@/lib/notices'
import { type Context, requireRole } from '@/lib/users/context'
import { type OpenAlertSettings, readAlertSettings } from './settings'
import { alertEvent, composeAlertMail, type Told } from './text'

const WEBHOOK_MS = 10_000

/** Sends one notice of an alert; throws so that the job repeats it. Mail and webhook carry the same id every time. */
export async function sendAlertNotice(noticeId: string): Promise<void> {
  const notice = await prisma().notice.findUnique({ where: { id: noticeId } })
  if (!notice || notice.state === 'sent') return
  const { channel, recipient, subject, body } = notice
  const sent =
    channel === 'webhook'
      ? await postEvent((await readAlertSettings()).webhook, noticeId, body)
      : await sendMail({ key: noticeId, to: recipient, subject, text: body })
  const outcome = sent.ok
    ? { state: 'sent', error: null, sentAt: new Date() }
    : { state: 'failed', error: sent.error, sentAt: null }
  await prisma().notice.updateMany({ where: { id: noticeId, state: { not: 'sent' } }, data: outcome })
  if (!sent.ok) throw new Error(sent.error)
}

async function postEvent(
  webhook: OpenAlertSettings['webhook'],
  id: string,
  body: string,
): Promise<Result<null, string>> {
  if (!webhook) return { ok: false, error: 'There is no webhook for alerts any more.' }
  const answered = await guardedFetch({
    url: webhook.url,
    method: 'POST',
    headers: webhookHeaders(webhook.secret, `msg_${id.replaceAll('-', '')}`, body, new Date()),
    body,
    timeoutMs: WEBHOOK_MS,
    allowPrivate: env().deskAllowPrivateWebhooks,
  })
  if (!answered.ok) return { ok: false, error: `The webhook could not be called: ${answered.error.message}` }
  const { status } = answered.value
  return status >= 200 && status < 300
    ? { ok: true, value: null }
    : { ok: false, error: `The webhook answered ${status}.` }
}

export const alertTestSchema = z
  .object({
    results: z.array(
      z.object({
        channel: z.enum(['mail', 'webhook']),
        recipient: z.string(),
        error: z.string().nullable().describe('null: it arrived'),
      }),
    ),
  })
  .meta({ id: 'AlertTest' })

/** Sends a test over every channel that is set up, at once and without repeats. Administrators; audited. */
export async function testAlerts({ ctx }: { ctx: Context }): Promise<z.output<typeof alertTestSchema>> {
  requireRole(ctx, 'admin')
  const settings = await readAlertSettings()
  const { deskUrl } = env()
  const now = new Date()
  const told: Told = { kind: 'test', facts: { path: '/settings/alerts' }, over: false }
  const { subject, body } = composeAlertMail([told], { language: settings.language, deskUrl, now })
  const id = newId()
  const mails = settings.mailTo.map(async (recipient) => {
    const sent = await sendMail({ key: newId(), to: recipient, subject, text: body })
    return { channel: 'mail' as const, recipient, error: sent.ok ? null : sent.error }
  })
  const { webhook } = settings
  const events = webhook
    ? [
        postEvent(webhook, id, alertEvent(id, told, deskUrl, now)).then((sent) => ({
          channel: 'webhook' as const,
          recipient: new URL(webhook.url).host,
          error: sent.ok ? null : sent.error,
        })),
      ]
    : []
  const results = await Promise.all([...mails, ...events])
  const failed = results.filter(({ error }) => error !== null).length
  await recordAudit(prisma(), ctx, { action: 'alerts.test', subject: 'desk', data: { sent: results.length, failed } })
  return { results }
}
