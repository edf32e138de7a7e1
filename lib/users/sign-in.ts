import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { once } from '@/lib/db/once'
import { DeskError } from '@/lib/errors'
import { fingerprint } from '@/lib/secrets'
import { emailSchema, passwordSchema } from './accounts'
import type { Role } from './context'
import { verifyPassword } from './password'
import type { SessionUser } from './sessions'

const maxFailures = 10
const windowMs = 15 * 60_000
const pruneEveryMs = 60_000

export type SignedIn = SessionUser & { sessionVersion: number }

/**
 * Null for whatever does not fit, after the same time whether the mail is known or not. `address` is the caller's IP
 * address where known. Throws DeskError 'rate-limited' after 10 failures in 15 minutes of one mail or one address.
 */
export async function verifySignIn(input: {
  email: string
  password: string
  address: string | null
}): Promise<SignedIn | null> {
  const email = emailSchema.safeParse(input.email).data ?? null
  const mailKey = fingerprint('sign-in', `mail:${email ?? input.email.slice(0, 254)}`)
  const keys = [mailKey, ...(input.address ? [fingerprint('sign-in', `address:${input.address}`)] : [])]
  const attempt = await countAttempt(keys)
  const user = email ? await prisma().user.findUnique({ where: { email } }) : null
  const possible = passwordSchema.safeParse(input.password).success
  const fits = await verifyPassword(possible ? input.password : '-', possible && user ? user.passwordHash : null)
  if (!fits || !user?.active) return null
  const ctx = { actor: { name: user.email, via: 'user' as const, role: user.role as Role } }
  await prisma().$transaction(async (tx) => {
    await tx.signInFailure.deleteMany({ where: { OR: [{ id: { in: attempt } }, { key: mailKey }] } })
    await tx.user.update({ where: { id: user.id }, data: { lastSignInAt: new Date() } })
    await recordAudit(tx, ctx, { action: 'user.sign-in', subject: 'user', target: user.id })
  })
  return {
    id: user.id,
    email: user.email,
    role: user.role as Role,
    locale: user.locale,
    sessionVersion: user.sessionVersion,
  }
}

/**
 * Counts the attempt as failed before it is judged, so that attempts made at the same time cannot all slip under the
 * limit; a success takes it back. One that is over the limit is not counted, else a stranger could lock a user out for good.
 */
async function countAttempt(keys: string[]): Promise<string[]> {
  await prune()
  const rows = keys.map((key) => ({ id: newId(), key, at: new Date() }))
  await prisma().signInFailure.createMany({ data: rows })
  const since = new Date(Date.now() - windowMs)
  const counts = await prisma().signInFailure.groupBy({
    by: ['key'],
    where: { key: { in: keys }, at: { gt: since } },
    _count: true,
  })
  const ids = rows.map(({ id }) => id)
  if (counts.every(({ _count }) => _count <= maxFailures)) return ids
  await prisma().signInFailure.deleteMany({ where: { id: { in: ids } } })
  throw new DeskError('rate-limited', 'Too many failed sign-ins. Try again in 15 minutes.', {
    details: { retryAfterSeconds: windowMs / 1000 },
  })
}

/** Forgets failures that no longer count, at most once a minute. */
async function prune(): Promise<void> {
  const last = once('sign-in-pruned', () => ({ at: 0 }))
  if (Date.now() - last.at < pruneEveryMs) return
  last.at = Date.now()
  await prisma().signInFailure.deleteMany({ where: { at: { lt: new Date(Date.now() - windowMs) } } })
}
