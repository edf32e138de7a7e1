import { prisma } from '@/lib/db/client'
import { env } from '@/lib/env'
import type { Result } from '@/lib/errors'
import { guardedFetch } from '@/lib/http/guarded-fetch'
import {
  codeRequest,
  type OauthClient,
  type OauthRequest,
  type OauthTokens,
  type OauthUser,
  readOauthError,
  readTokens,
  readUserInfo,
  refreshRequest,
  userInfoRequest,
} from '@/lib/marketplace'
import { unseal } from '@/lib/secrets'

const TIMEOUT_MS = 6_000

/** Why the identity side did not do what was asked, in a word, and in a sentence for staff. */
export type IdentityFault = { kind: 'refused' | 'unreachable'; message: string }

/** The OAuth client of an application in an enterprise: its newest in use whose secret is known. */
export async function findClient(tenantRef: string, appId: string): Promise<OauthClient | null> {
  const app = await prisma().tenantApp.findFirst({
    where: { tenantRef, appId, active: true, clientId: { not: null }, clientSecret: { not: null } },
    orderBy: { asOf: 'desc' },
    include: { tenant: true },
  })
  if (!app?.clientId || !app.clientSecret || !app.tenant.domainName) return null
  return { domain: app.tenant.domainName, clientId: app.clientId, clientSecret: unseal(app.clientSecret) }
}

export async function exchangeCode(
  client: OauthClient,
  given: { code: string; redirectUri: string | null; verifier: string | null },
): Promise<Result<OauthTokens, IdentityFault>> {
  return asked(codeRequest(client, given), readTokens, 'the token')
}

export async function refreshTokens(
  client: OauthClient,
  refreshToken: string,
): Promise<Result<OauthTokens, IdentityFault>> {
  return asked(refreshRequest(client, refreshToken), readTokens, 'the token')
}

export async function fetchUser(domain: string, accessToken: string): Promise<Result<OauthUser, IdentityFault>> {
  return asked(userInfoRequest(domain, accessToken), readUserInfo, 'the user')
}

async function asked<T>(
  request: OauthRequest,
  read: (body: string) => T | null,
  what: string,
): Promise<Result<T, IdentityFault>> {
  const fetched = await guardedFetch({
    ...request,
    timeoutMs: TIMEOUT_MS,
    allowPrivate: env().deskAllowPrivateWebhooks,
  })
  if (!fetched.ok) return { ok: false, error: { kind: 'unreachable', message: fetched.error.message } }
  const { status, body } = fetched.value
  if (status >= 500)
    return { ok: false, error: { kind: 'unreachable', message: `The login domain answered ${status}.` } }
  if (status !== 200) {
    const word = readOauthError(body)
    const message = `The login domain refused ${what}: ${status}${word ? ` ${word}` : ''}.`
    return { ok: false, error: { kind: 'refused', message } }
  }
  const value = read(body)
  if (value) return { ok: true, value }
  return { ok: false, error: { kind: 'refused', message: `The login domain's answer does not hold ${what}.` } }
}
