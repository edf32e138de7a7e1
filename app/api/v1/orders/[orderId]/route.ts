import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { lookUpAndAssess } from '@/lib/reconcile'

export const GET = route(operations.getOrder, ({ ctx, params, query: { orderLineId, refresh } }) =>
  lookUpAndAssess({ ctx, input: { ...params, orderLineId, refresh: refresh === '1' } }),
)
