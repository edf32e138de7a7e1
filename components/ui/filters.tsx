'use client'

import { ChevronDown, Search, X } from 'lucide-react'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { type TestChoice, testChoices } from '../url-state'
import { cn } from './cn'
import type { FilterOption } from './filter-panel'
import { later } from './later'

const FilterPanel = later(() => import('./filter-panel').then((module) => module.FilterPanel))

type FilterPickerProps<V> = {
  label: string
  value: V | null
  options: (FilterOption & { value: V })[]
  onChange: (value: V | null) => void
}

/** One value out of many, typed to narrow it down; shows its choice in the button. */
export function FilterPicker<V extends string>({ label, value, options, onChange }: FilterPickerProps<V>) {
  const t = useTranslations('filters')
  const [open, setOpen] = useState(false)
  const anchor = useRef<HTMLButtonElement>(null)
  const chosen = options.find((option) => option.value === value)
  return (
    <>
      <span
        className={cn(
          'inline-flex h-8 items-stretch rounded-md border text-sm',
          value ? 'border-accent-solid/40 bg-accent-soft' : 'border-line-strong border-dashed',
        )}
      >
        <button
          ref={anchor}
          type="button"
          aria-haspopup="dialog"
          aria-expanded={open}
          onClick={() => setOpen(!open)}
          className="inline-flex items-center gap-1 rounded-md px-2.5 hover:bg-hover"
        >
          <span className="text-soft">{label}</span>
          {value ? <span className="max-w-44 truncate font-medium text-accent">{chosen?.label ?? value}</span> : null}
          {value ? null : <ChevronDown className="size-3.5 text-faint" aria-hidden />}
        </button>
        {value ? (
          <button
            type="button"
            aria-label={t('remove', { name: label })}
            onClick={() => onChange(null)}
            className="rounded-md pr-2 pl-0.5 text-soft hover:text-ink"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        ) : null}
      </span>
      {open ? (
        <FilterPanel
          anchor={anchor}
          label={label}
          value={value}
          options={options}
          onChoose={(wanted) => {
            onChange(wanted === value ? null : (options.find((option) => option.value === wanted)?.value ?? null))
            setOpen(false)
          }}
          onClose={() => setOpen(false)}
        />
      ) : null}
    </>
  )
}

/** A filter that is set from elsewhere: says what it does and goes away. */
export function FilterChip({ label, value, onRemove }: { label: string; value: string; onRemove: () => void }) {
  const t = useTranslations('filters')
  return (
    <span className="inline-flex h-8 items-center gap-1.5 rounded-md border border-accent-solid/40 bg-accent-soft pl-2.5 text-sm">
      <span className="text-soft">{label}</span>
      <span className="max-w-56 truncate font-medium text-accent">{value}</span>
      <button
        type="button"
        aria-label={t('remove', { name: label })}
        onClick={onRemove}
        className="self-stretch rounded-md pr-2 pl-0.5 text-soft hover:text-ink"
      >
        <X className="size-3.5" aria-hidden />
      </button>
    </span>
  )
}

/** Free text, passed on once typing pauses. */
export function SearchBox({
  value,
  onChange,
  label,
  placeholder,
}: {
  value: string
  onChange: (text: string) => void
  label: string
  placeholder?: string
}) {
  const t = useTranslations('filters')
  const [text, setText] = useState(value)
  const [from, setFrom] = useState(value)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  if (value !== from) {
    setFrom(value)
    setText(value)
  }
  // Whoever goes on to another page is done with typing: a filter that comes late would call the page back.
  useEffect(() => {
    const stop = () => clearTimeout(timer.current)
    const leave = ({ target }: Event) => {
      if (target instanceof Element && target.closest('a[href], [data-row]')) stop()
    }
    document.addEventListener('click', leave, true)
    return () => {
      document.removeEventListener('click', leave, true)
      stop()
    }
  }, [])
  const pass = (next: string, wait: number) => {
    setText(next)
    clearTimeout(timer.current)
    timer.current = setTimeout(() => {
      setFrom(next.trim())
      onChange(next.trim())
    }, wait)
  }
  return (
    <div className="relative min-w-0 grow basis-60 sm:max-w-80">
      <Search className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" aria-hidden />
      <input
        type="search"
        maxLength={64}
        aria-label={label}
        placeholder={placeholder ?? label}
        value={text}
        onChange={(event) => pass(event.target.value, 250)}
        onKeyDown={(event) => event.key === 'Enter' && pass(text, 0)}
        className="h-8 w-full rounded-md border border-control/70 bg-surface pr-8 pl-8 text-sm shadow-xs hover:border-control [&::-webkit-search-cancel-button]:hidden"
      />
      {text ? (
        <button
          type="button"
          aria-label={t('clearText')}
          onClick={() => pass('', 0)}
          className="absolute top-1 right-1 flex size-6 items-center justify-center rounded-sm text-faint hover:text-ink"
        >
          <X className="size-3.5" aria-hidden />
        </button>
      ) : null}
    </div>
  )
}

type SegmentsProps<V> = {
  label: string
  value: V
  options: { value: V; label: ReactNode }[]
  onChange: (value: V) => void
}

/** A few exclusive choices side by side. */
export function Segments<V extends string>({ label, value, options, onChange }: SegmentsProps<V>) {
  return (
    <fieldset
      aria-label={label}
      className="inline-flex h-8 items-center rounded-md border border-line-strong bg-sunken p-0.5 text-sm"
    >
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={cn(
            'h-full rounded-sm px-2.5 text-soft hover:text-ink',
            option.value === value && 'bg-surface font-medium text-ink shadow-xs',
          )}
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  )
}

/** Real calls and what came of them, the marketplace's test calls, or both. */
export function TestFilter({ value, onChange }: { value: TestChoice; onChange: (value: TestChoice) => void }) {
  const t = useTranslations('filters')
  return (
    <Segments
      label={t('kind')}
      value={value}
      options={testChoices.map((choice) => ({ value: choice, label: t(choice) }))}
      onChange={onChange}
    />
  )
}

/** The filters of a list on one wrapping line, with a way back to none of them. */
export function FilterBar({
  children,
  active,
  onClear,
  trailing,
}: {
  children: ReactNode
  active: boolean
  onClear: () => void
  trailing?: ReactNode
}) {
  const t = useTranslations('filters')
  return (
    <search className="flex flex-wrap items-center gap-2 pb-3">
      {children}
      {active ? (
        <button
          type="button"
          onClick={onClear}
          className="h-8 rounded-md px-2 text-soft text-sm hover:bg-hover hover:text-ink"
        >
          {t('clear')}
        </button>
      ) : null}
      {trailing ? <span className="ml-auto text-soft text-sm">{trailing}</span> : null}
    </search>
  )
}
