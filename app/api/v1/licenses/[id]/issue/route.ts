import { route } from '@/lib/http/api'
import { issueLicense } from '@/lib/licenses/actions'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.issueLicense, async ({ ctx, params: { id }, body, form }) => {
  await issueLicense({ ctx, input: form ? { id, file: form } : { ...body, id } })
  return getLicense({ ctx, id })
})
