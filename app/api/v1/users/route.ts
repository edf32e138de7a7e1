import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { createUser, listUsers } from '@/lib/users'

export const GET = route(operations.listUsers, async ({ ctx }) => listAnswer(await listUsers({ ctx })))

export const POST = route(operations.createUser, ({ ctx, body }) => createUser({ ctx, input: body }))
