import { importPool } from '@/lib/delivery'
import { countPool } from '@/lib/delivery/staff'
import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.getPool, ({ ctx, params }) => countPool({ ctx, input: { productRef: params.id } }))

export const POST = route(operations.importPool, ({ ctx, params, query, text }) =>
  importPool({ ctx, input: { productRef: params.id, csv: text, dryRun: query.dryRun === '1' } }),
)
