import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getOverview } from '@/lib/overview'

export const GET = route(operations.getOverview, getOverview)
