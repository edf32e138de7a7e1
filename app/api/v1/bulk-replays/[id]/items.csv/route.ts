import { getBulkReplay } from '@/lib/calls'
import { bulkItem, everyBulkItem } from '@/lib/calls/bulk-items'
import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.bulkReplayCsv, async ({ ctx, params }) => {
  const { id } = await getBulkReplay({ ctx, input: params })
  return csvResponse(`bulk-replay-${id}.csv`, Object.keys(bulkItem.shape), everyBulkItem({ ctx, id }))
})
