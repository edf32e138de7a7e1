import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { createToken, listTokens } from '@/lib/users'

export const GET = route(operations.listTokens, async ({ ctx }) => listAnswer(await listTokens({ ctx })))

export const POST = route(operations.createToken, ({ ctx, body }) => createToken({ ctx, input: body }))
