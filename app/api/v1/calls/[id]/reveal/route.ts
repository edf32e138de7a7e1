import { revealCall } from '@/lib/calls/detail'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.revealCall, ({ ctx, params }) => revealCall({ ctx, id: params.id }))
