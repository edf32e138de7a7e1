import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { revealBuyer } from '@/lib/orders'

export const POST = route(operations.revealOrder, ({ ctx, params }) => revealBuyer({ ctx, input: params }))
