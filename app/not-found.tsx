import { serverTranslations } from '@/lib/i18n/server'

export default async function NotFound() {
  const t = await serverTranslations()
  return (
    <main className="mx-auto flex min-h-dvh max-w-md flex-col justify-center px-6">
      <h1 className="font-semibold text-xl">{t('errors.pageNotFound')}</h1>
      <p className="mt-1 text-soft">{t('errors.pageNotFoundHint')}</p>
      <a href="/" className="mt-4 text-accent underline-offset-2 hover:underline">
        {t('errors.toOverview')}
      </a>
    </main>
  )
}
