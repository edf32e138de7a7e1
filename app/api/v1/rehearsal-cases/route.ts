import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { createCase, listCases } from '@/lib/rehearsals'

export const GET = route(operations.listRehearsalCases, async ({ ctx }) => listAnswer(await listCases({ ctx })))

export const POST = route(operations.createRehearsalCase, ({ ctx, body }) => createCase({ ctx, input: body }))
