import { route } from '@/lib/http/api'
import { queryLicense } from '@/lib/licenses/code-actions'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.queryLicense, async ({ ctx, params, query }) => {
  const id = await queryLicense({ ctx, input: { code: params.id, fresh: query.fresh === '1' } })
  return getLicense({ ctx, id })
})
