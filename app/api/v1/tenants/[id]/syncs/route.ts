import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listSyncs } from '@/lib/tenants/syncs'

export const GET = route(operations.listTenantSyncs, ({ ctx, params, query }) => listSyncs({ ctx, ...params, query }))
