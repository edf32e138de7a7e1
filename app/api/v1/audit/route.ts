import { listAudit } from '@/lib/audit/queries'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listAudit, ({ ctx, query }) => listAudit({ ctx, input: query }))
