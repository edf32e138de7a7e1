import { route } from '@/lib/http/api'
import { csvResponse } from '@/lib/http/csv'
import * as operations from '@/lib/openapi/operations'
import { everyUsageRecord, usageRecordItem } from '@/lib/usage/queries'

export const GET = route(operations.usageRecordsCsv, async ({ ctx, query }) =>
  csvResponse('usage-records.csv', Object.keys(usageRecordItem.shape), everyUsageRecord({ ctx, filter: query })),
)
