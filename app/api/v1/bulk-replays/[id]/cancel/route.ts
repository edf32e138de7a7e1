import { cancelBulkReplay } from '@/lib/calls'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.cancelBulkReplay, ({ ctx, params }) => cancelBulkReplay({ ctx, input: params }))
