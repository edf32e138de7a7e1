import { type DefaultSession, getServerSession, type NextAuthOptions } from 'next-auth'
import Credentials from 'next-auth/providers/credentials'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { log } from '@/lib/log'
import type { Context } from './context'
import { sessionSecret } from './session-secret'
import { type SessionUser, userOfSession } from './sessions'
import { type SignedIn, verifySignIn } from './sign-in'

declare module 'next-auth' {
  // biome-ignore lint/style/useConsistentTypeDefinitions: only an interface merges into the library's own.
  interface Session {
    user: SessionUser & DefaultSession['user']
  }
}

/**
 * Sign-in by mail and password; a session lasts 12 hours. `signIn` answers error 'CredentialsSignin' (does not fit),
 * 'rate-limited' or 'unavailable'. Members that depend on the environment are read at use, not at import.
 */
export const authOptions: NextAuthOptions = {
  get secret() {
    return sessionSecret()
  },
  get useSecureCookies() {
    return env().deskUrl.startsWith('https:')
  },
  session: { strategy: 'jwt', maxAge: 12 * 3600 },
  pages: { signIn: '/sign-in' },
  providers: [
    Credentials({
      credentials: { email: { type: 'email' }, password: { type: 'password' } },
      async authorize(given, request) {
        const address = callerAddress(request.headers?.['x-forwarded-for'])
        try {
          return await verifySignIn({ email: given?.email ?? '', password: given?.password ?? '', address })
        } catch (error) {
          // The message travels to the browser in a URL: only these two words may.
          if (error instanceof DeskError && error.code === 'rate-limited') throw new Error('rate-limited')
          log.error({ err: error }, 'sign-in failed')
          throw new Error('unavailable')
        }
      },
    }),
  ],
  callbacks: {
    jwt({ token, user }) {
      if (!user) return token
      const { id, sessionVersion } = user as SignedIn
      return { sub: id, version: sessionVersion }
    },
    async session({ session, token }) {
      const user = await userOfSession({ userId: token.sub ?? '', version: Number(token.version) })
      // Without members it counts as no session at all.
      return (user ? { expires: session.expires, user } : {}) as typeof session
    },
  },
  logger: {
    error: (code, error) => log.error({ code, err: error }, 'next-auth'),
    warn: () => {},
    debug: () => {},
  },
}

/** The signed-in user of the current request (server component or route handler), or null. */
export async function currentUser(): Promise<SessionUser | null> {
  const session = await getServerSession(authOptions)
  return session?.user ?? null
}

/** Who acts in the current request by their session, or null. */
export async function currentContext(): Promise<Context | null> {
  const user = await currentUser()
  return user && { actor: { name: user.email, via: 'user', role: user.role } }
}

/** The address the nearest proxy (or our own server) saw: the last one, because callers can invent those before it. */
function callerAddress(forwarded: unknown): string | null {
  const list = typeof forwarded === 'string' ? forwarded.split(',') : []
  return list.at(-1)?.trim() || null
}
