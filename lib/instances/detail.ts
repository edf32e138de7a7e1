import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { type Context, requireRole } from '@/lib/users/context'
import { findInstance, type InstanceItem, instanceItem } from './queries'

const timelineEntry = z
  .object({
    id: z.string(),
    at: z.iso.datetime().describe('ISO 8601, UTC'),
    kind: z.enum(['event', 'call', 'audit', 'notice']),
    type: z.string().describe('type of the event, activity of the call, action of the audit entry, kind of the notice'),
    applied: z
      .boolean()
      .optional()
      .describe('false: recorded, but older than what was applied already or without effect'),
    reason: z.string().nullable().optional(),
    data: z.record(z.string(), z.unknown()),
    callId: z.guid().nullable().optional(),
    actor: z.string().nullable().optional(),
  })
  .meta({ id: 'TimelineEntry' })
type TimelineEntry = z.output<typeof timelineEntry>

export const instanceDetail = instanceItem
  .extend({ timeline: z.array(timelineEntry).describe('newest first, the newest 500') })
  .meta({ id: 'InstanceDetail' })
type InstanceDetail = z.output<typeof instanceDetail>

/** One instance with its timeline. Throws 'not-found'. */
export async function getInstance({ ctx, instanceId }: { ctx: Context; instanceId: string }): Promise<InstanceDetail> {
  requireRole(ctx, 'viewer')
  const instance = await findInstance(instanceId)
  if (!instance) throw new DeskError('not-found', `There is no instance ${instanceId}.`)
  const parts = await Promise.all([eventsOf(instance), callsOf(instance), auditOf(instance), noticesOf(instance)])
  const timeline = parts.flat().sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0))
  return { ...instance, timeline: timeline.slice(0, TIMELINE_LIMIT) }
}

const TIMELINE_LIMIT = 500

async function eventsOf({ instanceId }: InstanceItem): Promise<TimelineEntry[]> {
  const events = await prisma().instanceEvent.findMany({
    where: { instanceId },
    orderBy: { position: 'desc' },
    take: TIMELINE_LIMIT,
    omit: { sealed: true },
  })
  return events.map((event) => ({
    id: event.id,
    at: event.recordedAt.toISOString(),
    kind: 'event',
    type: event.type,
    applied: event.applied,
    reason: event.reason,
    data: { occurredAt: event.occurredAt.toISOString(), ...(event.data as { set?: object }).set },
    callId: event.callId,
    actor: event.actor,
  }))
}

type CallRow = {
  id: string
  messageId: string | null
  receivedAt: Date
  activity: string
  protocol: string
  source: string
  outcome: string
  resultCode: string | null
  resultMsg: string | null
  orderId: string | null
  durationMs: number | null
  actor: string | null
}

// A purchase that failed knew no instance yet: it is found by its order line.
async function callsOf({ instanceId, orderId, orderLineId, test }: InstanceItem): Promise<TimelineEntry[]> {
  const rows = await prisma().$queryRaw<CallRow[]>`
    SELECT id, message_id AS "messageId", received_at AS "receivedAt", activity, protocol, source,
      CASE outcome WHEN 'received' THEN 'processing' ELSE outcome END AS outcome, result_code AS "resultCode",
      result_msg AS "resultMsg", order_id AS "orderId", duration_ms AS "durationMs", actor
    FROM calls
    WHERE (instance_id = ${instanceId} OR (order_id = ${orderId} AND instance_id IS NULL
      AND order_line_id IS NOT DISTINCT FROM ${orderLineId})) AND test = ${test}
    ORDER BY id DESC LIMIT ${TIMELINE_LIMIT}`
  return rows.map(({ id, receivedAt, activity, actor, ...data }) => ({
    id,
    at: receivedAt.toISOString(),
    kind: 'call',
    type: activity,
    data,
    callId: id,
    actor,
  }))
}

async function auditOf({ instanceId }: InstanceItem): Promise<TimelineEntry[]> {
  const entries = await prisma().auditEntry.findMany({
    where: { subject: 'instance', target: instanceId },
    orderBy: { at: 'desc' },
    take: TIMELINE_LIMIT,
  })
  return entries.map((entry) => ({
    id: entry.id,
    at: entry.at.toISOString(),
    kind: 'audit',
    type: entry.action,
    data: entry.data as Record<string, unknown>,
    actor: entry.actor,
  }))
}

async function noticesOf({ instanceId }: InstanceItem): Promise<TimelineEntry[]> {
  const notices = await prisma().notice.findMany({
    where: { message: { instanceId } },
    orderBy: { createdAt: 'desc' },
    take: TIMELINE_LIMIT,
    omit: { body: true },
  })
  return notices.map(({ id, kind, state, recipient, subject, messageId, createdBy, createdAt, sentAt }) => ({
    id,
    at: (sentAt ?? createdAt).toISOString(),
    kind: 'notice',
    type: kind,
    data: { state, recipient, subject, messageId },
    actor: createdBy,
  }))
}
