import { prisma } from '@/lib/db/client'
import { once } from '@/lib/db/once'
import { log } from '@/lib/log'
import type { Role } from './context'

/** What a session says about its user at sign-in. */
export type SessionClaims = { userId: string; version: number }
export type SessionUser = { id: string; email: string; role: Role; locale: string | null }

type Known = { user: SessionUser & { version: number; active: boolean }; checkedAt: number }
const freshMs = 30_000
const known = () => once('session-users', () => new Map<string, Known>())

/**
 * The user of a session as the database has them now, at most 30 s old; null when the session has ended (deactivated,
 * password changed). While the database is away the last known state holds, and without one
 * the session does not.
 */
export async function userOfSession(claims: SessionClaims): Promise<SessionUser | null> {
  const last = known().get(claims.userId)
  const current = last && Date.now() - last.checkedAt < freshMs ? last.user : await readUser(claims.userId, last)
  if (!current?.active || current.version !== claims.version) return null
  return { id: current.id, email: current.email, role: current.role, locale: current.locale }
}

/** This process looks the user up again at their next request; other replicas within 30 s. */
export function forgetSessions(userId: string): void {
  known().delete(userId)
}

async function readUser(id: string, last: Known | undefined): Promise<Known['user'] | null> {
  try {
    const row = await prisma().user.findUnique({ where: { id } })
    if (!row) return null
    const { email, role, locale, active, sessionVersion: version } = row
    const user = { id, email, role: role as Role, locale, active, version }
    known().set(id, { user, checkedAt: Date.now() })
    return user
  } catch (error) {
    log.warn({ err: error }, 'the user of a session could not be read')
    return last?.user ?? null
  }
}
