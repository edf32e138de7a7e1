'use client'

import { CalendarClock, Check, X } from 'lucide-react'
import { useRef, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { fromLocalInput, localInput, type Range, ranges } from '../range'
import { Button } from './button'
import { cn } from './cn'
import { Field, Input } from './field'
import { later } from './later'
import { formatTime } from './time'

const PopoverPanel = later(() => import('./popover-panel').then((module) => module.PopoverPanel))

export type TimeRange = { range: Range | null; from: string | null; to: string | null }

/** The last hour, day, week or month, or any two ends. */
export function TimeRangePicker({ value, onChange }: { value: TimeRange; onChange: (value: TimeRange) => void }) {
  const t = useTranslations('filters')
  const locale = useLocale()
  const [open, setOpen] = useState(false)
  const [from, setFrom] = useState('')
  const [to, setTo] = useState('')
  const [custom, setCustom] = useState(false)
  const anchor = useRef<HTMLButtonElement>(null)
  const toggle = (now: boolean) => {
    setOpen(now)
    setCustom(value.range === 'custom')
    setFrom(localInput(value.from))
    setTo(localInput(value.to))
  }
  const none = { range: null, from: null, to: null }
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
          onClick={() => toggle(!open)}
          className="inline-flex items-center gap-1.5 rounded-md px-2.5 text-soft hover:bg-hover"
        >
          <CalendarClock className="size-3.5" aria-hidden />
          {shown ? <span className="font-medium text-accent">{shown}</span> : t('anyTime')}
        </button>
        {shown ? (
          <button
            type="button"
            aria-label={t('remove', { name: t('time') })}
            onClick={() => onChange(none)}
            className="rounded-md pr-2 pl-0.5 text-soft hover:text-ink"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        ) : null}
      </span>
      {open ? (
        <PopoverPanel anchor={anchor} label={t('time')} onClose={() => setOpen(false)} className="w-64 p-1">
          {ranges.map((range) => (
            <button
              key={range}
              type="button"
              aria-pressed={value.range === range}
              onClick={() => {
                if (range === 'custom') return setCustom(true)
                onChange({ ...none, range })
                setOpen(false)
              }}
              className="flex w-full items-center justify-between rounded-md px-2 py-1.5 text-left text-sm hover:bg-hover"
            >
              {t(`range.${range}`)}
              {value.range === range ? <Check className="size-4 text-accent" aria-hidden /> : null}
            </button>
          ))}
          {custom ? (
            <form
              className="mt-1 flex flex-col gap-2 border-line border-t p-2"
              onSubmit={(event) => {
                event.preventDefault()
                const ends = { from: fromLocalInput(from), to: fromLocalInput(to) }
                onChange(ends.from || ends.to ? { range: 'custom', ...ends } : none)
                setOpen(false)
              }}
            >
              <Field label={t('from')}>
                {(control) => (
                  <Input {...control} type="datetime-local" value={from} onChange={(e) => setFrom(e.target.value)} />
                )}
              </Field>
              <Field label={t('to')}>
                {(control) => (
                  <Input {...control} type="datetime-local" value={to} onChange={(e) => setTo(e.target.value)} />
                )}
              </Field>
              <Button type="submit" variant="primary" size="sm">
                {t('apply')}
              </Button>
            </form>
          ) : null}
        </PopoverPanel>
      ) : null}
    </>
  )
}
