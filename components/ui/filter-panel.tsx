'use client'

import { Check, Search } from 'lucide-react'
import { type RefObject, useId, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from './cn'
import { PopoverPanel } from './popover-panel'

export type FilterOption = { value: string; label: string; hint?: string }

type FilterPanelProps = {
  anchor: RefObject<HTMLElement | null>
  label: string
  value: string | null
  options: FilterOption[]
  onChoose: (value: string) => void
  onClose: () => void
}

/** The choices of a filter, with a box to narrow them down. */
export function FilterPanel({ anchor, label, value, options, onChoose, onClose }: FilterPanelProps) {
  const t = useTranslations('filters')
  const [text, setText] = useState('')
  const at = options.findIndex((option) => option.value === value)
  const [active, setActive] = useState(Math.max(0, at))
  const id = useId()
  const wanted = text.trim().toLowerCase()
  const shown = options.filter((o) => `${o.label} ${o.value} ${o.hint ?? ''}`.toLowerCase().includes(wanted))
  const move = (step: number) => setActive((active + step + shown.length) % Math.max(1, shown.length))
  return (
    <PopoverPanel anchor={anchor} label={label} onClose={onClose} className="w-72">
      <div className="flex items-center gap-2 border-line border-b px-3">
        <Search className="size-4 text-faint" aria-hidden />
        <input
          role="combobox"
          aria-label={t('narrow', { name: label })}
          aria-expanded
          aria-controls={`${id}-list`}
          aria-activedescendant={shown[active] ? `${id}-${active}` : undefined}
          value={text}
          placeholder={label}
          onChange={(event) => {
            setText(event.target.value)
            setActive(0)
          }}
          onKeyDown={(event) => {
            const option = shown[active]
            if (event.key === 'ArrowDown') move(1)
            else if (event.key === 'ArrowUp') move(-1)
            else if (event.key !== 'Enter') return
            else if (option) onChoose(option.value)
            event.preventDefault()
          }}
          className="h-9 w-full bg-transparent text-sm outline-none"
        />
      </div>
      <div id={`${id}-list`} role="listbox" aria-label={label} className="max-h-72 overflow-y-auto p-1">
        {shown.map((option, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are handled by the combobox that owns the list
          <div
            key={option.value}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={option.value === value}
            onClick={() => onChoose(option.value)}
            onPointerMove={() => setActive(index)}
            className={cn(
              'flex cursor-default items-center gap-2 rounded-md px-2 py-1.5 text-sm',
              index === active && 'bg-hover',
            )}
          >
            <span className="min-w-0 grow truncate">{option.label}</span>
            {option.hint ? <span className="shrink-0 font-mono text-faint text-xs">{option.hint}</span> : null}
            {option.value === value ? <Check className="size-4 shrink-0 text-accent" aria-hidden /> : null}
          </div>
        ))}
      </div>
      {shown.length === 0 ? <p className="px-3 pb-3 text-faint text-sm">{t('nothing')}</p> : null}
    </PopoverPanel>
  )
}
