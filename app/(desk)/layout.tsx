import type { ReactNode } from 'react'
import { Shell } from '@/components/shell/shell'
import { deskEnvironment } from '@/lib/environment'
import { requestTheme } from '@/lib/i18n/server'
import { currentUser } from './session'

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const user = await currentUser()
  // The page itself knows where to come back to, so it does the redirecting.
  if (!user) return children
  const { environment, marketplaceHost } = deskEnvironment()
  const sandboxHost = environment === 'sandbox' ? marketplaceHost : null
  return (
    <Shell user={{ email: user.email, role: user.role }} theme={await requestTheme()} sandboxHost={sandboxHost}>
      {children}
    </Shell>
  )
}
