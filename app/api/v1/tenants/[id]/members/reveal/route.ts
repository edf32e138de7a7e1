import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { revealMember } from '@/lib/tenants/members'

export const POST = route(operations.revealTenantMember, ({ ctx, params, body }) =>
  revealMember({ ctx, ...params, input: body }),
)
