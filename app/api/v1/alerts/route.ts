import { listAlerts } from '@/lib/alerts'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listAlerts, listAlerts)
