import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { takeLogin } from '@/lib/tenants/sessions'

export const POST = route(operations.verifyTenantLogin, ({ ctx, body }) => takeLogin({ ctx, input: body }))
