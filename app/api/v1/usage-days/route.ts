import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listUsageDays } from '@/lib/usage/months'

export const GET = route(operations.listUsageDays, listUsageDays)
