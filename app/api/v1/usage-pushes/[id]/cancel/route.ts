import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { cancelUsagePush } from '@/lib/usage'

export const POST = route(operations.cancelUsagePush, ({ ctx, params }) => cancelUsagePush({ ctx, id: params.id }))
