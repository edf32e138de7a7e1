import type { Metadata, Viewport } from 'next'
import type { ReactNode } from 'react'
import { Providers } from '@/components/providers'
import { messagesOf, requestLocale, requestTheme, serverTranslations } from '@/lib/i18n/server'
import './globals.css'

export async function generateMetadata(): Promise<Metadata> {
  const t = await serverTranslations()
  const name = t('common.product')
  return {
    title: { default: name, template: `%s · ${name}` },
    description: t('common.description'),
    icons: '/icon.svg',
    robots: { index: false, follow: false },
  }
}

export const viewport: Viewport = {
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f8f8fa' },
    { media: '(prefers-color-scheme: dark)', color: '#0d0e13' },
  ],
}

export default async function RootLayout({ children }: { children: ReactNode }) {
  const [locale, theme] = await Promise.all([requestLocale(), requestTheme()])
  return (
    <html lang={locale} data-theme={theme}>
      <body>
        {/* The first number a browser formats costs it 30 ms: while it waits for the scripts, not while it draws the page. */}
        <script>{'setTimeout(Intl.NumberFormat)'}</script>
        <Providers locale={locale} messages={messagesOf(locale)} theme={theme}>
          {children}
        </Providers>
      </body>
    </html>
  )
}
