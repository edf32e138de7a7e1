import { countOpenMessages } from '@/lib/calls/queries'
import { deskEnvironment } from '@/lib/environment'
import { route } from '@/lib/http/api'
import { countWaitingDeliveries } from '@/lib/instances/queries'
import { countWaitingLicenses } from '@/lib/licenses/queries'
import { mailConfigured } from '@/lib/notices'
import * as operations from '@/lib/openapi/operations'
import { currentUser } from '@/lib/users/auth'
import { version } from '@/package.json'

export const GET = route(operations.getDesk, async ({ ctx }) => {
  const [openMessages, waitingDeliveries, waitingLicenses, user] = await Promise.all([
    countOpenMessages(),
    countWaitingDeliveries(),
    countWaitingLicenses(),
    ctx.actor.via === 'user' ? currentUser() : null,
  ])
  return {
    ...deskEnvironment(),
    mailConfigured: mailConfigured(),
    counts: { openMessages, waitingDeliveries, waitingLicenses },
    user: user && { email: user.email, role: user.role, locale: user.locale },
    version,
  }
})
