import { deleteCredential, updateCredential } from '@/lib/credentials'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const PATCH = route(operations.updateCredential, ({ ctx, params, body }) =>
  updateCredential({ ctx, input: { ...body, ...params } }),
)

export const DELETE = route(operations.deleteCredential, ({ ctx, params }) => deleteCredential({ ctx, input: params }))
