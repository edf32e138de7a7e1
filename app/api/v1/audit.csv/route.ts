import { exportAudit } from '@/lib/audit/queries'
import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'

const columns = ['at', 'actor', 'via', 'action', 'subject', 'target', 'data']

export const GET = route(operations.auditCsv, async ({ ctx, query }) =>
  csvResponse('audit.csv', columns, await exportAudit({ ctx, input: query })),
)
