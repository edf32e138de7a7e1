import { route } from '@/lib/http/api'
import { activateLicenses } from '@/lib/licenses/code-actions'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.activateLicenses, async ({ ctx, body }) => ({
  results: await activateLicenses({ ctx, input: body }),
}))
