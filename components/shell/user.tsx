'use client'

import { createContext, type ReactNode, use } from 'react'
import { useTranslations } from 'use-intl'
import type { Role } from '../types'

export type ShellUser = { email: string; role: Role }

const UserContext = createContext<ShellUser | null>(null)

export function UserProvider({ user, children }: { user: ShellUser; children: ReactNode }) {
  return <UserContext value={user}>{children}</UserContext>
}

export function useUser(): ShellUser {
  const user = use(UserContext)
  if (!user) throw new Error('useUser outside of the shell')
  return user
}

const ranks: Record<Role, number> = { viewer: 0, operator: 1, admin: 2 }

/** Why the user may not do what needs `role`; null when they may. The server decides all the same. */
export function useBlocked(role: Role): string | null {
  const user = useUser()
  const t = useTranslations('words')
  const s = useTranslations('shell')
  return ranks[user.role] >= ranks[role] ? null : s('needsRole', { role: t(`role.${role}`) })
}
