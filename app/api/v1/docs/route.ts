import { env } from '@/lib/env'
import { route, textResponse } from '@/lib/http/api'
import { openApiDocument } from '@/lib/openapi/document'
import * as operations from '@/lib/openapi/operations'
import { documentPage } from '@/lib/openapi/page'
import { version } from '@/package.json'

export const GET = route(operations.getDocs, async () => {
  const document = openApiDocument(Object.values(operations), { serverUrl: env().deskUrl, version })
  return textResponse('text/html', documentPage(document))
})
