import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { reconcileUsage } from '@/lib/usage'

export const POST = route(operations.reconcileUsage, reconcileUsage)
