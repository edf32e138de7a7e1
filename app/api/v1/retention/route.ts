import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getRetention, saveRetention } from '@/lib/retention'

export const GET = route(operations.getRetention, getRetention)

export const PUT = route(operations.saveRetention, ({ ctx, body }) => saveRetention({ ctx, input: body }))
