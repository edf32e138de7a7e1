'use client'

import { X } from 'lucide-react'
import * as Radix from 'radix-ui/dialog'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button, IconButton } from './button'
import { cn } from './cn'

type PanelProps = {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: ReactNode
  children: ReactNode
  footer?: ReactNode
  size?: 'sm' | 'md' | 'lg' | 'xl'
  /** a sheet keeps to the right edge and the full height: for long forms */
  side?: boolean
}

const widths = { sm: 'sm:max-w-md', md: 'sm:max-w-xl', lg: 'sm:max-w-3xl', xl: 'sm:max-w-5xl' }

/** Where typing or deciding starts, rather than at the cross that closes the panel. */
function focusFirst(event: Event) {
  const panel = event.currentTarget as HTMLElement
  const first =
    panel.querySelector<HTMLElement>('[data-first]') ??
    panel.querySelector<HTMLElement>('input:not([type="radio"]), textarea, select')
  if (!first) return
  event.preventDefault()
  first.focus()
}

/** A modal panel; on narrow screens it rises from the bottom edge. */
export function Dialog({ open, onOpenChange, title, description, children, footer, size = 'md', side }: PanelProps) {
  const t = useTranslations('common')
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade bg-[oklch(0.15_0.02_268/0.45)]" />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusFirst}
          className={cn(
            'fixed z-50 flex w-full flex-col bg-raised shadow-overlay outline-none',
            widths[size],
            side
              ? 'inset-y-0 right-0 animate-slide'
              : 'inset-x-0 bottom-0 max-h-[92dvh] animate-pop rounded-t-xl sm:inset-x-auto sm:top-[8vh] sm:bottom-auto sm:left-1/2 sm:max-h-[84vh] sm:-translate-x-1/2 sm:rounded-xl',
          )}
        >
          <header className="flex items-start gap-3 border-line border-b px-5 pt-4 pb-3">
            <div className="min-w-0 grow">
              <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
              {description ? (
                <Radix.Description className="mt-0.5 text-sm text-soft">{description}</Radix.Description>
              ) : null}
            </div>
            <Radix.Close asChild>
              <IconButton label={t('close')} quiet size="sm" className="-mr-1.5">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </header>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling area must be reachable by keyboard */}
          <div tabIndex={0} className="min-h-0 grow overflow-y-auto px-5 py-4 outline-offset-[-2px]">
            {children}
          </div>
          {footer ? (
            <footer className="flex flex-wrap items-center justify-end gap-2 border-line border-t px-5 py-3">
              {footer}
            </footer>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

type ConfirmProps = {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  children: ReactNode
  confirmLabel: string
  danger?: boolean
  /** the dialog closes itself when this resolves to anything but false */
  onConfirm: () => Promise<unknown>
}

/** Asks once more before something that cannot be taken back. */
export function ConfirmDialog({ open, onOpenChange, title, children, confirmLabel, danger, onConfirm }: ConfirmProps) {
  const t = useTranslations('common')
  const [busy, setBusy] = useState(false)
  const confirm = async () => {
    setBusy(true)
    try {
      if ((await onConfirm()) !== false) onOpenChange(false)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={title}
      size="sm"
      footer={
        <>
          <Button data-first={danger || undefined} onClick={() => onOpenChange(false)}>
            {t('cancel')}
          </Button>
          <Button
            data-first={danger ? undefined : true}
            variant={danger ? 'danger' : 'primary'}
            loading={busy}
            onClick={confirm}
          >
            {confirmLabel}
          </Button>
        </>
      }
    >
      <div className="text-sm text-soft">{children}</div>
    </Dialog>
  )
}
