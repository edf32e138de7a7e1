import { route } from '@/lib/http/api'
import { recordNotice } from '@/lib/notices'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.sendNotice, ({ ctx, params, body }) =>
  recordNotice({ ctx, input: { ...body, messageId: params.id } }),
)
