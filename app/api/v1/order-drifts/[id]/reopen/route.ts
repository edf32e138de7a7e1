import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { reopenDrift } from '@/lib/reconcile'

export const POST = route(operations.reopenOrderDrift, ({ ctx, params }) => reopenDrift({ ctx, input: params }))
