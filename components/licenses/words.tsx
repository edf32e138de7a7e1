'use client'

import {
  Ban,
  CircleCheck,
  CircleDashed,
  CirclePause,
  type LucideIcon,
  PackageCheck,
  PackageX,
  Snowflake,
  TimerOff,
} from 'lucide-react'
import { useLocale, useTranslations } from 'use-intl'
import type { License, LicenseState } from '../types'
import { Badge, type Tone } from '../ui/badge'
import { cn } from '../ui/cn'
import { relativeTime, Time, useNow } from '../ui/time'

const look: Record<LicenseState, { tone: Tone; icon: LucideIcon }> = {
  waiting: { tone: 'warn', icon: CirclePause },
  denied: { tone: 'bad', icon: Ban },
  issued: { tone: 'info', icon: PackageCheck },
  generated: { tone: 'idle', icon: CircleDashed },
  collected: { tone: 'info', icon: CircleDashed },
  active: { tone: 'ok', icon: CircleCheck },
  expired: { tone: 'warn', icon: TimerOff },
  frozen: { tone: 'warn', icon: Snowflake },
  released: { tone: 'idle', icon: PackageX },
}

export function LicenseStateChip({ state }: { state: LicenseState }) {
  const t = useTranslations('licenses')
  return <Badge {...look[state]}>{t(`states.${state}`)}</Badge>
}

/** A word of a group, or the value itself where there is none for it. */
export function useLicenseWords() {
  const t = useTranslations('licenses')
  const d = useTranslations('license')
  const w = useTranslations('words')
  const say = (key: string, value: string) => {
    const known = key as Parameters<typeof t>[0]
    return t.has(known) ? t(known) : value
  }
  return {
    kind: (kind: string) => say(`kinds.${kind}`, kind),
    reason: (reason: string) => say(`reasons.${reason}`, reason),
    next: (type: string) => say(`nextEvents.${type}`, type),
    event: (type: string) => {
      const key = `events.${type}` as Parameters<typeof d>[0]
      return d.has(key) ? d(key) : type
    },
    via: (via: string) => {
      const key = `via.${via}` as Parameters<typeof d>[0]
      return d.has(key) ? d(key) : via
    },
    /** The marketplace's word on a code or an upload, or a result code. */
    code: (code: string) => {
      const own = `code.${code}` as Parameters<typeof w>[0]
      return w.has(own) ? w(own) : say(`codes.${code.replaceAll('.', '_')}`, code)
    },
    advice: (code: string) => {
      const key = `advice.${code.replaceAll('.', '_')}` as Parameters<typeof t>[0]
      return t.has(key) ? t(key) : null
    },
  }
}

/** What is expected to happen, and when; what is late says so. */
export function NextEvent({ license: { nextEvent } }: { license: Pick<License, 'nextEvent'> }) {
  const t = useTranslations('licenses')
  const words = useLicenseWords()
  const locale = useLocale()
  const now = useNow(60_000)
  if (!nextEvent) return <span className="text-faint">–</span>
  const { type, at } = nextEvent
  const away = at === null ? 0 : new Date(at).getTime() - now
  const late = at !== null && away < 0
  return (
    <span className="inline-flex flex-wrap items-baseline gap-x-1.5">
      <span>{words.next(type)}</span>
      {at && away > monthMs ? <Time at={at} style="date" className="text-soft text-xs" /> : null}
      {at && away <= monthMs ? (
        <span className={cn('text-xs', late ? 'text-bad' : 'text-soft')}>
          {relativeTime(at, locale, now)}
          {late ? ` · ${t('overdue')}` : null}
        </span>
      ) : null}
    </span>
  )
}

const monthMs = 30 * 86_400_000
