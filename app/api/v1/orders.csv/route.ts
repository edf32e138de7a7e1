import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { everyOrder, orderItem } from '@/lib/orders'

export const GET = route(operations.ordersCsv, async ({ ctx, query }) =>
  csvResponse('orders.csv', Object.keys(orderItem.shape), everyOrder({ ctx, filter: query })),
)
