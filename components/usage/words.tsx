'use client'

import { CircleCheck, CircleDashed, CircleX, Clock, type LucideIcon, Send } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { UsageRecordItem } from '@/lib/usage/queries'
import type { RecordFault } from '@/lib/usage/types'
import { Badge, type Tone } from '../ui/badge'

/** What the members of a record are called. */
export const fieldLabels = {
  meteringSn: 'number',
  instanceId: 'instance',
  beginAt: 'begin',
  endAt: 'end',
  value: 'value',
  relatedPackageInstanceId: 'package',
} as const

type State = UsageRecordItem['state']

const looks: Record<State, { tone: Tone; icon: LucideIcon }> = {
  draft: { tone: 'idle', icon: CircleDashed },
  queued: { tone: 'info', icon: Clock },
  pushed: { tone: 'info', icon: Send },
  accepted: { tone: 'ok', icon: CircleCheck },
  rejected: { tone: 'bad', icon: CircleX },
}

export function UsageStateChip({ state }: { state: State }) {
  const t = useTranslations('usage.states')
  return <Badge {...looks[state]}>{t(state)}</Badge>
}

/** A rejection in words, with what to do; a code we have no word for stands as it is. */
export function Rejection({ code, message }: { code: string | null; message: string | null }) {
  const t = useTranslations('usage')
  if (!code) return <span className="text-faint">–</span>
  const word = `codes.${code.replaceAll('.', '_')}` as Parameters<typeof t>[0]
  const fix = `fixes.${code.replaceAll('.', '_')}` as Parameters<typeof t>[0]
  return (
    <span title={message ?? undefined}>
      <span className="text-bad">{t.has(word) ? t(word) : (message ?? code)}</span>
      <span className="ml-1 font-mono text-[0.85em] text-faint">{code}</span>
      {t.has(fix) ? <span className="block text-soft text-xs">{t(fix)}</span> : null}
    </span>
  )
}

/** Why a record is not taken in, in the reader's language. */
export function useFaultText(): (fault: RecordFault) => string {
  const t = useTranslations('usage')
  return ({ rule, field, came, allowed }) => {
    const named = field in fieldLabels ? t(fieldLabels[field as keyof typeof fieldLabels]) : field
    return t(`rule.${rule}`, { field: named, came: came ?? '–', allowed: allowed ?? '–' } as never)
  }
}
