import { z } from 'zod'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import type { TenantLogin } from '@/lib/generated/prisma/client'
import { cutPage, type Page, pageQuery, readCursor } from '@/lib/http/paging'
import { parseInput } from '@/lib/input'
import { logoutUrl } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { fetchUser, findClient, refreshTokens } from './identity'
import { readLoginToken } from './login-token'
import { maySignIn, openSession, sealSession } from './logins'
import { requireTenant } from './lookup'

const time = z.iso.datetime()
const text = z.string().nullable()
const states = ['exchanging', 'failed', 'signed-in', 'ended'] as const

export const loginSession = z
  .object({
    id: z.guid(),
    appId: z.string(),
    tenant: z.object({ id: z.guid(), tenantId: z.string(), name: text, domainName: text, test: z.boolean() }),
    user: z.object({
      userName: z.string(),
      id: text,
      userId: text,
      name: text,
      email: text,
      mobile: text,
      role: text.describe('as the identity side says; else as synced'),
      organizationCode: text,
      organizationName: text,
    }),
    signedInAt: time,
    expiresAt: time.describe('after it, refresh'),
    refreshable: z.boolean(),
  })
  .meta({ id: 'TenantLogin', description: 'A signed-in user of an enterprise.' })
export type LoginSession = z.output<typeof loginSession>

export const verifySchema = z.strictObject({ token: z.string().min(1).max(4096) })
export const logoutSchema = z.strictObject({
  returnTo: z.string().max(512).optional().describe('a registered return address, where the browser goes in the end'),
})

/**
 * Takes a user over with the token the browser brought: once, within its minute. What comes back is for the seller's
 * software alone. Errors: conflict for a token that is not ours, ran out or was taken already.
 */
export async function takeLogin({
  ctx,
  input,
}: {
  ctx: Context
  input: z.input<typeof verifySchema>
}): Promise<LoginSession> {
  requireRole(ctx, 'operator')
  const claims = readLoginToken(parseInput(verifySchema, input).token, new Date())
  if (!claims)
    throw new DeskError('conflict', 'token: it is none of this desk, or its minute is over.', { field: 'token' })
  const { count } = await prisma().tenantLogin.updateMany({
    where: { id: claims.jti, state: 'signed-in', takenAt: null },
    data: { takenAt: new Date() },
  })
  if (count === 0) throw new DeskError('conflict', 'token: it was used before.', { field: 'token' })
  return getLogin({ ctx, id: claims.jti })
}

/** A signed-in user. Errors: not-found, conflict when the sign-in ended or the user may not sign in any more. */
export async function getLogin({ ctx, id }: { ctx: Context; id: string }): Promise<LoginSession> {
  requireRole(ctx, 'operator')
  const login = isId(id) ? await prisma().tenantLogin.findUnique({ where: { id } }) : null
  return show(await requireOpen(login, id))
}

type Open = TenantLogin & { session: Uint8Array<ArrayBuffer>; userName: string }

async function requireOpen(login: TenantLogin | null, id: string): Promise<Open> {
  if (!login?.takenAt) throw new DeskError('not-found', `There is no sign-in ${id}.`)
  const { state, session, userName } = login
  if (state !== 'signed-in' || !session || !userName) throw new DeskError('conflict', 'This sign-in has ended.')
  if (await maySignIn(login.tenantRef, login.appId, userName)) return { ...login, session, userName }
  await end(prisma(), id, 'not-authorised')
  throw new DeskError('conflict', `${userName} is not authorised for this application any more.`)
}

async function end(tx: Tx, id: string, reason: string | null): Promise<void> {
  await tx.tenantLogin.update({ where: { id }, data: { state: 'ended', reason, endedAt: new Date(), session: null } })
}

async function show(login: Open): Promise<LoginSession> {
  const { user, refreshToken, expiresAt } = openSession(login.session)
  const tenant = await prisma().tenant.findUniqueOrThrow({ where: { id: login.tenantRef } })
  const member = await prisma().tenantMember.findUnique({
    where: {
      tenantRef_appId_userName: { tenantRef: login.tenantRef, appId: login.appId, userName: login.userName },
    },
  })
  return {
    id: login.id,
    appId: login.appId,
    tenant: {
      id: tenant.id,
      tenantId: tenant.tenantId,
      name: tenant.name,
      domainName: tenant.domainName,
      test: tenant.test,
    },
    user: {
      userName: user.userName,
      id: user.id,
      userId: user.userId,
      name: user.name ?? member?.name ?? null,
      email: user.email,
      mobile: user.mobile,
      role: user.role ?? member?.role ?? null,
      organizationCode: user.organizationCode ?? member?.orgCode ?? null,
      organizationName: user.organizationName,
    },
    signedInAt: login.createdAt.toISOString(),
    expiresAt,
    refreshable: refreshToken !== null,
  }
}

const REFRESH_TRANSACTION_MS = 15_000

/**
 * Renews the tokens at the identity side and reads the user again. Errors: not-found; conflict when the identity side does
 * not renew it, which ends the sign-in; unavailable when it cannot be reached.
 */
