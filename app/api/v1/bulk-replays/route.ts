import { createBulkReplay } from '@/lib/calls'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.createBulkReplay, ({ ctx, body }) => createBulkReplay({ ctx, input: body }))
