/**
 * The sign-in of an enterprise's users (OAuth 2.0; zh-cn_topic_0070649141, 0070649448 to 0070649450, 0070649145).
 * Addresses, requests and answers only; who sends them is not known here.
 */

/** Where the marketplace's unified login page stands. */
export const UNIFIED_LOGIN = 'https://macroverse.huaweicloud.com/unified-login/#/portal-login'

/** The unified page takes neither `state` nor `redirect_uri`: it leads to the address registered with the application. */
export function unifiedLoginUrl(appId: string, page: string = UNIFIED_LOGIN): string {
  return `${page}${page.includes('?') ? '&' : '?'}${new URLSearchParams({ ind: 'UNOP', appId })}`
}

/** The enterprise's own login domain, which takes both. `challenge` is a PKCE code challenge (S256). */
export function authorizeUrl(
  domain: string,
  ask: { clientId: string; redirectUri: string; state: string; challenge: string },
): string {
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: ask.clientId,
    redirect_uri: ask.redirectUri,
    scope: 'get_user_info',
    state: ask.state,
    code_challenge: ask.challenge,
    code_challenge_method: 'S256',
  })
  return `${domain}/api/v1/oauth2/authorize?${query}`
}

/** Ends the session at the identity side; a navigation of the browser. */
export function logoutUrl(domain: string, redirectUrl: string | null): string {
  const query = redirectUrl ? `?${new URLSearchParams({ redirect_url: redirectUrl })}` : ''
  return `${domain}/api/v1/logout${query}`
}

export type OauthClient = { domain: string; clientId: string; clientSecret: string }
export type OauthRequest = { url: string; method: 'GET' | 'POST'; headers: Record<string, string>; body?: string }

/** `redirectUri` and `verifier` go with `authorizeUrl` only. A code is good once. */
export function codeRequest(
  client: OauthClient,
  given: { code: string; redirectUri: string | null; verifier: string | null },
): OauthRequest {
  return tokenRequest(client, {
    grant_type: 'authorization_code',
    code: given.code,
    ...(given.redirectUri && { redirect_uri: given.redirectUri }),
    ...(given.verifier && { code_verifier: given.verifier }),
  })
}

export function refreshRequest(client: OauthClient, refreshToken: string): OauthRequest {
  return tokenRequest(client, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

function tokenRequest(client: OauthClient, form: Record<string, string>): OauthRequest {
  const members = { client_id: client.clientId, client_secret: client.clientSecret, ...form }
  return {
    url: `${client.domain}/api/v1/oauth2/token`,
    method: 'POST',
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(members).toString(),
  }
}

export function userInfoRequest(domain: string, accessToken: string): OauthRequest {
  return {
    url: `${domain}/api/v1/oauth2/userinfo`,
    method: 'GET',
    headers: { accept: 'application/json', authorization: `Bearer ${accessToken}` },
  }
}

/** `expiresIn` in seconds; two hours by the documents where it is not said. No refresh token: it cannot be renewed. */
export type OauthTokens = { accessToken: string; refreshToken: string | null; expiresIn: number }

const TWO_HOURS = 7200

export function readTokens(body: string): OauthTokens | null {
  const { access_token, refresh_token, expires_in } = objectOf(body)
  if (typeof access_token !== 'string' || access_token === '' || access_token.length > 16_384) return null
  const seconds = Number(expires_in)
  return {
    accessToken: access_token,
    refreshToken: typeof refresh_token === 'string' && refresh_token !== '' ? refresh_token : null,
    expiresIn: Number.isFinite(seconds) && seconds > 0 ? seconds : TWO_HOURS,
  }
}

/** The `error` word of an answer that is not 200, where there is a plain one. */
export function readOauthError(body: string): string | null {
  const { error } = objectOf(body)
  return typeof error === 'string' && /^[\w.-]{1,60}$/.test(error) ? error : null
}

/** Only the user's id and name are sure to be told (zh-cn_topic_0070649450). */
export type OauthUser = {
  id: string | null
  userName: string
  name: string | null
  email: string | null
  mobile: string | null
  role: string | null
  userId: string | null
  organizationName: string | null
  organizationCode: string | null
  projectName: string | null
  tenant: string | null
}

export function readUserInfo(body: string): OauthUser | null {
  const told = objectOf(body)
  const text = (name: string) => {
    const value = told[name]
    return typeof value === 'string' || typeof value === 'number' ? String(value).slice(0, 512) || null : null
  }
  const userName = text('userName') ?? text('username')
  if (!userName) return null
  return {
    id: text('id'),
    userName,
    name: text('name'),
    email: text('email'),
    mobile: text('mobile'),
    role: text('role'),
    userId: text('userId'),
    organizationName: text('organizationName'),
    organizationCode: text('organizationCode'),
    projectName: text('projectName'),
    tenant: text('tenant'),
  }
}

function objectOf(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
