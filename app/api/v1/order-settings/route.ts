import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { changeOrderSettings, getOrderSettings } from '@/lib/orders'

export const GET = route(operations.getOrderSettings, ({ ctx }) => getOrderSettings({ ctx }))

export const PUT = route(operations.changeOrderSettings, ({ ctx, body }) => changeOrderSettings({ ctx, input: body }))
