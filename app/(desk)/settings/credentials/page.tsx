import { CredentialsPage } from '@/components/settings/credentials'
import { serverTranslations } from '@/lib/i18n/server'
import { requireUser } from '../../session'

export async function generateMetadata() {
  return { title: (await serverTranslations())('settings.tab.credentials') }
}

export default async function Page() {
  await requireUser('/settings/credentials')
  return <CredentialsPage />
}
