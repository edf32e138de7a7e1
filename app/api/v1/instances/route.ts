import { route } from '@/lib/http/api'
import { listInstances } from '@/lib/instances/queries'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listInstances, listInstances)
