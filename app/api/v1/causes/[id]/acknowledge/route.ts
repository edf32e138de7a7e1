import { acknowledgeCause } from '@/lib/calls/causes'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.acknowledgeCause, ({ ctx, params, body }) =>
  acknowledgeCause({ ctx, id: params.id, input: body }),
)
