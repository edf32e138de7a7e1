import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getLogin } from '@/lib/tenants/sessions'

export const GET = route(operations.getTenantLogin, ({ ctx, params }) => getLogin({ ctx, ...params }))
