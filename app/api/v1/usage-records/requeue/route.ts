import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { requeueUsage } from '@/lib/usage'

export const POST = route(operations.requeueUsageRecords, ({ ctx, body }) => requeueUsage({ ctx, input: body }))
