import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { usageOverview } from '@/lib/usage/months'

export const GET = route(operations.usageOverview, async ({ ctx, query }) =>
  listAnswer(await usageOverview({ ctx, month: query.month })),
)
