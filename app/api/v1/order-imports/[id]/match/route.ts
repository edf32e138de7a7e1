import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { matchAgain } from '@/lib/reconcile'

export const POST = route(operations.matchOrderImport, ({ ctx, params }) => matchAgain({ ctx, input: params }))
