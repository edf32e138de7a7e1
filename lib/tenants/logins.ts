import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { env } from '@/lib/env'
import type { LoginApp, Tenant } from '@/lib/generated/prisma/client'
import { authorizeUrl, type OauthTokens, type OauthUser, unifiedLoginUrl } from '@/lib/marketplace'
import { fingerprint, seal, unseal } from '@/lib/secrets'
import { exchangeCode, fetchUser, findClient } from './identity'
import { signLoginToken } from './login-token'

/** Where the identity side sends the browser back to: registered with the application credential. */
export const callbackUrl = () => `${env().deskUrl}/api/v1/tenant-logins/callback`

const START_MS = 10 * 60_000
const TOKEN_SECONDS = 60

/** Why nobody could be signed in; a word of the messages. */
export type LoginProblem =
  | 'unknown-app'
  | 'unknown-tenant'
  | 'return-address'
  | 'not-begun'
  | 'expired'
  | 'used'
  | 'refused'
  | 'wrong-tenant'
  | 'unreachable'
  | 'not-authorised'

/** A sign-in that cannot go on. `returnTo` is where the browser may be told, once that is known to be allowed. */
export class LoginRefused extends Error {
  constructor(
    readonly problem: LoginProblem,
    readonly returnTo: string | null = null,
  ) {
    super(problem)
  }
}

/** What the browser keeps between the beginning and the end, sealed in a cookie: a stranger's start costs no row. */
type Start = {
  key: string
  tenantId: string | null
  appId: string
  returnTo: string
  state: string | null
  entry: 'unified' | 'domain'
  verifier: string
  /** milliseconds since the epoch */
  until: number
}

export type StartInput = { tenant?: string; app?: string; returnTo?: string; state?: string }

/** Begins a sign-in: where the browser goes, and what it must bring back. Throws `LoginRefused`. */
export async function beginLogin(input: StartInput, now: Date): Promise<{ location: string; cookie: string }> {
  const tenant = input.tenant ? await findTenant(input.tenant) : null
  if (input.tenant && !tenant) throw new LoginRefused('unknown-tenant')
  const app = await findApp(input.app, tenant)
  const returnTo = allowedReturn(app, input.returnTo)
  const back = (problem: LoginProblem) => new LoginRefused(problem, withQuery(returnTo, { state: input.state }))
  const start: Start = {
    key: randomBytes(32).toString('base64url'),
    tenantId: tenant?.tenantId ?? null,
    appId: app.appId,
    returnTo,
    state: input.state ?? null,
    entry: app.entry === 'domain' ? 'domain' : 'unified',
    verifier: randomBytes(32).toString('base64url'),
    until: now.getTime() + START_MS,
  }
  const cookie = Buffer.from(seal(JSON.stringify(start))).toString('base64url')
  if (start.entry === 'unified') return { location: unifiedLoginUrl(app.appId, app.loginUrl ?? undefined), cookie }
  const client = tenant && (await findClient(tenant.id, app.appId))
  if (!client) throw back('unknown-tenant')
  const challenge = createHash('sha256').update(start.verifier).digest('base64url')
  const ask = { clientId: client.clientId, redirectUri: callbackUrl(), state: stateOf(start), challenge }
  return { location: authorizeUrl(client.domain, ask), cookie }
}

/** Of debug data and real ones the real enterprise counts. */
function findTenant(tenantId: string): Promise<Tenant | null> {
  return prisma().tenant.findFirst({ where: { tenantId, state: { not: 'unbound' } }, orderBy: { test: 'asc' } })
}

async function findApp(appId: string | undefined, tenant: Tenant | null): Promise<LoginApp> {
  if (appId) {
    const app = await prisma().loginApp.findUnique({ where: { appId } })
    if (app) return app
    throw new LoginRefused('unknown-app')
  }
  const used = tenant ? await prisma().tenantApp.findMany({ where: { tenantRef: tenant.id, active: true } }) : null
  const where = used ? { appId: { in: used.map((app) => app.appId) } } : {}
  const [app, second] = await prisma().loginApp.findMany({ where, take: 2 })
  if (!app || second) throw new LoginRefused('unknown-app')
  return app
}

// Compared as a whole: a prefix or a pattern would leave room for an open redirect.
function allowedReturn(app: LoginApp, wanted: string | undefined): string {
  const [first] = app.returnUrls
  if (!wanted) return first as string
  const normal = URL.canParse(wanted) ? new URL(wanted).href : null
  if (normal && app.returnUrls.includes(normal)) return normal
  throw new LoginRefused('return-address')
}

function stateOf({ key }: Start): string {
  return fingerprint('tenant-login-state', key)
}

export type ReturnInput = { code?: string; tenant?: string; tenant_id?: string; state?: string; error?: string }

/**
 * Ends a sign-in: exchanges the code, reads the user, and says where the browser goes with its token. Each beginning ends
 * once, in the browser that began it. Throws `LoginRefused`.
 */
