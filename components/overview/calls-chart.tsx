'use client'

import { useQuery } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { CallHour } from '../types'
import { Card } from '../ui/card'
import { useDrawn } from '../ui/drawn'
import { ErrorState, Skeleton } from '../ui/feedback'
import { later } from '../ui/later'
import { WhenSeen } from '../ui/when-seen'
import { HoursTable } from './hours'

// recharts is the heaviest thing on the page, and nothing that is needed at once.
const Bars = later(
  () => import('./calls-bars').then((module) => module.CallsBars),
  <Skeleton className="h-48 w-full" />,
)

/** The last day's calls by hour and outcome, with the answer times in words. */
export function CallsChart() {
  const t = useTranslations('overview')
  const hours = useQuery({
    queryKey: ['/calls/per-hour'],
    queryFn: ({ signal }) => api<{ items: CallHour[] }>('/calls/per-hour', { query: { hours: 24 }, signal }),
    refetchInterval: 60_000,
  })
  const data = useDrawn(hours.data)
  const items = data?.items ?? []
  const answered = items.filter((hour) => hour.p99Ms !== null)
  const slowest = Math.max(0, ...answered.map((hour) => hour.p99Ms ?? 0))
  const usual = answered.at(-1)?.p50Ms
  return (
    <Card title={t('perHour')}>
      {hours.isError && !hours.data ? (
        <ErrorState error={hours.error} onRetry={() => hours.refetch()} />
      ) : !data ? (
        <>
          <Skeleton className="h-48 w-full" />
          <Skeleton className="mt-2 h-4 w-16" />
          <Skeleton className="mt-2 h-4 w-56" />
        </>
      ) : (
        <>
          <WhenSeen waiting={<Skeleton className="h-48 w-full" />}>
            <Bars items={items} />
          </WhenSeen>
          <HoursTable items={items} />
          <p className="mt-2 text-soft text-xs">
            {usual === undefined || usual === null ? t('noCalls') : t('answerTimes', { usual, slowest })}
          </p>
        </>
      )}
    </Card>
  )
}
