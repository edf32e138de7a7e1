'use client'

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { IntlProvider } from 'use-intl'
import type { Locale, Theme } from '@/lib/i18n/locales'
import type { Messages } from '@/lib/i18n/server'
import { ApiError } from './api'
import { Toasts } from './ui/toasts'

type ProvidersProps = { locale: Locale; messages: Messages; theme: Theme; children: ReactNode }

export function Providers({ locale, messages, theme, children }: ProvidersProps) {
  const [client] = useState(
    () =>
      new QueryClient({
        defaultOptions: {
          queries: {
            staleTime: 5_000,
            retry: (failures, error) =>
              failures < 2 && (!(error instanceof ApiError) || error.status === 0 || error.status >= 500),
          },
        },
      }),
  )
  return (
    <IntlProvider locale={locale} messages={messages} timeZone="UTC">
      <QueryClientProvider client={client}>
        {children}
        <Toasts theme={theme} />
      </QueryClientProvider>
    </IntlProvider>
  )
}
