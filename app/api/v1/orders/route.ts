import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listOrders } from '@/lib/orders'

export const GET = route(operations.listOrders, listOrders)
