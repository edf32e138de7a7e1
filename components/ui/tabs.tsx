'use client'

import * as Radix from 'radix-ui/tabs'
import type { ReactNode } from 'react'
import { cn } from './cn'

const strip = 'flex gap-4 overflow-x-auto border-line border-b [scrollbar-width:none]'
const tab =
  '-mb-px shrink-0 border-b-2 border-transparent py-2 text-sm text-soft transition-colors hover:text-ink outline-offset-[-2px]'
const chosen = 'border-accent-solid font-medium text-ink'

type TabsProps = {
  value: string
  onChange: (value: string) => void
  label: string
  tabs: { value: string; label: ReactNode; content: ReactNode }[]
  className?: string
}

export function Tabs({ value, onChange, label, tabs, className }: TabsProps) {
  return (
    <Radix.Root value={value} onValueChange={onChange} className={className}>
      <Radix.List aria-label={label} className={strip}>
        {tabs.map((entry) => (
          <Radix.Trigger key={entry.value} value={entry.value} className={cn(tab, value === entry.value && chosen)}>
            {entry.label}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map((entry) => (
        <Radix.Content key={entry.value} value={entry.value} className="pt-3 outline-offset-2">
          {entry.content}
        </Radix.Content>
      ))}
    </Radix.Root>
  )
}

export const tabStripClass = strip
export function tabClass(current: boolean): string {
  return cn(tab, current && chosen)
}
