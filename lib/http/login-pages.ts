import { createTranslator } from 'use-intl/core'
import { env } from '@/lib/env'
import { localeCookie, pickLocale } from '@/lib/i18n/locales'
import { messagesOf } from '@/lib/i18n/server'
import { LoginRefused, withQuery } from '@/lib/tenants/logins'

const COOKIE = 'desk-tenant-login'
const PATH = '/api/v1/tenant-logins'
const SECONDS = 600

/** What the browser keeps while its user signs in; null takes it away. */
export function startCookie(value: string | null): string {
  const secure = env().deskUrl.startsWith('https:') ? '; Secure' : ''
  return `${COOKIE}=${value ?? ''}; Path=${PATH}; HttpOnly; SameSite=Lax; Max-Age=${value ? SECONDS : 0}${secure}`
}

export function readStartCookie(headers: Headers): string | undefined {
  return cookieOf(headers, COOKIE)
}

/** Sends the browser on, so that neither caches nor the next site learn the address it came from. */
export function redirected(location: string, cookie: string): Response {
  return new Response(null, { status: 302, headers: { ...quiet, Location: location, 'Set-Cookie': cookie } })
}

/** What the browser gets instead: the way back with a word for the error, or a page that says it. Others are thrown on. */
export function refusedLogin(error: unknown, headers: Headers): Response {
  if (!(error instanceof LoginRefused)) throw error
  if (error.returnTo) return redirected(withQuery(error.returnTo, { error: error.problem }), startCookie(null))
  const locale = pickLocale(cookieOf(headers, localeCookie), headers.get('accept-language'))
  const t = createTranslator({ locale, messages: messagesOf(locale), namespace: 'tenants.login' })
  return new Response(page(locale, t('title'), t(error.problem), t('hint')), {
    status: 400,
    headers: {
      ...quiet,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
    },
  })
}

const quiet = { 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' }

// No text in it comes from the request.
function page(locale: string, title: string, problem: string, hint: string): string {
  return `<!doctype html><html lang="${locale}"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root { color-scheme: light dark } body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", sans-serif; max-width: 34rem;
margin: 15vh auto 0; padding: 0 1.25rem } h1 { font-size: 1.25rem } p { margin: .5rem 0 } .hint { opacity: .75 }
</style></head><body><main><h1>${title}</h1><p>${problem}</p><p class="hint">${hint}</p></main></body></html>`
}

function cookieOf(headers: Headers, name: string): string | undefined {
  const pairs = (headers.get('cookie') ?? '').split(/;\s*/)
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}
