import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { createUsualCases } from '@/lib/rehearsals'

export const POST = route(operations.createUsualCases, async ({ ctx, body }) =>
  listAnswer(await createUsualCases({ ctx, input: body })),
)
