import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listLogins } from '@/lib/tenants/sessions'

export const GET = route(operations.listTenantLogins, ({ ctx, params, query }) => listLogins({ ctx, ...params, query }))
