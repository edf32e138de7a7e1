import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listDrifts } from '@/lib/reconcile'

export const GET = route(operations.listOrderDrifts, listDrifts)
