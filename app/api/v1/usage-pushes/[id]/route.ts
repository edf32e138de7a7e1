import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getUsagePush } from '@/lib/usage'

export const GET = route(operations.getUsagePush, ({ ctx, params }) => getUsagePush({ ctx, id: params.id }))
