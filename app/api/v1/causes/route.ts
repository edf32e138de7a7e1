import { listCauses } from '@/lib/calls/causes'
import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listCauses, async ({ ctx, query }) =>
  listAnswer(await listCauses({ ctx, filter: query })),
)
