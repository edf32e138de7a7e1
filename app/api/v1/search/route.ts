import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { search } from '@/lib/search'

export const GET = route(operations.search, async ({ ctx, query }) => listAnswer(await search({ ctx, q: query.q })))
