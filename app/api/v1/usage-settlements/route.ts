import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { settleUsage } from '@/lib/usage'

export const POST = route(operations.settleUsage, ({ ctx, body }) => settleUsage({ ctx, input: body }))
