import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { requestCheck } from '@/lib/reconcile'

export const POST = route(operations.checkOrders, requestCheck)
