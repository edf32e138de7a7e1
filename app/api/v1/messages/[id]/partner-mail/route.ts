import { route } from '@/lib/http/api'
import { draftPartnerMail } from '@/lib/notices'
import * as operations from '@/lib/openapi/operations'

export const GET = route(operations.partnerMail, ({ ctx, params }) =>
  draftPartnerMail({ ctx, input: { messageId: params.id } }),
)
