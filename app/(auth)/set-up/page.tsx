import { SetUpForm } from '@/components/auth/set-up-form'
import { serverTranslations } from '@/lib/i18n/server'

export async function generateMetadata() {
  return { title: (await serverTranslations())('auth.setUp'), referrer: 'no-referrer' }
}

type Props = { searchParams: Promise<{ token?: string | string[] }> }

export default async function SetUpPage({ searchParams }: Props) {
  const { token } = await searchParams
  return <SetUpForm token={typeof token === 'string' ? token : ''} />
}
