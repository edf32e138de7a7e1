import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import { lockFor } from '@/lib/db/lock'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { fingerprint } from '@/lib/secrets'
import { emailSchema, insertUser, passwordSchema, type User } from './accounts'
import { type Context, systemContext } from './context'
import { hashPassword } from './password'

const validMs = 24 * 3_600_000

export const setupLinkUseSchema = z.strictObject({
  token: z.string().min(1).max(200),
  email: emailSchema,
  password: passwordSchema,
})

/**
 * Sees to a first administrator at the start. Null when there are users or DESK_ADMIN_EMAIL made one; else a new one-time
 * link, good for 24 hours, for the operator's terminal only.
 */
export async function ensureSetupLink(): Promise<string | null> {
  if (await anyUser()) return null
  const { deskAdminEmail: email, deskAdminPassword: password, deskUrl } = env()
  if (email && password) {
    await createFirstAdmin(email, password)
    return null
  }
  const token = randomBytes(32).toString('base64url')
  const now = Date.now()
  await prisma().$transaction([
    prisma().setupLink.deleteMany({ where: { expiresAt: { lt: new Date(now) } } }),
    prisma().setupLink.create({
      data: { hash: hashLink(token), createdAt: new Date(now), expiresAt: new Date(now + validMs) },
    }),
  ])
  return `${deskUrl}/set-up?token=${token}`
}

async function createFirstAdmin(email: string, password: string): Promise<void> {
  const given = z.object({ DESK_ADMIN_EMAIL: emailSchema, DESK_ADMIN_PASSWORD: passwordSchema })
  const checked = parseInput(given, { DESK_ADMIN_EMAIL: email, DESK_ADMIN_PASSWORD: password })
  const passwordHash = await hashPassword(checked.DESK_ADMIN_PASSWORD)
  await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'users')
    if ((await tx.user.count()) > 0) return
    await insertUser(tx, systemContext, { email: checked.DESK_ADMIN_EMAIL, role: 'admin', passwordHash })
  })
}

/**
 * Makes the first administrator. Works once, and only while no user exists. Errors: invalid (with field); not-found when
 * the link is unknown; conflict (details.reason used | expired | users-exist) when it no longer works.
 */
export async function redeemSetupLink(input: unknown): Promise<User> {
  const { token, email, password } = parseInput(setupLinkUseSchema, input)
  const hash = hashLink(token)
  const known = await prisma().setupLink.findUnique({ where: { hash } })
  if (!known) throw new DeskError('not-found', 'This set-up link is not known.', { field: 'token' })
  if (known.usedAt) throw gone('used')
  if (known.expiresAt <= new Date()) throw gone('expired')
  if (await anyUser()) throw gone('users-exist')
  const passwordHash = await hashPassword(password)
  const ctx: Context = { actor: { name: email, via: 'user', role: 'admin' } }
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'users')
    if ((await tx.user.count()) > 0) throw gone('users-exist')
    const { count } = await tx.setupLink.updateMany({
      where: { hash, usedAt: null, expiresAt: { gt: new Date() } },
      data: { usedAt: new Date() },
    })
    if (count === 0) throw gone('used')
    return await insertUser(tx, ctx, { email, role: 'admin', passwordHash })
  })
}

const reasons = {
  used: 'This set-up link has been used.',
  expired: 'This set-up link has expired; start the desk again for a new one.',
  'users-exist': 'This desk has an administrator already; sign in.',
}

function gone(reason: keyof typeof reasons): DeskError {
  return new DeskError('conflict', reasons[reason], { field: 'token', details: { reason } })
}

async function anyUser(): Promise<boolean> {
  return (await prisma().user.findFirst({ select: { id: true } })) !== null
}

function hashLink(token: string): string {
  return fingerprint('set-up-link', token)
}
