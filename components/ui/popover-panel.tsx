'use client'

import * as Radix from 'radix-ui/popover'
import type { ReactNode, RefObject } from 'react'
import { cn } from './cn'

type PopoverPanelProps = {
  /** the button it belongs to */
  anchor: RefObject<HTMLElement | null>
  label: string
  onClose: () => void
  className?: string
  children: ReactNode
}

/** What a button opens beside itself; there while it is open. */
export function PopoverPanel({ anchor, label, onClose, className, children }: PopoverPanelProps) {
  return (
    <Radix.Root open onOpenChange={onClose}>
      <Radix.Anchor virtualRef={anchor as RefObject<HTMLElement>} />
      <Radix.Portal>
        <Radix.Content
          align="start"
          sideOffset={4}
          collisionPadding={8}
          aria-label={label}
          // A click on the button itself closes by the button's own doing.
          onInteractOutside={(event) => {
            if (anchor.current?.contains(event.target as Node)) event.preventDefault()
          }}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            anchor.current?.focus()
          }}
          className={cn('z-60 animate-pop rounded-lg bg-raised shadow-pop outline-none', className)}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
