'use client'

import { FlaskConical } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { DeliveryState, InstanceState, MessageState, Outcome, Source } from './types'
import { Badge } from './ui/badge'
import { deliveryLook, instanceLook, messageLook, outcomeLook, sourceLook, useWords } from './words'

/** An open message that is still being worked on has not failed (yet). */
export function MessageStateChip({
  message: { state, outcome },
}: {
  message: { state: MessageState; outcome: Outcome }
}) {
  const words = useWords()
  if (state === 'open' && outcome === 'processing') return <OutcomeChip outcome={outcome} />
  return <Badge {...messageLook[state]}>{words.messageState(state)}</Badge>
}

export function OutcomeChip({ outcome }: { outcome: Outcome }) {
  const words = useWords()
  return <Badge {...outcomeLook[outcome]}>{words.outcome(outcome)}</Badge>
}

export function InstanceStateChip({ state }: { state: InstanceState }) {
  const words = useWords()
  return <Badge {...instanceLook[state]}>{words.instanceState(state)}</Badge>
}

export function DeliveryChip({ state }: { state: DeliveryState }) {
  const words = useWords()
  return <Badge {...deliveryLook[state]}>{words.deliveryState(state)}</Badge>
}

export function SourceMark({ source }: { source: Source }) {
  const words = useWords()
  const Icon = sourceLook[source]
  return (
    <span className="inline-flex items-center gap-1 whitespace-nowrap text-soft">
      <Icon className="size-3.5 text-faint" aria-hidden />
      {words.source(source)}
    </span>
  )
}

export function TestMark() {
  const t = useTranslations('common')
  return (
    <Badge tone="accent" icon={FlaskConical}>
      {t('test')}
    </Badge>
  )
}

/** A result code with its meaning; the message we answered stands in the hint. */
export function ResultCode({
  code,
  message,
  tone = true,
}: {
  code: string | null
  message?: string | null
  tone?: boolean
}) {
  const words = useWords()
  if (!code) return <span className="text-faint">–</span>
  const good = code === '000000'
  const waiting = code === '000004'
  return (
    <span title={message ?? undefined} className="inline-flex min-w-0 items-baseline gap-1.5">
      <span className={tone ? (good ? 'text-ok' : waiting ? 'text-info' : 'text-bad') : undefined}>
        {words.code(code)}
      </span>
      <span className="font-mono text-[0.85em] text-faint">{code}</span>
    </span>
  )
}
