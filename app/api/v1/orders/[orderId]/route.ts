import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { lookUpOrder } from '@/lib/orders'

export const GET = route(operations.getOrder, ({ ctx, params, query: { orderLineId, refresh } }) =>
  lookUpOrder({ ctx, input: { ...params, orderLineId, refresh: refresh === '1' } }),
)