export async function finishLogin(
  query: ReturnInput,
  cookie: string | undefined,
  now: Date,
): Promise<{ location: string }> {
  const start = readStart(cookie)
  if (!start) throw new LoginRefused('not-begun')
  const app = await prisma().loginApp.findUnique({ where: { appId: start.appId } })
  if (!app?.returnUrls.includes(start.returnTo)) throw new LoginRefused('return-address')
  const back = (problem: LoginProblem) =>
    new LoginRefused(problem, withQuery(start.returnTo, { state: start.state ?? undefined }))
  if (now.getTime() > start.until) throw back('expired')
  if (start.entry === 'domain' && !sameText(query.state ?? '', stateOf(start))) throw new LoginRefused('not-begun')
  const tenantId = query.tenant ?? query.tenant_id ?? start.tenantId
  if (start.tenantId !== null && tenantId !== start.tenantId) throw back('wrong-tenant')
  const tenant = tenantId ? await findTenant(tenantId) : null
  if (!tenant) throw back('unknown-tenant')
  const id = await claim(start, tenant, now)
  if (!id) throw back('used')
  const signedIn = await exchange(start, tenant, query)
  if ('problem' in signedIn) {
    await prisma().tenantLogin.update({
      where: { id },
      data: { state: 'failed', reason: signedIn.reason ?? signedIn.problem, userName: signedIn.userName ?? null },
    })
    throw back(signedIn.problem)
  }
  const { user, tokens } = signedIn
  await prisma().tenantLogin.update({
    where: { id },
    data: { state: 'signed-in', userName: user.userName, name: user.name, session: sealSession({ user, tokens }, now) },
  })
  const seconds = Math.floor(now.getTime() / 1000)
  const token = signLoginToken({
    iss: env().deskUrl,
    aud: start.appId,
    sub: user.userName,
    tenant: tenant.tenantId,
    jti: id,
    iat: seconds,
    exp: seconds + TOKEN_SECONDS,
  })
  return { location: withQuery(start.returnTo, { token, state: start.state ?? undefined }) }
}

type Failed = { problem: LoginProblem; reason?: string; userName?: string }

async function exchange(
  start: Start,
  tenant: Tenant,
  query: ReturnInput,
): Promise<{ user: OauthUser; tokens: OauthTokens } | Failed> {
  if (!query.code) return { problem: 'refused', reason: query.error?.slice(0, 60) }
  const client = await findClient(tenant.id, start.appId)
  if (!client) return { problem: 'unknown-tenant' }
  const own = start.entry === 'domain'
  const tokens = await exchangeCode(client, {
    code: query.code,
    redirectUri: own ? callbackUrl() : null,
    verifier: own ? start.verifier : null,
  })
  if (!tokens.ok) return { problem: tokens.error.kind, reason: tokens.error.message }
  const user = await fetchUser(client.domain, tokens.value.accessToken)
  if (!user.ok) return { problem: user.error.kind, reason: user.error.message }
  const { userName } = user.value
  if (user.value.tenant && user.value.tenant !== tenant.tenantId) return { problem: 'wrong-tenant', userName }
  if (!(await maySignIn(tenant.id, start.appId, userName))) return { problem: 'not-authorised', userName }
  return { user: user.value, tokens: tokens.value }
}

/** Whoever was revoked, deleted or switched off may not; a user whose authorisation has not been synced yet may. */
export async function maySignIn(tenantRef: string, appId: string, userName: string): Promise<boolean> {
  const member = await prisma().tenantMember.findUnique({
    where: { tenantRef_appId_userName: { tenantRef, appId, userName } },
  })
  return member === null || (member.access === 'granted' && member.enabled !== false)
}

async function claim(start: Start, tenant: Tenant, now: Date): Promise<string | null> {
  const id = newId(now.getTime())
  const { count } = await prisma().tenantLogin.createMany({
    data: {
      id,
      tenantRef: tenant.id,
      appId: start.appId,
      startKey: fingerprint('tenant-login', start.key),
      state: 'exchanging',
      returnTo: start.returnTo,
      createdAt: now,
    },
    skipDuplicates: true,
  })
  return count === 1 ? id : null
}

function readStart(cookie: string | undefined): Start | null {
  if (!cookie) return null
  try {
    return JSON.parse(unseal(Buffer.from(cookie, 'base64url'))) as Start
  } catch {
    return null
  }
}

/** What is kept of a signed-in user. */
export type Session = {
  user: OauthUser
  accessToken: string
  refreshToken: string | null
  /** ISO 8601, UTC */
  expiresAt: string
}

export function sealSession(given: { user: OauthUser; tokens: OauthTokens }, now: Date): Uint8Array<ArrayBuffer> {
  const { accessToken, refreshToken, expiresIn } = given.tokens
  const expiresAt = new Date(now.getTime() + expiresIn * 1000).toISOString()
  return seal(JSON.stringify({ user: given.user, accessToken, refreshToken, expiresAt } satisfies Session))
}

export function openSession(sealed: Uint8Array): Session {
  return JSON.parse(unseal(sealed)) as Session
}

export function withQuery(address: string, members: Record<string, string | undefined>): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(members)) if (value !== undefined) url.searchParams.set(name, value)
  return url.href
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
