import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { endLogin } from '@/lib/tenants/sessions'

export const POST = route(operations.endTenantLogin, ({ ctx, params, body }) =>
  endLogin({ ctx, ...params, input: body }),
)
