import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { importErrors } from '@/lib/usage'

export const POST = route(operations.usageImportErrors, async ({ ctx, file, query }) => {
  const { columns, pages } = await importErrors({ ctx, file, query })
  return csvResponse('usage-errors.csv', columns, pages)
})
