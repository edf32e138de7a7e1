import { tryWebhook } from '@/lib/delivery/staff'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.testWebhook, ({ ctx, params }) =>
  tryWebhook({ ctx, input: { productRef: params.id } }),
)
