'use client'

import { Toaster } from 'sonner'
import { useTranslations } from 'use-intl'
import type { Theme } from '@/lib/i18n/locales'

/** Results of actions, said once and gone; whatever must stay is on the page itself. */
export function Toasts({ theme }: { theme: Theme }) {
  const t = useTranslations('common')
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
