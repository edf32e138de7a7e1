'use client'

import { useEffect } from 'react'
import { toast as sonner, Toaster } from 'sonner'
import { useTranslations } from 'use-intl'
import type { Theme } from '@/lib/i18n/locales'
import { listen, takeWaiting } from './toast'

/** Shows what was said, and what will be. */
export function ToastSink({ theme }: { theme: Theme }) {
  const t = useTranslations('common')
  useEffect(() => {
    const show = () => {
      for (const { kind, text, options } of takeWaiting()) {
        // It lies over the actions of the last rows. Where there is nothing to click or to copy clicks go through, and for
        // want of a pointer that makes it wait it stays longer.
        const isForHands = kind === 'error' || options?.action || options?.description
        sonner[kind](text, isForHands ? options : { duration: 6_000, className: '!pointer-events-none', ...options })
      }
    }
    show()
    return listen(show)
  }, [])
  return (
    <Toaster
      theme={theme}
      position="bottom-right"
      containerAriaLabel={t('notifications')}
      toastOptions={{
        classNames: {
          toast: '!bg-raised !text-ink !border-line !shadow-pop !rounded-lg !font-sans !text-sm',
          description: '!text-soft',
          success: '[&_[data-icon]]:text-ok',
          error: '[&_[data-icon]]:text-bad',
        },
      }}
    />
  )
}
