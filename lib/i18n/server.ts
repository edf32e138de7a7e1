import { cookies, headers } from 'next/headers'
import { cache } from 'react'
import { createTranslator } from 'use-intl/core'
import en from '@/messages/en.json'
import zh from '@/messages/zh-CN.json'
import { type Locale, localeCookie, pickLocale, type Theme, themeCookie, themes } from './locales'

export type Messages = typeof zh

const dictionaries: Record<Locale, Messages> = { 'zh-CN': zh, en }

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
