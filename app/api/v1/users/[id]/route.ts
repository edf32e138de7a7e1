import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { updateUser } from '@/lib/users'

export const PATCH = route(operations.updateUser, ({ ctx, params, body }) =>
  updateUser({ ctx, input: { ...body, ...params } }),
)
