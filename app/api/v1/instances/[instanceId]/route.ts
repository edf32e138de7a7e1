import { settleMessages } from '@/lib/calls'
import { route } from '@/lib/http/api'
import { enterAppInfo } from '@/lib/instances'
import { getInstance } from '@/lib/instances/detail'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getInstance, ({ ctx, params }) => getInstance({ ctx, ...params }))

export const PATCH = route(operations.enterAppInfo, async ({ ctx, params: { instanceId }, body }) => {
  const alongside = (tx: Parameters<typeof settleMessages>[0]) => settleMessages(tx, instanceId)
  await enterAppInfo({ ctx, input: { ...body, instanceId }, alongside })
  return getInstance({ ctx, instanceId })
})
