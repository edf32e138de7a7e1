import { replayMessage } from '@/lib/calls'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.replayMessage, ({ ctx, params, body }) =>
  replayMessage({ ctx, input: { ...body, messageId: params.id } }),
)
