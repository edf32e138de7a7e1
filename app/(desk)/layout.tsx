import type { ReactNode } from 'react'
import { Shell } from '@/components/shell/shell'
import { requestTheme } from '@/lib/i18n/server'
import { currentUser } from './session'

export default async function DeskLayout({ children }: { children: ReactNode }) {
  const user = await currentUser()
  // The page itself knows where to come back to, so it does the redirecting.
  if (!user) return children
  return (
    <Shell user={{ email: user.email, role: user.role }} theme={await requestTheme()}>
      {children}
    </Shell>
  )
}
