import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { everyUsagePush, usagePush } from '@/lib/usage/pushes'

export const GET = route(operations.usagePushesCsv, async ({ ctx, query }) =>
  csvResponse('usage-pushes.csv', Object.keys(usagePush.shape), everyUsagePush({ ctx, state: query.state })),
)
