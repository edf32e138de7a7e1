import type zh from '@/messages/zh-CN.json'
import type { Locale as OwnLocale } from './locales'

declare module 'use-intl' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface can be merged into the library's own
  interface AppConfig {
    Locale: OwnLocale
    Messages: typeof zh
  }
}
