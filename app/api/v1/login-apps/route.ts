import { listAnswer, route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { listLoginApps } from '@/lib/tenants/login-apps'

export const GET = route(operations.listLoginApps, async ({ ctx }) => listAnswer(await listLoginApps({ ctx })))
