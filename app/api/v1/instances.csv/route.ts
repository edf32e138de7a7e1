import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import { everyInstance, exportColumns } from '@/lib/instances/queries'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.instancesCsv, async ({ ctx, query }) =>
  csvResponse('instances.csv', exportColumns, everyInstance({ ctx, query })),
)
