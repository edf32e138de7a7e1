import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listImportRows } from '@/lib/reconcile'

export const GET = route(operations.listOrderImportRows, ({ ctx, params, query }) =>
  listImportRows({ ctx, input: params, query }),
)
