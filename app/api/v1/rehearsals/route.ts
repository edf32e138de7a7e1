import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { fireRehearsal, listRuns } from '@/lib/rehearsals'

export const GET = route(operations.listRehearsals, listRuns)

export const POST = route(operations.fireRehearsal, ({ ctx, body }) => fireRehearsal({ ctx, input: body }))
