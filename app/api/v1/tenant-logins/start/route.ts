import { route } from '@/lib/http/api'
import { redirected, refusedLogin, startCookie } from '@/lib/http/login-pages'
import * as operations from '@/lib/openapi/operations'
import { beginLogin } from '@/lib/tenants/logins'

export const GET = route(operations.startTenantLogin, async ({ query, headers }) => {
  try {
    const { location, cookie } = await beginLogin(query, new Date())
    return redirected(location, startCookie(cookie))
  } catch (error) {
    return refusedLogin(error, headers)
  }
})
