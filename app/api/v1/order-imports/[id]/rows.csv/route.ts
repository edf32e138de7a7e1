import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { everyImportRow, getImport, importCsvColumns } from '@/lib/reconcile'

export const GET = route(operations.orderImportCsv, async ({ ctx, params, query }) => {
  const { id } = await getImport({ ctx, input: params })
  return csvResponse(`order-import-${id}.csv`, importCsvColumns, everyImportRow({ ctx, id, ...query }))
})
