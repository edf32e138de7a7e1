import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listTenants } from '@/lib/tenants/queries'

export const GET = route(operations.listTenants, listTenants)
