import { type NextRequest, NextResponse } from 'next/server'
import { getToken } from 'next-auth/jwt'
import { env } from '@/lib/env'
import { sessionSecret } from '@/lib/users/session-secret'

/** Sends whoever is not signed in to the sign-in page; whether the session still holds is checked by each page. */
export async function proxy(request: NextRequest) {
  const secureCookie = env().deskUrl.startsWith('https:')
  const token = await getToken({ req: request, secret: sessionSecret(), secureCookie })
  if (token) return NextResponse.next()
  const { pathname, search } = request.nextUrl
  const signIn = request.nextUrl.clone()
  signIn.pathname = '/sign-in'
  signIn.search = pathname === '/' ? '' : `?${new URLSearchParams({ callbackUrl: pathname + search })}`
  return NextResponse.redirect(signIn)
}

export const config = {
  // Pages only: files of public/ have a dot in their last segment.
  matcher: ['/((?!api(?:/|$)|_next(?:/|$)|sign-in(?:/|$)|set-up(?:/|$)|[^?]*\\.[^/?]+$).*)'],
}
