import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { revokeToken } from '@/lib/users'

export const DELETE = route(operations.revokeToken, ({ ctx, params }) => revokeToken({ ctx, input: params }))
