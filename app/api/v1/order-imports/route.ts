import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { importOrders, listImports } from '@/lib/reconcile'

export const GET = route(operations.listOrderImports, listImports)

export const POST = route(operations.importOrders, ({ ctx, query, file }) =>
  importOrders({ ctx, input: { ...query, file } }),
)
