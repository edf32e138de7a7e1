import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { changeSchedule, getSchedule } from '@/lib/rehearsals'

export const GET = route(operations.getRehearsalSchedule, getSchedule)

export const PUT = route(operations.changeRehearsalSchedule, ({ ctx, body }) => changeSchedule({ ctx, input: body }))
