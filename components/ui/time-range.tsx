'use client'

import { CalendarClock, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { anyTime, type TimeRange } from '../range'
import { cn } from './cn'
import { later } from './later'
import { formatTime } from './time'

const TimeRangePanel = later(() => import('./time-range-panel').then((module) => module.TimeRangePanel))

/** The last hour, day, week or month, or any two ends. */
export function TimeRangePicker({ value, onChange }: { value: TimeRange; onChange: (value: TimeRange) => void }) {
  const t = useTranslations('filters')
  const locale = useLocale()
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLButtonElement>(null)
  const end = (at: string | null) => (at ? formatTime(at, locale, 'short', Date.now()) : '…')
  const shown =
    value.range === 'custom' ? `${end(value.from)} – ${end(value.to)}` : value.range ? t(`range.${value.range}`) : null
  return (
    <>
      <span
        className={cn(
          'inline-flex h-8 items-stretch rounded-md border text-sm',
          shown ? 'border-accent-solid/40 bg-accent-soft' : 'border-line-strong border-dashed',
        )}
      >
        <button
          ref={anchor}
          type="button"
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="inline-flex items-center gap-1.5 rounded-md px-2.5 text-soft hover:bg-hover"
        >
          <CalendarClock className="size-3.5" aria-hidden />
          {shown ? <span className="font-medium text-accent">{shown}</span> : t('anyTime')}
        </button>
        {shown ? (
          <button
            type="button"
            aria-label={t('remove', { name: t('time') })}
            onClick={() => onChange(anyTime)}
            className="rounded-md pr-2 pl-0.5 text-soft hover:text-ink"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        ) : null}
      </span>
      {open ? (
        <TimeRangePanel anchor={anchor} value={value} onChange={onChange} onClose={() => setOpen(false)} />
      ) : null}
    </>
  )
}
