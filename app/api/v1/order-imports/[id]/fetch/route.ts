import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { fetchImported } from '@/lib/reconcile'

export const POST = route(operations.fetchOrderImport, ({ ctx, params }) => fetchImported({ ctx, input: params }))
