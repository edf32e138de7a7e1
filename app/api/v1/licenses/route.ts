import { route } from '@/lib/http/api'
import { addLicenses } from '@/lib/licenses/import'
import { listLicenses } from '@/lib/licenses/queries'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.listLicenses, listLicenses)

export const POST = route(operations.addLicenses, ({ ctx, body }) => addLicenses({ ctx, input: body }))
