'use client'

import type { ReactNode } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { usePreferences } from '../preferences'
import { Button } from '../ui/button'

export function AuthFrame({ children }: { children: ReactNode }) {
  const t = useTranslations()
  const locale = useLocale()
  const { setLocale } = usePreferences()
  return (
    <div className="flex min-h-dvh flex-col">
      <div className="flex justify-end p-4">
        <Button
          variant="ghost"
          size="sm"
          lang={locale === 'en' ? 'zh-CN' : 'en'}
          onClick={() => setLocale(locale === 'en' ? 'zh-CN' : 'en')}
        >
          {locale === 'en' ? t('shell.chinese') : t('shell.english')}
        </Button>
      </div>
      <main className="mx-auto flex w-full max-w-sm grow flex-col justify-center px-5 pb-32">
        <div className="mb-6 flex items-center gap-3">
          {/* biome-ignore lint/performance/noImgElement: a small drawing needs no optimiser */}
          <img src="/icon.svg" alt="" width={36} height={36} />
          <div>
            <p className="font-semibold text-lg leading-5">{t('common.product')}</p>
            <p className="text-faint text-xs">{t('common.description')}</p>
          </div>
        </div>
        {children}
      </main>
    </div>
  )
}
