import { reopenCause } from '@/lib/calls/causes'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.reopenCause, ({ ctx, params }) => reopenCause({ ctx, id: params.id }))
