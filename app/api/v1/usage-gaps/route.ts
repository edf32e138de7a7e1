import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { instanceGaps } from '@/lib/usage/months'

export const GET = route(operations.usageGapsOfInstance, ({ ctx, query }) => instanceGaps({ ctx, ...query }))
