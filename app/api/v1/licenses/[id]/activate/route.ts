import { route } from '@/lib/http/api'
import { activateLicense } from '@/lib/licenses/code-actions'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.activateLicense, async ({ ctx, params, body }) => {
  const id = await activateLicense({ ctx, input: { ...body, code: params.id } })
  return getLicense({ ctx, id })
})
