'use client'

import { Hourglass, TimerOff } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { Badge, type Tone } from './badge'

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined
let current = 0

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  current = Date.now()
  timer ??= setInterval(() => {
    current = Date.now()
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Now in ms, moving in steps of `stepMs`; every user on the page shares one timer. */
export function useNow(stepMs = 30_000): number {
  return useSyncExternalStore(
    subscribe,
    () => Math.floor((current || Date.now()) / stepMs) * stepMs,
    () => 0,
  )
}

const formats = new Map<string, Intl.DateTimeFormat>()
function format(locale: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${locale} ${name}`
  let found = formats.get(key)
  if (!found) {
    found = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, options)
    formats.set(key, found)
  }
  return found
}

const clock = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const thisYear = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
const anyYear = { year: 'numeric', ...thisYear } as const

export type TimeStyle = 'short' | 'full' | 'date' | 'clock' | 'hour'

/** A moment in the viewer's zone and language. */
export function formatTime(at: string | number, locale: string, style: TimeStyle, now: number): string {
  const date = new Date(at)
  if (style === 'full') return format(locale, 'full', { ...anyYear, second: '2-digit' }).format(date)
  if (style === 'date') return format(locale, 'date', { year: 'numeric', month: 'short', day: 'numeric' }).format(date)
  if (style === 'hour')
    return format(locale, 'hour', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(date)
  if (style === 'clock' || date.toDateString() === new Date(now).toDateString())
    return format(locale, 'clock', clock).format(date)
  const sameYear = date.getFullYear() === new Date(now).getFullYear()
  return format(locale, sameYear ? 'thisYear' : 'anyYear', sameYear ? thisYear : anyYear).format(date)
}

export function utcText(at: string | number): string {
  return `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`
}

/** "3 minutes ago", "in 2 days"; the largest unit that fits. */
export function relativeTime(at: string | number, locale: string, now: number): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000)
  const units = [
    ['year', 31_536_000],
    ['month', 2_592_000],
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
  ] as const
  const formatter = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return formatter.format(Math.trunc(seconds / size), unit)
  }
  return formatter.format(Math.abs(seconds) < 10 ? 0 : seconds, 'second')
}

type TimeProps = { at: string | null | undefined; style?: TimeStyle | 'relative'; className?: string }

export function Time({ at, style = 'short', className }: TimeProps) {
  const locale = useLocale()
  const now = useNow()
  if (!at) return <span className="text-faint">–</span>
  const shown = style === 'relative' ? relativeTime(at, locale, now) : formatTime(at, locale, style, now)
  const title = style === 'relative' ? `${formatTime(at, locale, 'full', now)} · ${utcText(at)}` : utcText(at)
  return (
    <time dateTime={at} title={title} className={className}>
      {shown}
    </time>
  )
}

/** Hours, minutes and seconds until a moment, counted down; days once it is further away. */
export function useRemaining(at: string | null | undefined): { ms: number; text: string } | null {
  const t = useTranslations('time')
  const far = at ? new Date(at).getTime() - Date.now() > 3_600_000 : true
  const now = useNow(far ? 30_000 : 1000)
  if (!at) return null
  const ms = new Date(at).getTime() - (far ? Math.max(now, 0) : now)
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600), Math.floor(seconds / 60)]
  const text =
    days >= 2
      ? t('days', { days })
      : hours >= 1
        ? t('hoursMinutes', { hours, minutes: minutes % 60 })
        : t('minutesSeconds', { minutes, seconds: String(seconds % 60).padStart(2, '0') })
  return { ms, text }
}

/** What is left of a retry window: calm, then amber under an hour, red under half of one. */
export function Countdown({ until, ended }: { until: string | null | undefined; ended: string }) {
  const left = useRemaining(until)
  if (!until || !left) return <span className="text-faint">–</span>
  if (left.ms <= 0) {
    return (
      <Badge tone="idle" icon={TimerOff} title={utcText(until)}>
        {ended}
      </Badge>
    )
  }
  const tone: Tone = left.ms < 1_800_000 ? 'bad' : left.ms < 3_600_000 ? 'warn' : 'idle'
  return (
    <Badge tone={tone} icon={Hourglass} title={utcText(until)}>
      {left.text}
    </Badge>
  )
}
