import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { everyUsageMonth, usageMonthItem } from '@/lib/usage/months'

export const GET = route(operations.usageMonthsCsv, async ({ ctx, query }) =>
  csvResponse(`usage-${query.month}.csv`, Object.keys(usageMonthItem.shape), everyUsageMonth({ ctx, filter: query })),
)
