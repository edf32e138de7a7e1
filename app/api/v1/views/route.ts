import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listViews, saveView } from '@/lib/views'

export const GET = route(operations.listViews, async ({ ctx, query }) =>
  listAnswer(await listViews({ ctx, page: query.page })),
)

export const POST = route(operations.saveView, ({ ctx, body }) => saveView({ ctx, input: body }))
