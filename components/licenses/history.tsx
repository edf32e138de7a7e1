'use client'

import {
  Ban,
  CirclePause,
  CircleX,
  Download,
  FilePlus,
  type LucideIcon,
  PackageCheck,
  PackageX,
  RefreshCw,
  Search,
  Snowflake,
  Sun,
  TimerOff,
  Undo2,
  Upload,
  UserRound,
  Users,
  Webhook,
  Zap,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import type { LicenseDetail, LicenseTimelineEntry } from '../types'
import type { Tone } from '../ui/badge'
import { Card } from '../ui/card'
import { EmptyState } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { Timeline } from '../ui/timeline'
import { useWords } from '../words'
import { useLicenseWords } from './words'

const eventLook: Record<string, { icon: LucideIcon; tone: Tone }> = {
  requested: { icon: FilePlus, tone: 'accent' },
  known: { icon: FilePlus, tone: 'accent' },
  waits: { icon: CirclePause, tone: 'warn' },
  issued: { icon: PackageCheck, tone: 'ok' },
  fetched: { icon: Download, tone: 'ok' },
  uploaded: { icon: Upload, tone: 'ok' },
  'upload-failed': { icon: CircleX, tone: 'bad' },
  denied: { icon: Ban, tone: 'bad' },
  renewed: { icon: RefreshCw, tone: 'ok' },
  'renewal-refunded': { icon: Undo2, tone: 'warn' },
  expired: { icon: TimerOff, tone: 'warn' },
  frozen: { icon: Snowflake, tone: 'warn' },
  unfrozen: { icon: Sun, tone: 'ok' },
  released: { icon: PackageX, tone: 'idle' },
  activated: { icon: Zap, tone: 'ok' },
  queried: { icon: Search, tone: 'info' },
  'usage-reported': { icon: Users, tone: 'info' },
}

function lookOf({ kind, type, data }: LicenseTimelineEntry): { icon: LucideIcon; tone: Tone } {
  if (kind === 'event') return eventLook[type] ?? { icon: FilePlus, tone: 'idle' }
  if (kind === 'audit') return { icon: UserRound, tone: 'info' }
  const { outcome } = data
  return { icon: Webhook, tone: outcome === 'succeeded' ? 'idle' : outcome === 'processing' ? 'info' : 'bad' }
}

/** Calls, issues, queries and what staff did, newest first. */
export function History({ license }: { license: LicenseDetail }) {
  const t = useTranslations('license')
  const items = license.timeline.map((entry) => ({
    key: `${entry.kind}-${entry.id}`,
    ...lookOf(entry),
    title: <EntryTitle entry={entry} />,
    aside: <Time at={entry.at} />,
    body: <EntryBody entry={entry} />,
  }))
  return (
    <Card title={t('timeline')} className="xl:order-1" flush>
      <div className="p-2">
        {items.length === 0 ? <EmptyState title={t('noHistory')} /> : <Timeline label={t('timeline')} items={items} />}
      </div>
    </Card>
  )
}

function EntryTitle({ entry }: { entry: LicenseTimelineEntry }) {
  const words = useWords()
  const own = useLicenseWords()
  if (entry.kind === 'call') {
    return (
      <Link href={`/calls/${entry.callId ?? entry.id}`} className="rounded-sm hover:text-accent">
        {words.activity(entry.type)}
      </Link>
    )
  }
  if (entry.kind === 'audit') return words.action(entry.type)
  return <span className="font-medium">{own.event(entry.type)}</span>
}

function EntryBody({ entry }: { entry: LicenseTimelineEntry }) {
  const t = useTranslations('license')
  const list = useTranslations('licenses')
  const words = useWords()
  const own = useLicenseWords()
  const { data } = entry
  const text = (name: string) => (typeof data[name] === 'string' ? (data[name] as string) : null)
  const parts: ReactNode[] = []
  const code = text(entry.kind === 'call' ? 'resultCode' : 'code')
  if (entry.kind === 'call') {
    const source = text('source')
    if (code) parts.push(`${words.code(code)} ${code}`)
    if (source === 'replay' || source === 'rehearsal') parts.push(words.source(source))
  } else if (entry.kind === 'event') {
    const reason = text('reason')
    const via = text('via')
    const message = text('message')
    const until = text('expiresAt')
    const orderId = text('orderId')
    if (reason) parts.push(own.reason(reason))
    if (code) parts.push(`${own.code(code)} ${code}`)
    if (message) parts.push(message)
    if (via) parts.push(own.via(via))
    if (text('status')) parts.push(text('status'))
    if (orderId) parts.push(<span key="o">{`${list('order')} ${orderId}`}</span>)
    if (until) {
      parts.push(
        <span key="e">
          {list('expires')} <Time at={until} style="date" />
        </span>,
      )
    }
    if (typeof data.count === 'number') parts.push(t('used', { count: data.count }))
    if (entry.callId) {
      parts.push(
        <Link key="c" href={`/calls/${entry.callId}`} className="rounded-sm text-accent hover:underline">
          {t('toCall')}
        </Link>,
      )
    }
  }
  if (entry.actor) parts.push(entry.actor)
  if (parts.length === 0) return null
  return (
    <span className="flex flex-wrap gap-x-3">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one entry keep their places
        <span key={index} className="min-w-0 break-words">
          {part}
        </span>
      ))}
    </span>
  )
}
