import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { deleteView } from '@/lib/views'

export const DELETE = route(operations.deleteView, async ({ ctx, params }) => {
  await deleteView({ ctx, id: params.id })
  return new Response(null, { status: 204 })
})
