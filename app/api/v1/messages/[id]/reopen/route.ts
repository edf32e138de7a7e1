import { reopenMessage } from '@/lib/calls'
import { findMessage } from '@/lib/calls/queries'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.reopenMessage, async ({ ctx, params }) => {
  await reopenMessage({ ctx, input: { messageId: params.id } })
  return findMessage(params.id)
})
