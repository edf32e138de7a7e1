import { listBulkItems } from '@/lib/calls/bulk-items'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.bulkReplayItems, ({ ctx, params, query }) =>
  listBulkItems({ ctx, id: params.id, query }),
)
