import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { setUsageSettings } from '@/lib/usage'

export const PUT = route(operations.setUsageSettings, ({ ctx, params, body }) =>
  setUsageSettings({ ctx, productRef: params.id, input: body }),
)
