import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listDepartments } from '@/lib/tenants/departments'

export const GET = route(operations.listTenantDepartments, ({ ctx, params, query }) =>
  listDepartments({ ctx, ...params, query }),
)
