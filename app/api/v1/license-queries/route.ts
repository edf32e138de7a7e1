import { route } from '@/lib/http/api'
import { queryLicenses } from '@/lib/licenses/code-actions'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.queryLicenses, async ({ ctx, body }) => ({
  results: await queryLicenses({ ctx, input: body }),
}))
