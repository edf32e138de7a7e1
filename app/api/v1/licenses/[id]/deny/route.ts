import { route } from '@/lib/http/api'
import { denyLicense } from '@/lib/licenses/actions'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.denyLicense, async ({ ctx, params: { id }, body }) => {
  await denyLicense({ ctx, input: { ...body, id } })
  return getLicense({ ctx, id })
})