export async function refreshLogin({ ctx, id }: { ctx: Context; id: string }): Promise<LoginSession> {
  requireRole(ctx, 'operator')
  await getLogin({ ctx, id })
  const refused = await prisma().$transaction(
    async (tx) => {
      // A refresh token may be good once: whoever comes second waits and finds the new one.
      await tx.$queryRaw(Prisma.sql`SELECT 1 FROM tenant_logins WHERE id = ${id}::uuid FOR UPDATE`)
      const login = await tx.tenantLogin.findUniqueOrThrow({ where: { id } })
      const refreshToken = login.session && openSession(login.session).refreshToken
      const client = await findClient(login.tenantRef, login.appId)
      if (!refreshToken || !client) throw new DeskError('conflict', 'This sign-in cannot be renewed; sign in again.')
      const tokens = await refreshTokens(client, refreshToken)
      const user = tokens.ok ? await fetchUser(client.domain, tokens.value.accessToken) : tokens
      if (tokens.ok && user.ok) {
        const kept = { ...tokens.value, refreshToken: tokens.value.refreshToken ?? refreshToken }
        const now = new Date()
        const session = sealSession({ user: user.value, tokens: kept }, now)
        await tx.tenantLogin.update({ where: { id }, data: { session, refreshedAt: now } })
        return null
      }
      const fault = (tokens.ok ? user : tokens) as { error: { kind: string; message: string } }
      if (fault.error.kind === 'unreachable') throw new DeskError('unavailable', fault.error.message)
      await end(tx, id, fault.error.message)
      return fault.error.message
    },
    { timeout: REFRESH_TRANSACTION_MS },
  )
  if (refused) throw new DeskError('conflict', `${refused} The sign-in has ended.`)
  return getLogin({ ctx, id })
}

/** Ends a sign-in; the browser then goes to `logoutUrl`, which ends it at the identity side too. */
export async function endLogin({
  ctx,
  id,
  input,
}: {
  ctx: Context
  id: string
  input: z.input<typeof logoutSchema>
}): Promise<{ logoutUrl: string | null }> {
  requireRole(ctx, 'operator')
  const { returnTo } = parseInput(logoutSchema, input)
  const login = isId(id)
    ? await prisma().tenantLogin.findUnique({ where: { id }, include: { tenant: { select: { domainName: true } } } })
    : null
  if (!login?.takenAt) throw new DeskError('not-found', `There is no sign-in ${id}.`)
  const app = await prisma().loginApp.findUnique({ where: { appId: login.appId } })
  const normal = returnTo && URL.canParse(returnTo) ? new URL(returnTo).href : returnTo
  if (normal && !app?.returnUrls.includes(normal))
    throw new DeskError('invalid', 'returnTo: is not registered for this application', { field: 'returnTo' })
  if (login.state === 'signed-in') await end(prisma(), id, null)
  const { domainName } = login.tenant
  return { logoutUrl: domainName && logoutUrl(domainName, normal ?? null) }
}

export const loginItem = z
  .object({
    id: z.guid(),
    appId: z.string(),
    userName: text,
    name: text,
    state: z.enum(states),
    reason: text,
    createdAt: time,
    takenAt: time.nullable(),
    endedAt: time.nullable(),
  })
  .meta({ id: 'TenantLoginItem' })
export type LoginItem = z.output<typeof loginItem>
export const loginQuery = z.strictObject({ state: z.enum(states).optional(), ...pageQuery })

/** Sign-ins of an enterprise's users, newest first. */
export async function listLogins({
  ctx,
  id,
  query,
}: {
  ctx: Context
  id: string
  query: z.output<typeof loginQuery>
}): Promise<Page<LoginItem>> {
  requireRole(ctx, 'viewer')
  await requireTenant(id)
  const after = readCursor(query.cursor, query, ['id'])
  const rows = await prisma().tenantLogin.findMany({
    where: { tenantRef: id, ...(query.state && { state: query.state }), ...(after && { id: { lt: after[0] } }) },
    orderBy: { id: 'desc' },
    take: query.limit + 1,
    omit: { session: true, startKey: true },
  })
  const items = rows.map(({ id: loginId, appId, userName, name, state, reason, createdAt, takenAt, endedAt }) => ({
    id: loginId,
    appId,
    userName,
    name,
    state: state as LoginItem['state'],
    reason,
    createdAt: createdAt.toISOString(),
    takenAt: takenAt?.toISOString() ?? null,
    endedAt: endedAt?.toISOString() ?? null,
  }))
  return cutPage(items, query, (item) => [item.id])
}

/** Forgets sign-ins nobody can renew any more (refresh tokens live 30 days), and failed ones after a week. */
export async function pruneLogins(): Promise<void> {
  await prisma().$executeRaw`
    DELETE FROM tenant_logins WHERE coalesce(refreshed_at, created_at) < now() - INTERVAL '40 days'
      OR (state IN ('failed', 'exchanging') AND created_at < now() - INTERVAL '7 days')`
}
