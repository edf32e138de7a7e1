import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { fetchMissingOrders } from '@/lib/reconcile'

export const POST = route(operations.fetchMissingOrders, fetchMissingOrders)
