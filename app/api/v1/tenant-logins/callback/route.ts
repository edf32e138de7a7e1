import { route } from '@/lib/http/api'
import { readStartCookie, redirected, refusedLogin, startCookie } from '@/lib/http/login-pages'
import * as operations from '@/lib/openapi/operations'
import { finishLogin } from '@/lib/tenants/logins'

export const GET = route(operations.finishTenantLogin, async ({ query, headers }) => {
  try {
    const { location } = await finishLogin(query, readStartCookie(headers), new Date())
    return redirected(location, startCookie(null))
  } catch (error) {
    return refusedLogin(error, headers)
  }
})
