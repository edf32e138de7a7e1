import { route } from '@/lib/http/api'
import { revealAppInfo } from '@/lib/instances'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.revealInstance, async ({ ctx, params }) => ({
  appInfo: await revealAppInfo({ ctx, input: params }),
}))
