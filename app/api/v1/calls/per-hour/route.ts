import { callsPerHour } from '@/lib/calls/queries'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.callsPerHour, async ({ ctx, query }) => ({
  items: await callsPerHour({ ctx, hours: query.hours }),
}))
