import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { addRecords } from '@/lib/usage'
import { listUsageRecords } from '@/lib/usage/queries'

export const GET = route(operations.listUsageRecords, listUsageRecords)

export const POST = route(operations.addUsageRecords, async ({ ctx, body }) => ({
  results: await addRecords({ ctx, records: body.records, source: ctx.actor.via === 'user' ? 'manual' : 'api' }),
}))
