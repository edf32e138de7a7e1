import { getMessage } from '@/lib/calls/message-detail'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getMessage, ({ ctx, params }) => getMessage({ ctx, id: params.id }))
