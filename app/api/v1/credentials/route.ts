import { createCredential, listCredentials } from '@/lib/credentials'
import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listCredentials, async ({ ctx }) => listAnswer(await listCredentials({ ctx })))

export const POST = route(operations.createCredential, ({ ctx, body }) => createCredential({ ctx, input: body }))
