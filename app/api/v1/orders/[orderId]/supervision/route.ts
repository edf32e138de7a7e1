import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { noteSupervision } from '@/lib/orders'

export const POST = route(operations.noteSupervision, ({ ctx, params, body }) =>
  noteSupervision({ ctx, input: { ...params, ...body } }),
)
