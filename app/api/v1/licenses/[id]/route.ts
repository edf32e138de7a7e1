import { route } from '@/lib/http/api'
import { getLicense } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getLicense, ({ ctx, params }) => getLicense({ ctx, ...params }))
