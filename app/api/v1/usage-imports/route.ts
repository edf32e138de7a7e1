import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { importUsage } from '@/lib/usage'

export const POST = route(operations.importUsage, importUsage)
