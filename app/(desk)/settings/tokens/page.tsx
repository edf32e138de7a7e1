import { TokensPage } from '@/components/settings/tokens'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.tokens') }
}

export default async function Page() {
  await requireUser('/settings/tokens')
  return <TokensPage />
}
