'use client'

import { useTranslations } from 'use-intl'
import type { Alert, AlertKind } from '../types'
import { useWords } from '../words'

export const alertKinds: AlertKind[] = [
  'message-window',
  'failed-orders',
  'probe-failed',
  'delivery-stuck',
  'usage-late',
  'pool-low',
]

/** An alert in words: what is the matter, and with what. */
export function useAlertText() {
  const t = useTranslations('alerts')
  const words = useWords()
  return {
    kind: (kind: AlertKind) => t(`kind.${kind}`),
    title: (alert: Alert) =>
      t(`title.${alert.kind}`, { count: alert.count ?? 0, limit: alert.limit ?? 0 } as {
        count: number
        limit: number
      }),
    about: (alert: Alert) =>
      [
        alert.productName,
        alert.activity && alert.kind !== 'delivery-stuck' ? words.activity(alert.activity) : null,
        alert.orderId ?? alert.instanceId,
        alert.cause,
      ]
        .filter(Boolean)
        .join(' · '),
  }
}
