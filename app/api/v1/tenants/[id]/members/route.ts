import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listMembers } from '@/lib/tenants/members'

export const GET = route(operations.listTenantMembers, ({ ctx, params, query }) =>
  listMembers({ ctx, ...params, query }),
)
