import { route } from '@/lib/http/api'
import { wakeJobs } from '@/lib/jobs'
import * as operations from '@/lib/openapi/operations'
import { createUsagePush } from '@/lib/usage'
import { listUsagePushes } from '@/lib/usage/pushes'

export const GET = route(operations.listUsagePushes, listUsagePushes)

export const POST = route(operations.createUsagePush, async ({ ctx, body }) => {
  const push = await createUsagePush({ ctx, input: body })
  wakeJobs('push-usage')
  return push
})
