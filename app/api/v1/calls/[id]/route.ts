import { getCall } from '@/lib/calls/detail'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getCall, ({ ctx, params }) => getCall({ ctx, id: params.id }))
