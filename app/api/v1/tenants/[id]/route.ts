import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getTenant } from '@/lib/tenants/queries'

export const GET = route(operations.getTenant, ({ ctx, params }) => getTenant({ ctx, ...params }))
