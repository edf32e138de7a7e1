import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { takeOverOrder } from '@/lib/reconcile'

export const POST = route(operations.takeOverOrder, ({ ctx, params, body }) =>
  takeOverOrder({ ctx, input: { ...params, ...body } }),
)
