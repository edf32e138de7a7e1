'use client'

import { CircleCheck, CircleDashed, CircleOff, CircleX, type LucideIcon, UserRoundX } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { MemberState, TenantLoginState, TenantState } from '../types'
import { Badge, type Tone } from '../ui/badge'

type Look = { tone: Tone; icon: LucideIcon }

const tenantLook: Record<TenantState, Look> = {
  announced: { tone: 'info', icon: CircleDashed },
  bound: { tone: 'ok', icon: CircleCheck },
  unbound: { tone: 'idle', icon: CircleOff },
}
const memberLook: Record<MemberState, Look> = {
  granted: { tone: 'ok', icon: CircleCheck },
  disabled: { tone: 'warn', icon: CircleOff },
  revoked: { tone: 'idle', icon: CircleX },
  deleted: { tone: 'idle', icon: UserRoundX },
}
const loginLook: Record<TenantLoginState, Look> = {
  exchanging: { tone: 'info', icon: CircleDashed },
  failed: { tone: 'bad', icon: CircleX },
  'signed-in': { tone: 'ok', icon: CircleCheck },
  ended: { tone: 'idle', icon: CircleOff },
}

export function TenantStateChip({ state }: { state: TenantState }) {
  const t = useTranslations('tenants.states')
  return <Badge {...tenantLook[state]}>{t(state)}</Badge>
}

export function MemberStateChip({ state }: { state: MemberState }) {
  const t = useTranslations('tenants.memberStates')
  return <Badge {...memberLook[state]}>{t(state)}</Badge>
}

export function LoginStateChip({ state }: { state: TenantLoginState }) {
  const t = useTranslations('tenants.loginStates')
  return <Badge {...loginLook[state]}>{t(state)}</Badge>
}
