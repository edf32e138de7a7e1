import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getImport } from '@/lib/reconcile'

export const GET = route(operations.getOrderImport, ({ ctx, params }) => getImport({ ctx, input: params }))
