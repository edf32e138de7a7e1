import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { deleteCase, updateCase } from '@/lib/rehearsals'

export const PUT = route(operations.updateRehearsalCase, ({ ctx, params, body }) =>
  updateCase({ ctx, input: { ...params, ...body } }),
)

export const DELETE = route(operations.deleteRehearsalCase, ({ ctx, params }) => deleteCase({ ctx, input: params }))
