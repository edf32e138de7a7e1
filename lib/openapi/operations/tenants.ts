import { z } from 'zod'
import { countedPageOf, pageOf } from '@/lib/http/paging'
import { departmentItem, departmentQuery } from '@/lib/tenants/departments'
import { appIdSchema, loginAppItem, loginAppSchema } from '@/lib/tenants/login-apps'
import { memberItem, memberKey, memberQuery } from '@/lib/tenants/members'
import { tenantDetail, tenantItem, tenantQuery } from '@/lib/tenants/queries'
import { loginItem, loginQuery, loginSession, logoutSchema, verifySchema } from '@/lib/tenants/sessions'
import { syncItem, syncQuery } from '@/lib/tenants/syncs'
import { defineOperation } from '../operation'
import { byId } from './shared'

const tag = 'Tenants'

export const listTenants = defineOperation({
  method: 'GET',
  path: '/tenants',
  tag,
  summary: 'Enterprises of joint-operation products, newest first',
  role: 'viewer',
  query: tenantQuery,
  answer: countedPageOf(tenantItem),
})

export const getTenant = defineOperation({
  method: 'GET',
  path: '/tenants/{id}',
  tag,
  summary: 'An enterprise with its bindings, applications and what does not fit together',
  role: 'viewer',
  params: byId,
  answer: tenantDetail,
  failures: [404],
})

export const listTenantMembers = defineOperation({
  method: 'GET',
  path: '/tenants/{id}/members',
  tag,
  summary: 'Members by user name, phone and mail masked',
  role: 'viewer',
  params: byId,
  query: memberQuery,
  answer: countedPageOf(memberItem),
  failures: [404],
})

export const revealTenantMember = defineOperation({
  method: 'POST',
  path: '/tenants/{id}/members/reveal',
  tag,
  summary: 'Phone and mail of a member; leaves an audit entry',
  role: 'admin',
  params: byId,
  body: memberKey,
  answer: z.object({ mobile: z.string().nullable(), email: z.string().nullable() }),
  failures: [404],
})

export const listTenantDepartments = defineOperation({
  method: 'GET',
  path: '/tenants/{id}/departments',
  tag,
  summary: 'Departments by code: the top of the tree, one level of it, or a search',
  role: 'viewer',
  params: byId,
  query: departmentQuery,
  answer: pageOf(departmentItem),
  failures: [404],
})

export const listTenantSyncs = defineOperation({
  method: 'GET',
  path: '/tenants/{id}/syncs',
  tag,
  summary: 'The calls about an enterprise with what each changed, newest first',
  role: 'viewer',
  params: byId,
  query: syncQuery,
  answer: pageOf(syncItem),
  failures: [404],
})

export const listTenantLogins = defineOperation({
  method: 'GET',
  path: '/tenants/{id}/logins',
  tag,
  summary: "Sign-ins of an enterprise's users, newest first",
  role: 'viewer',
  params: byId,
  query: loginQuery,
  answer: pageOf(loginItem),
  failures: [404],
})

const logins = 'Tenant sign-ins'
const appParams = z.object({ appId: appIdSchema })
const word = z.string().max(2048).optional()

export const listLoginApps = defineOperation({
  method: 'GET',
  path: '/login-apps',
  tag: logins,
  summary: 'Applications whose users sign in through the desk',
  role: 'viewer',
  answer: pageOf(loginAppItem),
})

export const saveLoginApp = defineOperation({
  method: 'PUT',
  path: '/login-apps/{appId}',
  tag: logins,
  summary: 'Adds an application, or replaces its settings',
  role: 'admin',
  params: appParams,
  body: loginAppSchema,
  answer: loginAppItem,
})

export const deleteLoginApp = defineOperation({
  method: 'DELETE',
  path: '/login-apps/{appId}',
  tag: logins,
  summary: 'Ends sign-ins of an application through the desk',
  role: 'admin',
  params: appParams,
  answer: loginAppItem,
  failures: [404],
})

export const startTenantLogin = defineOperation({
  method: 'GET',
  path: '/tenant-logins/start',
  tag: logins,
  summary: 'Sends the browser of a user to sign in',
  description:
    'A link for browsers. They come back to `returnTo`, a registered address of the application, with `token` (good once, for a minute, at `/tenant-logins/verify`) or `error`, and `state` as it was given: compare it with the one of the browser, so that nobody signs your user in as somebody else. `app` may be left out where only one application fits. Where no address is known to go back to, a page says what is wrong (400).',
  role: 'public',
  query: z.object({
    tenant: z.string().max(64).optional(),
    app: z.string().max(64).optional(),
    returnTo: word,
    state: word,
  }),
  answerType: 'text/html',
})

export const finishTenantLogin = defineOperation({
  method: 'GET',
  path: '/tenant-logins/callback',
  tag: logins,
  summary: 'Where the identity side sends the browser back to',
  description:
    'Register this address with the application credential. It takes one return for each start, from the browser that began, within ten minutes.',
  role: 'public',
  query: z.object({ code: word, tenant: word, tenant_id: word, state: word, error: word }),
  looseQuery: true,
  answerType: 'text/html',
})

export const verifyTenantLogin = defineOperation({
  method: 'POST',
  path: '/tenant-logins/verify',
  tag: logins,
  summary: 'Takes a user over with the token the browser brought',
  role: 'operator',
  body: verifySchema,
  answer: loginSession,
  failures: [409],
})

export const getTenantLogin = defineOperation({
  method: 'GET',
  path: '/tenant-logins/{id}',
  tag: logins,
  summary: 'A signed-in user; 409 once the sign-in ended or the user was revoked',
  role: 'operator',
  params: byId,
  answer: loginSession,
  failures: [404, 409],
})

export const refreshTenantLogin = defineOperation({
  method: 'POST',
  path: '/tenant-logins/{id}/refresh',
  tag: logins,
  summary: 'Renews a sign-in at the identity side and reads the user again',
  role: 'operator',
  params: byId,
  answer: loginSession,
  failures: [404, 409, 503],
})

export const endTenantLogin = defineOperation({
  method: 'POST',
  path: '/tenant-logins/{id}/logout',
  tag: logins,
  summary: 'Ends a sign-in; send the browser to `logoutUrl` to end it at the identity side too',
  role: 'operator',
  params: byId,
  body: logoutSchema,
  answer: z.object({ logoutUrl: z.string().nullable() }),
  failures: [404],
})
