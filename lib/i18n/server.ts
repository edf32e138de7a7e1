import compile from 'icu-minify/compile'
import { cookies, headers } from 'next/headers'
import { cache } from 'react'
import { createTranslator } from 'use-intl/core'
import en from '@/messages/en.json'
import zh from '@/messages/zh-CN.json'
import { type Locale, localeCookie, pickLocale, type Theme, themeCookie, themes } from './locales'

export type Messages = typeof zh

// Read here and not in the browser, which then needs no parser; next.config.mjs puts the half that only formats in its place.
function compiled<T extends object>(messages: T): T {
  const entries = Object.entries(messages).map(([name, part]) => [
    name,
    // As plain objects: others do not go from the server to the browser.
    typeof part === 'string' ? JSON.parse(JSON.stringify(compile(part))) : compiled(part as object),
  ])
  return Object.fromEntries(entries) as T
}

const dictionaries: Record<Locale, Messages> = { 'zh-CN': compiled(zh), en: compiled(en) }

export const requestLocale = cache(async (): Promise<Locale> => {
  const [jar, head] = await Promise.all([cookies(), headers()])
  return pickLocale(jar.get(localeCookie)?.value, head.get('accept-language'))
})

export function messagesOf(locale: Locale): Messages {
  return dictionaries[locale]
}

export async function requestTheme(): Promise<Theme> {
  const value = (await cookies()).get(themeCookie)?.value
  return themes.find((theme) => theme === value) ?? 'system'
}

/** Translations for a server component, in the language of the request. */
export async function serverTranslations() {
  const locale = await requestLocale()
  return createTranslator({ locale, messages: dictionaries[locale] })
}
