import { route } from '@/lib/http/api'
import { retryLicense } from '@/lib/licenses/actions'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.retryLicense, async ({ ctx, params: { id } }) => {
  await retryLicense({ ctx, input: { id } })
  return getLicense({ ctx, id })
})
