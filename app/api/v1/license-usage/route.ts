import { route } from '@/lib/http/api'
import { reportUsage } from '@/lib/licenses/code-actions'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.reportLicenseUsage, ({ ctx, body }) => reportUsage({ ctx, input: body }))
