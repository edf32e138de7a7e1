'use client'

import { useRouter } from 'next/navigation'
import { type Locale, localeCookie, type Theme, themeCookie } from '@/lib/i18n/locales'

function remember(name: string, value: string) {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is missing in Firefox and on plain http
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax`
}

/** Language and theme: kept in cookies, so that the server renders with them. */
export function usePreferences() {
  const router = useRouter()
  return {
    setLocale: (locale: Locale) => {
      remember(localeCookie, locale)
      router.refresh()
    },
    setTheme: (theme: Theme) => {
      remember(themeCookie, theme)
      router.refresh()
    },
  }
}
