import { resolveMessage } from '@/lib/calls'
import { findMessage } from '@/lib/calls/queries'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.resolveMessage, async ({ ctx, params, body }) => {
  await resolveMessage({ ctx, input: { ...body, messageId: params.id } })
  return findMessage(params.id)
})
