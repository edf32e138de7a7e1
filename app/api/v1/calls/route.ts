import { listCalls } from '@/lib/calls/queries'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listCalls, listCalls)
