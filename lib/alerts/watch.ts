import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { env } from '@/lib/env'
import type { Alert as AlertRow } from '@/lib/generated/prisma/client'
import { enqueueMany, type JobRequest } from '@/lib/jobs'
import { mailConfigured } from '@/lib/notices'
import { presentConditions } from './conditions'
import { isQuiet, type OpenAlertSettings, readAlertSettings } from './settings'
import { alertEvent, composeAlertMail, type Told } from './text'
import type { AlertFacts, AlertKind, Condition } from './types'

const urgent: AlertKind[] = ['message-window', 'failed-orders']
/** More than so many of a kind at once go into one mail. */
const APART = 3

const keyOf = ({ kind, subject }: Pick<Condition, 'kind' | 'subject'>) => `${kind}:${subject}`

/**
 * Compares what is the case with what was: raises what is new, ends what is over, and queues the notices of both, all in one
 * transaction. The unique key of an alert that lasts sees to it that no two replicas raise it twice.
 */
export async function checkAlerts(now = new Date()): Promise<void> {
  const settings = await readAlertSettings()
  const present = await presentConditions(settings, now)
  await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'alerts')
    const lasting = await tx.alert.findMany({ where: { openKey: { not: null } } })
    const keys = new Map(present.map((condition) => [keyOf(condition), condition]))
    const known = new Set(lasting.map(({ openKey }) => openKey))
    await raise(
      tx,
      [...keys].filter(([key]) => !known.has(key)),
      now,
    )
    await follow(tx, lasting, keys)
    await finish(
      tx,
      lasting.filter(({ openKey }) => !keys.has(openKey ?? '')),
      settings,
      now,
    )
    await notify(tx, settings, now)
  })
}

async function raise(tx: Tx, fresh: [string, Condition][], now: Date): Promise<void> {
  await tx.alert.createMany({
    data: fresh.map(([openKey, { kind, facts }]) => ({ id: newId(now.getTime()), kind, openKey, facts, firedAt: now })),
    skipDuplicates: true,
  })
}

/** The figures of what lasts move on. */
async function follow(tx: Tx, lasting: AlertRow[], present: Map<string, Condition>): Promise<void> {
  for (const { id, openKey, facts } of lasting) {
    const now = present.get(openKey ?? '')?.facts
    if (now && now.count !== (facts as AlertFacts).count) await tx.alert.update({ where: { id }, data: { facts: now } })
  }
}

async function finish(tx: Tx, over: AlertRow[], settings: OpenAlertSettings, now: Date): Promise<void> {
  if (over.length === 0) return
  const about = over.flatMap(({ facts }) => (facts as AlertFacts).messageId ?? [])
  const open = await tx.message.findMany({ where: { id: { in: about }, state: 'open' }, select: { id: true } })
  const unmended = new Set(open.map(({ id }) => id))
  for (const { id, kind, facts } of over) {
    const { messageId } = facts as AlertFacts
    const end = messageId && unmended.has(messageId) ? 'lapsed' : 'recovered'
    // A kind that was switched off is no recovery to write about.
    const silent = !settings.kinds[kind as AlertKind]
    await tx.alert.update({
      where: { id },
      data: {
        openKey: null,
        recoveredAt: now,
        facts: { ...(facts as object), end },
        ...(silent && { recoveryNotifiedAt: now }),
      },
    })
  }
}

async function notify(tx: Tx, settings: OpenAlertSettings, now: Date): Promise<void> {
  if (channelsOf(settings) === 0) return
  const quiet = isQuiet(settings, now)
  const held = (kind: string) => quiet && !(settings.urgentThroughQuiet && urgent.includes(kind as AlertKind))
  const waiting = await tx.alert.findMany({
    where: {
      OR: [
        { notifiedAt: null, recoveredAt: null },
        { notifiedAt: { not: null }, recoveredAt: { not: null }, recoveryNotifiedAt: null },
      ],
    },
    orderBy: { firedAt: 'asc' },
  })
  const due = waiting.filter(({ kind }) => !held(kind))
  const begun = due.filter(({ recoveredAt }) => recoveredAt === null)
  const ended = due.filter(({ recoveredAt }) => recoveredAt !== null)
  await queueNotices(tx, settings, begun, now)
  await queueNotices(tx, settings, ended, now)
  const ids = (rows: AlertRow[]) => ({ where: { id: { in: rows.map(({ id }) => id) } } })
  if (begun.length > 0) await tx.alert.updateMany({ ...ids(begun), data: { notifiedAt: now } })
  if (ended.length > 0) await tx.alert.updateMany({ ...ids(ended), data: { recoveryNotifiedAt: now } })
}

function channelsOf({ mailTo, webhook }: OpenAlertSettings): number {
  return (mailConfigured() ? mailTo.length : 0) + (webhook ? 1 : 0)
}

async function queueNotices(tx: Tx, settings: OpenAlertSettings, alerts: AlertRow[], now: Date): Promise<void> {
  const told = (alert: AlertRow): Told => ({
    kind: alert.kind as AlertKind,
    facts: alert.facts as AlertFacts,
    over: alert.recoveredAt !== null,
  })
  const { deskUrl } = env()
  const base = { kind: 'alert', state: 'composed', createdBy: 'system', createdAt: now }
  const letters = bundles(alerts).flatMap((bundle) => {
    const [first] = bundle as [AlertRow]
    const { subject, body } = composeAlertMail(bundle.map(told), { language: settings.language, deskUrl, now })
    const recipients = mailConfigured() ? settings.mailTo : []
    const messageId = bundle.length === 1 ? ((first.facts as AlertFacts).messageId ?? null) : null
    return recipients.map((recipient) => ({
      ...base,
      id: newId(),
      alertId: first.id,
      messageId,
      channel: 'mail',
      recipient,
      subject,
      body,
    }))
  })
  const events = settings.webhook
    ? alerts.map((alert) => ({
        ...base,
        id: newId(),
        alertId: alert.id,
        messageId: null,
        channel: 'webhook',
        recipient: new URL((settings.webhook as { url: string }).url).host,
        subject: composeAlertMail([told(alert)], { language: settings.language, deskUrl, now }).subject,
        body: alertEvent(alert.id, told(alert), deskUrl, now),
      }))
    : []
  const notices = [...letters, ...events]
  if (notices.length === 0) return
  // A message may have been dropped by its retention since.
  const kept = new Set(
    (
      await tx.message.findMany({
        where: { id: { in: notices.flatMap((n) => n.messageId ?? []) } },
        select: { id: true },
      })
    ).map(({ id }) => id),
  )
  await tx.notice.createMany({
    data: notices.map((notice) => ({
      ...notice,
      messageId: notice.messageId && kept.has(notice.messageId) ? notice.messageId : null,
    })),
  })
  await enqueueMany(
    tx,
    notices.map(({ id }): JobRequest => ({ name: 'send-alert', data: { noticeId: id } })),
  )
}

function bundles(alerts: AlertRow[]): AlertRow[][] {
  const byKind = new Map<string, AlertRow[]>()
  for (const alert of alerts) byKind.set(alert.kind, [...(byKind.get(alert.kind) ?? []), alert])
  return [...byKind.values()].flatMap((same) => (same.length > APART ? [same] : same.map((alert) => [alert])))
}
