import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { SECOND } from './believable'
import { type Answer, json, listenOn, readBody, send } from './server'

/*
 * The identity side of a joint-operation enterprise: the unified login page and the enterprise's login domain in one
 * (open-api.md §6). Good enough for a real browser: pages with a user to choose, sessions in a cookie.
 */

export type IdentityUser = {
  userName: string
  name: string
  email?: string
  mobile?: string
  role?: string
  organizationCode?: string
}

export type IdentityClient = {
  appId: string
  tenantId: string
  clientId: string
  clientSecret: string
  /** registered with the application credential */
  redirectUri: string
}

export type Identity = {
  url: string
  /** what stands in the place of the marketplace's unified login page */
  loginUrl: string
  register(client: IdentityClient): void
  setUsers(users: IdentityUser[]): void
  /** Refresh tokens that were given out are good no more. */
  forgetSessions(): void
  stop(): Promise<void>
}

type Grant = { client: IdentityClient; user: IdentityUser; redirectUri: string | null; challenge: string | null }

const TOKEN_SECONDS = 7200

/** `tokenSeconds`: how long access tokens live; `rotate`: every refresh gives a new refresh token and ends the old one. */
export async function startIdentity(
  options: { port?: number; users?: IdentityUser[]; tokenSeconds?: number; rotate?: boolean } = {},
): Promise<Identity> {
  const clients: IdentityClient[] = []
  let users = options.users ?? []
  const codes = new Map<string, Grant>()
  const accessTokens = new Map<string, { grant: Grant; until: number }>()
  const refreshTokens = new Map<string, Grant>()

  function giveCode(grant: Grant): string {
    const code = randomBytes(16).toString('hex')
    codes.set(code, grant)
    return code
  }

  function unifiedPage(): Answer {
    // The parameters stand behind the #, where no server sees them.
    const script = `const ask = new URLSearchParams(location.hash.split('?')[1]);
      document.querySelector('[name=appId]').value = ask.get('appId'); document.querySelector('[name=ind]').value = ask.get('ind')`
    return html(`<h1>统一登录 Unified sign-in</h1><form method="post" action="/unified-login/">
      <input type="hidden" name="appId"><input type="hidden" name="ind">${choice(users)}</form><script>${script}</script>`)
  }

  function unifiedLogin(form: URLSearchParams): Answer {
    const client = clients.find(({ appId }) => appId === form.get('appId'))
    const user = users.find(({ userName }) => userName === form.get('user'))
    if (!client || !user || form.get('ind') !== 'UNOP') return html('<h1>400</h1>', 400)
    const code = giveCode({ client, user, redirectUri: null, challenge: null })
    return redirect(`${client.redirectUri}?${new URLSearchParams({ code, tenant: client.tenantId })}`)
  }

  function authorizePage(query: URLSearchParams): Answer {
    const client = clients.find(({ clientId }) => clientId === query.get('client_id'))
    const registered = client?.redirectUri === query.get('redirect_uri')
    if (!client || !registered || query.get('response_type') !== 'code') return html('<h1>400</h1>', 400)
    const kept = [...query].map(
      ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
    )
    return html(`<h1>企业登录 Enterprise sign-in</h1><form method="post" action="/api/v1/oauth2/authorize">
      ${kept.join('')}${choice(users)}</form>`)
  }

  function authorize(form: URLSearchParams): Answer {
    const client = clients.find(({ clientId }) => clientId === form.get('client_id'))
    const user = users.find(({ userName }) => userName === form.get('user'))
    if (!client || !user || client.redirectUri !== form.get('redirect_uri')) return html('<h1>400</h1>', 400)
    const challenge = form.get('code_challenge')
    const code = giveCode({ client, user, redirectUri: client.redirectUri, challenge })
    return redirect(`${client.redirectUri}?${new URLSearchParams({ code, state: form.get('state') ?? '' })}`)
  }

  function token(form: URLSearchParams): Answer {
    const client = clients.find(({ clientId }) => clientId === form.get('client_id'))
    if (client?.clientSecret !== form.get('client_secret'))
      return oauthError(401, 'invalid_client', 'Bad client credentials')
    const refresh = form.get('refresh_token') ?? ''
    const isRefresh = form.get('grant_type') === 'refresh_token'
    const grant = isRefresh ? refreshTokens.get(refresh) : codes.get(form.get('code') ?? '')
    const what = isRefresh ? 'refresh token' : 'authorization code'
    if (!isRefresh) codes.delete(form.get('code') ?? '')
    if (!grant || grant.client !== client || (!isRefresh && !provesItself(grant, form))) {
      return oauthError(400, 'invalid_grant', `Invalid ${what}`)
    }
    if (isRefresh && options.rotate) refreshTokens.delete(refresh)
    return giveTokens(grant)
  }

  function provesItself({ redirectUri, challenge }: Grant, form: URLSearchParams): boolean {
    const proof = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    return form.get('redirect_uri') === redirectUri && (challenge === null || challenge === proof)
  }

  function giveTokens(grant: Grant): Answer {
    const seconds = options.tokenSeconds ?? TOKEN_SECONDS
    const [access, refresh] = [randomBytes(24).toString('hex'), randomBytes(24).toString('hex')]
    accessTokens.set(access, { grant, until: Date.now() + seconds * SECOND })
    refreshTokens.set(refresh, grant)
    return json(200, {
      access_token: access,
      token_type: 'Bearer',
      expires_in: seconds,
      scope: 'get_user_info',
      refresh_token: refresh,
    })
  }

  function userInfo(authorization: string | undefined): Answer {
    const found = accessTokens.get(authorization?.replace(/^Bearer /, '') ?? '')
    if (!found || found.until < Date.now()) {
      return oauthError(401, 'unauthorized', 'Full authentication is required to access this resource')
    }
    const { user, client } = found.grant
    return json(200, { id: `id-${user.userName}`, ...user, tenant: client.tenantId })
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://identity')
    const form = new URLSearchParams(request.method === 'POST' ? await readBody(request) : '')
    switch (`${request.method} ${pathname}`) {
      case 'GET /unified-login/':
        return unifiedPage()
      case 'POST /unified-login/':
        return unifiedLogin(form)
      case 'GET /api/v1/oauth2/authorize':
        return authorizePage(searchParams)
      case 'POST /api/v1/oauth2/authorize':
        return authorize(form)
      case 'POST /api/v1/oauth2/token':
        return token(form)
      case 'GET /api/v1/oauth2/userinfo':
        return userInfo(request.headers.authorization)
      case 'GET /api/v1/logout':
        return redirect(searchParams.get('redirect_url') ?? '/unified-login/')
      default:
        return html('<h1>404</h1>', 404)
    }
  }

  const server = await listenOn(options.port ?? 0, (request: IncomingMessage, response: ServerResponse) => {
    answer(request).then(
      (made) => send(response, made),
      () => response.destroy(),
    )
  })
  return {
    url: server.url,
    loginUrl: `${server.url}/unified-login/#/portal-login`,
    register: (client) => void clients.push(client),
    setUsers(next) {
      users = next
    },
    forgetSessions: () => refreshTokens.clear(),
    stop: server.stop,
  }
}

function choice(users: IdentityUser[]): string {
  return users
    .map(({ userName, name }) => `<p><button name="user" value="${escaped(userName)}">${escaped(name)}</button></p>`)
    .join('')
}

const html = (body: string, status = 200): Answer => ({
  status,
  headers: { 'Content-Type': 'text/html; charset=utf-8' },
  body: `<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>登录</title></head><body>${body}</body></html>`,
})

const redirect = (to: string): Answer => ({ status: 302, headers: { Location: to }, body: '' })

const oauthError = (status: number, error: string, description: string) =>
  json(status, { error, error_description: description })

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
