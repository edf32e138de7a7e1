'use client'

import { Check } from 'lucide-react'
import * as Radix from 'radix-ui/dropdown-menu'
import type { ComponentProps, ReactElement, ReactNode } from 'react'
import { cn } from './cn'

const item =
  'flex cursor-default items-center gap-2 rounded-md px-2 py-1.5 text-sm outline-none select-none data-[disabled]:opacity-50 data-[highlighted]:bg-hover [&_svg]:size-4 [&_svg]:shrink-0 [&_svg]:text-faint'

export type MenuProps = {
  trigger: ReactElement
  children: ReactNode
  align?: 'start' | 'end'
  className?: string
}

/** Opens with its first appearance: whoever asks for it has clicked already. */
export function OpenedMenu({ trigger, children, align = 'end', className }: MenuProps) {
  return (
    <Radix.Root modal={false} defaultOpen>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          sideOffset={4}
          collisionPadding={8}
          className={cn('z-60 min-w-44 animate-pop rounded-lg bg-raised p-1 shadow-pop', className)}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export type MenuItemProps = ComponentProps<typeof Radix.Item> & { danger?: boolean; hint?: ReactNode }

export function MenuItem({ className, danger, hint, children, ...rest }: MenuItemProps) {
  return (
    <Radix.Item className={cn(item, danger && 'text-bad [&_svg]:text-bad', className)} {...rest}>
      {children}
      {hint ? <span className="ml-auto max-w-40 pl-3 text-faint text-xs">{hint}</span> : null}
    </Radix.Item>
  )
}

export function MenuLabel({ children }: { children: ReactNode }) {
  return <Radix.Label className="px-2 pt-1.5 pb-1 text-faint text-xs">{children}</Radix.Label>
}

export function MenuSeparator() {
  return <Radix.Separator className="-mx-1 my-1 h-px bg-line" />
}

export type MenuChoiceProps = {
  value: string
  onChange: (value: string) => void
  options: { value: string; label: ReactNode; icon?: ReactNode }[]
}

export function MenuChoice({ value, onChange, options }: MenuChoiceProps) {
  return (
    <Radix.RadioGroup value={value} onValueChange={onChange}>
      {options.map((option) => (
        <Radix.RadioItem key={option.value} value={option.value} className={item}>
          {option.icon}
          {option.label}
          <Radix.ItemIndicator className="ml-auto">
            <Check aria-hidden />
          </Radix.ItemIndicator>
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  )
}
