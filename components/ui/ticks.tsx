'use client'

import { Check } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { cn } from './cn'

type TickProps = Omit<ComponentProps<'input'>, 'type' | 'checked' | 'onChange'> & {
  checked: boolean | 'indeterminate'
  onCheckedChange: (checked: boolean) => void
}

export function Checkbox({ className, checked, onCheckedChange, ...rest }: TickProps) {
  return (
    <span data-tick className="relative inline-flex size-4 shrink-0">
      <input
        type="checkbox"
        ref={(box) => {
          if (box) box.indeterminate = checked === 'indeterminate'
        }}
        checked={checked === true}
        onChange={(event) => onCheckedChange(event.target.checked)}
        className={cn(
          'peer relative z-1 size-4 appearance-none rounded-sm border border-control bg-surface checked:border-accent-solid checked:bg-accent-solid indeterminate:border-accent-solid indeterminate:bg-accent-solid after:absolute after:-inset-1.5',
          className,
        )}
        {...rest}
      />
      <Check
        className="pointer-events-none absolute inset-0.5 z-1 hidden size-3 text-on-solid peer-checked:block"
        strokeWidth={3.5}
        aria-hidden
      />
      <span className="pointer-events-none absolute inset-x-1 top-[7px] z-1 hidden h-0.5 rounded-full bg-on-solid peer-indeterminate:block" />
    </span>
  )
}

export function Switch({ className, checked, onCheckedChange, ...rest }: TickProps) {
  return (
    <input
      type="checkbox"
      role="switch"
      aria-checked={checked === true}
      checked={checked === true}
      onChange={(event) => onCheckedChange(event.target.checked)}
      className={cn(
        'inline-flex h-5 w-9 shrink-0 appearance-none items-center rounded-full border border-control bg-sunken px-0.5 transition-colors before:block before:size-3.5 before:rounded-full before:bg-control before:transition-transform checked:border-accent-solid checked:bg-accent-solid checked:before:translate-x-4 checked:before:bg-white disabled:cursor-not-allowed disabled:opacity-55',
        className,
      )}
      {...rest}
    />
  )
}

/** A tick box or switch with its words to the right of it. */
export function Labelled({ label, hint, children }: { label: ReactNode; hint?: ReactNode; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child
    <label className="flex items-start gap-2.5 text-sm">
      <span className="flex h-5 items-center">{children}</span>
      <span>
        <span className="block">{label}</span>
        {hint ? <span className="block text-xs text-faint">{hint}</span> : null}
      </span>
    </label>
  )
}
