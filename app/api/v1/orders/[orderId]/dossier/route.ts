import { route } from '@/lib/http/api'
import * as operations from '@/lib/openapi/operations'
import { getDossier } from '@/lib/reconcile'

export const GET = route(operations.getOrderDossier, ({ ctx, params }) => getDossier({ ctx, input: params }))
