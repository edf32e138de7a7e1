import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listStreaks } from '@/lib/rehearsals'

export const GET = route(operations.listProbeStreaks, async ({ ctx }) => listAnswer(await listStreaks({ ctx })))
