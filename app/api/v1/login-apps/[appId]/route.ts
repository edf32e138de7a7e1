import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { deleteLoginApp, saveLoginApp } from '@/lib/tenants/login-apps'

export const PUT = route(operations.saveLoginApp, ({ ctx, params, body }) =>
  saveLoginApp({ ctx, ...params, input: body }),
)

export const DELETE = route(operations.deleteLoginApp, ({ ctx, params }) => deleteLoginApp({ ctx, ...params }))
