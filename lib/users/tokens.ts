import { randomInt } from 'node:crypto'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { once } from '@/lib/db/once'
import { DeskError } from '@/lib/errors'
import type { ApiToken as TokenRow } from '@/lib/generated/prisma/client'
import { parseInput } from '@/lib/input'
import { log } from '@/lib/log'
import { fingerprint } from '@/lib/secrets'
import { roleSchema } from './accounts'
import { type Context, type Role, requireRole } from './context'
import { type Scope, scopeSchema } from './scopes'

export const tokenNameSchema = z.string().trim().min(1).max(80)
/** `desk_` and what RFC 6750 lets a bearer token have. The desk makes 32; how strong a given one is, its giver decides. */
export const tokenSchema = z
  .string()
  .regex(/^desk_[\w.~+/-]{1,200}={0,2}$/, 'must be desk_ followed by 1 to 200 letters, digits or _ - . ~ + /')

export const newTokenSchema = z.strictObject({
  name: tokenNameSchema,
  role: roleSchema,
  scopes: z
    .array(scopeSchema)
    .max(20)
    .optional()
    .describe('parts of the API it may use; none or left out: all of them'),
})

export const apiTokenSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  role: roleSchema,
  scopes: z.array(scopeSchema).describe('none: the whole API'),
  hint: z.string(),
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
  revokedAt: z.iso.datetime().nullable(),
})
export type ApiToken = z.infer<typeof apiTokenSchema>

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

export function generateToken(): string {
  return `desk_${Array.from({ length: 32 }, () => alphabet[randomInt(alphabet.length)]).join('')}`
}

/** Newest first, revoked ones too. Times ISO 8601 UTC. */
export async function listTokens({ ctx }: { ctx: Context }): Promise<ApiToken[]> {
  requireRole(ctx, 'admin')
  return (await prisma().apiToken.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] })).map(shown)
}

/** `token` is told here and never again. Errors: conflict when the name is taken. */
export async function createToken({
  ctx,
  input,
}: {
  ctx: Context
  input: unknown
}): Promise<ApiToken & { token: string }> {
  requireRole(ctx, 'admin')
  const { name, role, scopes } = parseInput(newTokenSchema, input)
  const token = generateToken()
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'tokens')
    return { ...(await insertToken(tx, ctx, { name, role, scopes, token })), token }
  })
}

/** Ends a token at once here, within 5 s on other replicas. Revoking it again changes nothing. */
export async function revokeToken({ ctx, input }: { ctx: Context; input: unknown }): Promise<ApiToken> {
  requireRole(ctx, 'admin')
  const { id } = parseInput(z.strictObject({ id: z.uuid() }), input)
  const revoked = await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'tokens')
    const token = await tx.apiToken.findUnique({ where: { id } })
    if (!token) throw new DeskError('not-found', 'There is no such token.', { field: 'id' })
    if (token.revokedAt) return token
    await recordAudit(tx, ctx, { action: 'token.revoke', subject: 'token', target: id, data: { name: token.name } })
    return await tx.apiToken.update({ where: { id }, data: { revokedAt: new Date() } })
  })
  known().clear()
  return shown(revoked)
}

/** Inside a transaction that holds the lock of tokens. */
export async function insertToken(
  tx: Tx,
  ctx: Context,
  wanted: { name: string; role: Role; scopes?: Scope[]; token: string },
): Promise<ApiToken> {
  const { name, role, token } = wanted
  const scopes = [...new Set(wanted.scopes)]
  if (await tx.apiToken.findUnique({ where: { name }, select: { id: true } })) {
    throw new DeskError('conflict', `There is a token named ${name} already.`, { field: 'name' })
  }
  const hash = hashToken(token)
  await requireUnusedToken(tx, hash, null)
  const row = await tx.apiToken.create({
    data: { id: newId(), name, role, scopes, hash, hint: hintOf(token), createdBy: ctx.actor.name },
  })
  await recordAudit(tx, ctx, { action: 'token.create', subject: 'token', target: row.id, data: { name, role, scopes } })
  return shown(row)
}

/**
 * Gives an existing token what the set-up file says. False when it is so already. A revoked one comes back with a new
 * value only: applying an old file must not undo the revocation. Inside the same lock.
 */
export async function changeToken(
  tx: Tx,
  ctx: Context,
  row: TokenRow,
  wanted: { role: Role; token?: string },
): Promise<boolean> {
  const hash = wanted.token === undefined ? row.hash : hashToken(wanted.token)
  const facts = {
    ...(wanted.role !== row.role && { role: wanted.role }),
    ...(row.revokedAt && hash !== row.hash && { revokedAt: null }),
  }
  if (hash === row.hash && Object.keys(facts).length === 0) return false
  await requireUnusedToken(tx, hash, row.id)
  const hint = wanted.token === undefined ? row.hint : hintOf(wanted.token)
  await tx.apiToken.update({ where: { id: row.id }, data: { ...facts, hash, hint } })
  const data = { name: row.name, ...facts, ...(hash !== row.hash && { token: 'changed' }) }
  await recordAudit(tx, ctx, { action: 'token.update', subject: 'token', target: row.id, data })
  return true
}

async function requireUnusedToken(tx: Tx, hash: string, ownId: string | null): Promise<void> {
  const other = await tx.apiToken.findUnique({ where: { hash } })
  if (other && other.id !== ownId) {
    throw new DeskError('conflict', `The token named ${other.name} has the same value.`, { field: 'token' })
  }
}

type Known = { ctx: Context; checkedAt: number }
const freshMs = 5_000
const maxKnown = 1_000
const usedEveryMs = 60_000
const known = () => once('api-tokens', () => new Map<string, Known>())

/**
 * Who a token of the Authorization header stands for, at most 5 s old; null when it is unknown or revoked. Its last use
 * is noted at most once a minute. `bearer` is the token, with or without the word Bearer.
 */
export async function contextForToken(bearer: string): Promise<Context | null> {
  const token = bearer.replace(/^Bearer\s+/i, '').trim()
  if (!tokenSchema.safeParse(token).success) return null
  const hash = hashToken(token)
  const last = known().get(hash)
  if (last && Date.now() - last.checkedAt < freshMs) return last.ctx
  const row = await prisma().apiToken.findUnique({ where: { hash } })
  const ctx: Context | null =
    row && !row.revokedAt
      ? { actor: { name: row.name, via: 'token', role: row.role as Role, scopes: row.scopes as Scope[] } }
      : null
  if (!row || !ctx) {
    // Not remembered: it may be made in the next moment.
    known().delete(hash)
    return null
  }
  if (known().size >= maxKnown) known().clear()
  known().set(hash, { ctx, checkedAt: Date.now() })
  noteUsed(row)
  return ctx
}

/** Tokens are looked up anew at their next use. */
export function forgetTokens(): void {
  known().clear()
}

function noteUsed(row: TokenRow): void {
  const before = new Date(Date.now() - usedEveryMs)
  if (row.lastUsedAt && row.lastUsedAt > before) return
  prisma()
    .apiToken.updateMany({
      where: { id: row.id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: before } }] },
      data: { lastUsedAt: new Date() },
    })
    .catch((error: unknown) => log.warn({ err: error }, 'the last use of a token was not noted'))
}

function hashToken(token: string): string {
  return fingerprint('api-token', token)
}

/** The last four characters, of a short token fewer: at most a quarter of it. */
function hintOf(token: string): string {
  const shown = Math.min(4, Math.floor((token.length - 'desk_'.length) / 4))
  return token.slice(token.length - shown)
}

function shown(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role as Role,
    scopes: row.scopes as Scope[],
    hint: row.hint,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  }
}
