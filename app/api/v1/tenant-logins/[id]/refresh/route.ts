import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { refreshLogin } from '@/lib/tenants/sessions'

export const POST = route(operations.refreshTenantLogin, ({ ctx, params }) => refreshLogin({ ctx, ...params }))
