import { getBulkReplay } from '@/lib/calls'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getBulkReplay, ({ ctx, params }) => getBulkReplay({ ctx, input: params }))
