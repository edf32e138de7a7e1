import { settleMessages } from '@/lib/calls'
import { route } from '@/lib/http/api'
import { enterAppInfo } from '@/lib/instances'
import { getInstance } from '@/lib/instances/detail'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getInstance, ({ ctx, params }) => getInstance({ ctx, ...params }))

export const PATCH = route(operations.enterAppInfo, async ({ ctx, params: { instanceId }, body }) => {
  await enterAppInfo({ ctx, input: { ...body, instanceId }, alongside: settleMessages })
  return getInstance({ ctx, instanceId })
})
