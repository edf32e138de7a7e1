'use client'

import { Check } from 'lucide-react'
import { type RefObject, useState } from 'react'
import { useTranslations } from 'use-intl'
import { anyTime, fromLocalInput, localInput, ranges, type TimeRange } from '../range'
import { Button } from './button'
import { Field, Input } from './field'
import { PopoverPanel } from './popover-panel'

type TimeRangePanelProps = {
  anchor: RefObject<HTMLElement | null>
  value: TimeRange
  onChange: (value: TimeRange) => void
  onClose: () => void
}

/** The spans to choose from, and a form for two ends of one's own. */
export function TimeRangePanel({ anchor, value, onChange, onClose }: TimeRangePanelProps) {
  const t = useTranslations('filters')
  const [from, setFrom] = useState(localInput(value.from))
  const [to, setTo] = useState(localInput(value.to))
  const [custom, setCustom] = useState(value.range === 'custom')
  const choose = (next: TimeRange) => {
    onChange(next)
    onClose()
  }
  return (
    <PopoverPanel anchor={anchor} label={t('time')} onClose={onClose} className="w-64 p-1">
      {ranges.map((range) => (
        <button
          key={range}
          type="button"
          aria-pressed={value.range === range}
          onClick={() => (range === 'custom' ? setCustom(true) : choose({ ...anyTime, range }))}
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
            choose(ends.from || ends.to ? { range: 'custom', ...ends } : anyTime)
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
  )
}
