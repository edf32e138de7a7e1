import { testAlerts } from '@/lib/alerts'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.testAlerts, testAlerts)
