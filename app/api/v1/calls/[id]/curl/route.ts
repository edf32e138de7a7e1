import { callAsCurl } from '@/lib/calls/detail'
import { route, textResponse } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.callAsCurl, async ({ ctx, params }) =>
  textResponse('text/plain', await callAsCurl({ ctx, id: params.id })),
)
