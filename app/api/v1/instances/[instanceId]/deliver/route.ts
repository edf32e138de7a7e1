import { route } from '@/lib/http/api'
import { requestDelivery } from '@/lib/instances'
import { getInstance } from '@/lib/instances/detail'
import { wakeJobs } from '@/lib/jobs'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.requestDelivery, async ({ ctx, params }) => {
  await requestDelivery({ ctx, input: params })
  wakeJobs('deliver-instance')
  return getInstance({ ctx, ...params })
})
