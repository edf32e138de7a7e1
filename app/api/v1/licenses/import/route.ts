import { route } from '@/lib/http/api'
import { importLicenses } from '@/lib/licenses/import'
import * as operations from '@/lib/openapi/operations'

export const POST = route(operations.importLicenses, ({ ctx, query, file }) =>
  importLicenses({ ctx, input: { file, dryRun: query.dryRun === '1' } }),
)
