export const locales = ['zh-CN', 'en'] as const
export type Locale = (typeof locales)[number]

export const localeCookie = 'desk-locale'
export const themeCookie = 'desk-theme'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = (typeof themes)[number]

export function isLocale(value: unknown): value is Locale {
  return locales.some((locale) => locale === value)
}

/**
 * The language of a page: what the viewer chose, else the first language of an Accept-Language header that we speak,
 * weighed by its q values, else Chinese. Never throws; a malformed header counts as none.
 */
export function pickLocale(chosen: string | null | undefined, acceptLanguage?: string | null): Locale {
  if (isLocale(chosen)) return chosen
  const wanted = (acceptLanguage ?? '')
    .split(',')
    .map((part, index) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';')
      const q = parameters.map((p) => p.trim()).find((p) => p.startsWith('q='))
      const weight = q === undefined ? 1 : Number(q.slice(2))
      return { tag, index, weight: Number.isFinite(weight) ? weight : 0 }
    })
    .filter((entry) => entry.weight > 0)
    .sort((a, b) => b.weight - a.weight || a.index - b.index)
  for (const { tag } of wanted) {
    if (tag === 'zh' || tag.startsWith('zh-')) return 'zh-CN'
    if (tag === 'en' || tag.startsWith('en-')) return 'en'
  }
  return 'zh-CN'
}
