'use client'

import * as Radix from 'radix-ui/tabs'
import type { ReactNode } from 'react'
import { tabClass, tabStripClass } from './tab-strip'

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
      <Radix.List aria-label={label} className={tabStripClass}>
        {tabs.map((entry) => (
          <Radix.Trigger key={entry.value} value={entry.value} className={tabClass(value === entry.value)}>
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
