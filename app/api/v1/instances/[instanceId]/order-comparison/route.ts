import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { compareInstance } from '@/lib/reconcile'

export const GET = route(operations.compareInstance, ({ ctx, params, query }) =>
  compareInstance({ ctx, input: { ...params, refresh: query.refresh === '1' } }),
)
