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
        // It lies over the actions of the last rows; with nothing on it to click, clicks go through.
        const isClickable = kind === 'error' || options?.action
        sonner[kind](text, isClickable ? options : { ...options, className: '!pointer-events-none' })
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
