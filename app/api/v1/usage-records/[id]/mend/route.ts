import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { mendUsageRecord } from '@/lib/usage'

export const POST = route(operations.mendUsageRecord, ({ ctx, params, body }) =>
  mendUsageRecord({ ctx, id: params.id, input: body }),
)
