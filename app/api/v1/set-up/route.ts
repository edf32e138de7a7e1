import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { redeemSetupLink } from '@/lib/users'

export const POST = route(operations.setUp, ({ body }) => redeemSetupLink(body))
