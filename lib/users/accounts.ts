import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { DeskError } from '@/lib/errors'
import type { User as UserRow } from '@/lib/generated/prisma/client'
import { parseInput } from '@/lib/input'
import { type Context, type Role, requireRole, roles } from './context'
import { hashPassword } from './password'
import { forgetSessions } from './sessions'

export const emailSchema = z.string().trim().toLowerCase().max(254).pipe(z.email('must be an e-mail address'))
export const passwordSchema = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(200, 'must have at most 200 characters')
export const roleSchema = z.enum(roles)
const localeSchema = z.enum(['zh-CN', 'en'])

export const newUserSchema = z.strictObject({
  email: emailSchema,
  password: passwordSchema,
  role: roleSchema,
  locale: localeSchema.nullish(),
})

export const userChangeSchema = z.strictObject({
  id: z.uuid(),
  role: roleSchema.optional(),
  active: z.boolean().optional(),
  password: passwordSchema.optional(),
  locale: localeSchema.nullable().optional(),
})

export const userSchema = z.object({
  id: z.uuid(),
  email: z.string(),
  role: roleSchema,
  active: z.boolean(),
  locale: z.string().nullable(),
  createdAt: z.iso.datetime(),
  lastSignInAt: z.iso.datetime().nullable(),
})
export type User = z.infer<typeof userSchema>

/** Every member of the staff, by mail. Times ISO 8601 UTC. */
export async function listUsers({ ctx }: { ctx: Context }): Promise<User[]> {
  requireRole(ctx, 'admin')
  return (await prisma().user.findMany({ orderBy: { email: 'asc' } })).map(shown)
}

/** Errors: invalid (with field), conflict when the mail is taken, forbidden. */
export async function createUser({ ctx, input }: { ctx: Context; input: unknown }): Promise<User> {
  requireRole(ctx, 'admin')
  const { password, ...wanted } = parseInput(newUserSchema, input)
  const passwordHash = await hashPassword(password)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'users')
    return await insertUser(tx, ctx, { ...wanted, passwordHash })
  })
}

/**
 * Changes what is given. A new password or a deactivation ends the user's sessions. Errors: not-found; conflict when
 * nobody who is active would be left as administrator.
 */
export async function updateUser({ ctx, input }: { ctx: Context; input: unknown }): Promise<User> {
  requireRole(ctx, 'admin')
  const { id, password, ...wanted } = parseInput(userChangeSchema, input)
  const passwordHash = password === undefined ? undefined : await hashPassword(password)
  const user = await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'users')
    const user = await tx.user.findUnique({ where: { id } })
    if (!user) throw new DeskError('not-found', 'There is no such user.', { field: 'id' })
    return await changeUser(tx, ctx, user, { ...wanted, passwordHash })
  })
  forgetSessions(id)
  return shown(user)
}

/** Inside a transaction that holds the lock of users. */
export async function insertUser(
  tx: Tx,
  ctx: Context,
  wanted: { email: string; role: Role; locale?: string | null; passwordHash: string },
): Promise<User> {
  if (await tx.user.findUnique({ where: { email: wanted.email }, select: { id: true } })) {
    throw new DeskError('conflict', `${wanted.email} is a user already.`, { field: 'email' })
  }
  const user = await tx.user.create({ data: { id: newId(), ...wanted, locale: wanted.locale ?? null } })
  await recordAudit(tx, ctx, {
    action: 'user.create',
    subject: 'user',
    target: user.id,
    data: { email: user.email, role: user.role },
  })
  return shown(user)
}

type UserChange = { role?: Role; active?: boolean; locale?: string | null; passwordHash?: string }

/** Inside a transaction that holds the lock of users; the caller forgets the user's sessions afterwards. */
export async function changeUser(tx: Tx, ctx: Context, user: UserRow, wanted: UserChange): Promise<UserRow> {
  const role = wanted.role ?? user.role
  const active = wanted.active ?? user.active
  if (user.role === 'admin' && user.active && (role !== 'admin' || !active)) {
    const others = await tx.user.count({ where: { role: 'admin', active: true, id: { not: user.id } } })
    if (others === 0) {
      throw new DeskError('conflict', `${user.email} is the last administrator; make somebody else one first.`, {
        field: active ? 'role' : 'active',
      })
    }
  }
  const locale = wanted.locale === undefined ? user.locale : wanted.locale
  const facts = {
    ...(role !== user.role && { role }),
    ...(active !== user.active && { active }),
    ...(locale !== user.locale && { locale }),
  }
  const endSessions = wanted.passwordHash !== undefined || (user.active && !active)
  if (!endSessions && Object.keys(facts).length === 0) return user
  const changed = await tx.user.update({
    where: { id: user.id },
    data: {
      ...facts,
      ...(wanted.passwordHash !== undefined && { passwordHash: wanted.passwordHash }),
      ...(endSessions && { sessionVersion: { increment: 1 } }),
    },
  })
  await recordAudit(tx, ctx, {
    action: 'user.update',
    subject: 'user',
    target: user.id,
    data: { email: user.email, ...facts, ...(wanted.passwordHash !== undefined && { password: 'changed' }) },
  })
  return changed
}

function shown(user: UserRow): User {
  return {
    id: user.id,
    email: user.email,
    role: user.role as Role,
    active: user.active,
    locale: user.locale,
    createdAt: user.createdAt.toISOString(),
    lastSignInAt: user.lastSignInAt?.toISOString() ?? null,
  }
}
