'use client'

import { CircleCheck, CircleHelp, CircleX, GitCompareArrows, PackageX, PhoneMissed, SearchX } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Badge } from '../ui/badge'
import { Time } from '../ui/time'
import { useWords } from '../words'
import type { DriftKind, LookUpFailure, RowResult } from './types'

/** The words for values of orders; a value we have no word for stands as it is. */
export function useOrderWords() {
  const t = useTranslations('orders')
  const say = (group: string, value: string | null | undefined): string => {
    if (!value) return '–'
    const key = `${group}.${value}` as Parameters<typeof t>[0]
    return !value.includes('.') && t.has(key) ? t(key) : value
  }
  return {
    orderType: (type: string | null) => say('orderType', type),
    chargingMode: (mode: string | null) => say('chargingMode', mode),
    supervision: (state: string | null) => say('supervisionState', state),
    field: (field: string) => say('field', field),
    step: (step: string) => say('step', step),
    period: (type: string | null, count: number | null) => {
      if (!type) return null
      const key = `period.${type}` as Parameters<typeof t>[0]
      return t.has(key) ? t(key, { count: count ?? 1 }) : `${count ?? ''} ${type}`.trim()
    },
    failure: (family: string) => ({
      title: say('failureTitle', family),
      todo: say('failureTodo', family),
    }),
  }
}

export const driftLook = {
  'no-call': { tone: 'bad', icon: PhoneMissed },
  'no-order': { tone: 'warn', icon: SearchX },
  'no-instance': { tone: 'bad', icon: PackageX },
  fields: { tone: 'warn', icon: GitCompareArrows },
} as const

export function DriftChip({ kind }: { kind: DriftKind }) {
  const t = useTranslations('orders')
  return <Badge {...driftLook[kind]}>{t(`driftKind.${kind}`)}</Badge>
}

const resultLook = {
  matched: { tone: 'ok', icon: CircleCheck },
  differs: { tone: 'warn', icon: GitCompareArrows },
  'no-order': { tone: 'warn', icon: SearchX },
  'no-call': { tone: 'bad', icon: PhoneMissed },
  missing: { tone: 'bad', icon: CircleX },
  unreadable: { tone: 'idle', icon: CircleHelp },
} as const

export function ResultChip({ result }: { result: RowResult }) {
  const t = useTranslations('orders')
  return <Badge {...resultLook[result]}>{t(`result.${result}`)}</Badge>
}

/** An exact amount as the marketplace wrote it; `–` without one. */
export function Amount({ value }: { value: string | null }) {
  return value === null ? <span className="text-faint">–</span> : <span className="tabular-nums">{value}</span>
}

/** A compared value: times as times, codes in words. */
export function FieldValue({ field, value }: { field: string; value: string | null }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const desk = useWords()
  if (value === null || value === '') return <span className="text-faint">{t('nothing')}</span>
  if (/At$/.test(field) && /^\d{4}-\d\d-\d\dT.*Z$/.test(value)) return <Time at={value} style="full" />
  if (field === 'chargingMode') return words.chargingMode(value)
  if (field === 'orderType') return words.orderType(value)
  if (field === 'supervision') return words.supervision(value)
  if (field === 'trial') return t(value === 'true' ? 'yes' : 'no')
  if (field === 'resultCode') return desk.code(value)
  if (/Id$|Code$/.test(field)) return <span className="break-all font-mono text-[0.92em]">{value}</span>
  return <span className="break-words">{value}</span>
}

/** Why the marketplace did not tell, what to do about it, and its own words. */
export function FailureText({ failure }: { failure: LookUpFailure }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const { title, todo } = words.failure(failure.family)
  const minutes = Math.round(Math.abs(failure.skewMs ?? 0) / 60_000)
  const own = [failure.code, failure.message].filter(Boolean).join(' ')
  return (
    <>
      <p className="font-medium">{title}</p>
      {failure.skewMs ? (
        <p className="mt-0.5">{t(failure.skewMs > 0 ? 'clockAhead' : 'clockBehind', { minutes })}</p>
      ) : null}
      <p className="mt-0.5">{todo}</p>
      {own ? <p className="mt-1 break-all font-mono text-xs">{own}</p> : null}
    </>
  )
}
