import { env } from '@/lib/env'
import { route } from '@/lib/http/api'
import { openApiDocument } from '@/lib/openapi/document'
import * as operations from '@/lib/openapi/operations'
import { version } from '@/package.json'

export const GET = route(operations.getOpenApi, async () =>
  openApiDocument(Object.values(operations), { serverUrl: env().deskUrl, version }),
)
