import { z } from 'zod'
import { countedPageOf } from '@/lib/http/paging'
import { appInfoSchema } from '@/lib/instances'
import { instanceDetail } from '@/lib/instances/detail'
import { instanceItem, instanceQuery } from '@/lib/instances/queries'
import { defineOperation } from '../operation'

const tag = 'Instances'
const params = z.object({ instanceId: z.string().min(1).max(64) })

export const listInstances = defineOperation({
  method: 'GET',
  path: '/instances',
  tag,
  summary: 'Instances, newest first',
  role: 'viewer',
  query: instanceQuery,
  answer: countedPageOf(instanceItem),
})

export const getInstance = defineOperation({
  method: 'GET',
  path: '/instances/{instanceId}',
  tag,
  summary: 'An instance with its timeline',
  role: 'viewer',
  params,
  answer: instanceDetail,
  failures: [404],
})

export const enterAppInfo = defineOperation({
  method: 'PATCH',
  path: '/instances/{instanceId}',
  tag,
  summary: 'Enters the app info: finishes a manual or asynchronous delivery',
  role: 'operator',
  params,
  body: z.strictObject({ appInfo: appInfoSchema }),
  answer: instanceDetail,
  failures: [404, 409],
})

export const revealInstance = defineOperation({
  method: 'POST',
  path: '/instances/{instanceId}/reveal',
  tag,
  summary: 'App info with its password; leaves an audit entry',
  role: 'admin',
  params,
  answer: z.object({
    appInfo: z.object({
      frontEndUrl: z.string(),
      adminUrl: z.string().nullish(),
      userName: z.string().nullish(),
      password: z.string().nullish(),
      memo: z.string().nullish(),
    }),
  }),
  failures: [404],
})

export const requestDelivery = defineOperation({
  method: 'POST',
  path: '/instances/{instanceId}/deliver',
  tag,
  summary: 'Starts the delivery of a waiting instance again, in the background',
  role: 'operator',
  params,
  answer: instanceDetail,
  failures: [404, 409],
})
