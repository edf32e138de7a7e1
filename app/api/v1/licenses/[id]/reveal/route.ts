import { route } from '@/lib/http/api'
import { revealLicense } from '@/lib/licenses/actions'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.revealLicense, ({ ctx, params }) => revealLicense({ ctx, input: params }))
