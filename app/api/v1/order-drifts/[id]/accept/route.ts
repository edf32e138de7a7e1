import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { acceptDrift } from '@/lib/reconcile'

export const POST = route(operations.acceptOrderDrift, ({ ctx, params, body }) =>
  acceptDrift({ ctx, input: { ...params, ...body } }),
)
