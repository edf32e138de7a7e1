import { redirect } from 'next/navigation'
import { SignInForm } from '@/components/auth/sign-in-form'
import { serverTranslations } from '@/lib/i18n/server'
import { currentUser } from '@/lib/users/auth'

export async function generateMetadata() {
  return { title: (await serverTranslations())('auth.signIn') }
}

type Props = { searchParams: Promise<{ callbackUrl?: string | string[]; created?: string | string[] }> }

/** Only paths of our own: `//host` and `/\host` would leave the desk. */
function ownPath(path: string | string[] | undefined): string {
  return typeof path === 'string' && /^\/(?![/\\])/.test(path) ? path : '/'
}

export default async function SignInPage({ searchParams }: Props) {
  const { callbackUrl, created } = await searchParams
  if (await currentUser()) redirect(ownPath(callbackUrl))
  return <SignInForm next={ownPath(callbackUrl)} created={created === '1'} />
}
