'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowRight, CircleCheckBig, PackageCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useMessageColumns } from '../calls/message-list'
import { DeliveryChip } from '../chips'
import { useSentences } from '../sentences'
import type { InstanceState, Overview } from '../types'
import { Card, PageHeader } from '../ui/card'
import { cn } from '../ui/cn'
import { useDrawn } from '../ui/drawn'
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { useCount } from '../ui/list'
import { DataTable } from '../ui/table'
import { Time } from '../ui/time'
import { instanceLook, useWords } from '../words'
import { AlertsNow } from './alerts-now'
import { CallsChart } from './calls-chart'
import { HealthCard } from './health-card'

const states: InstanceState[] = ['pending', 'active', 'frozen', 'released']

/** Is anything on fire? Read again every 10 s; a poll needs nothing behind any number of replicas. */
export function OverviewPage() {
  const t = useTranslations('overview')
  const overview = useQuery({
    queryKey: ['/overview'],
    queryFn: ({ signal }) => api<Overview>('/overview', { signal }),
    refetchInterval: 10_000,
  })
  const data = useDrawn(overview.data)
  if (overview.isError && !overview.data) {
    return (
      <>
        <PageHeader title={t('title')} />
        <ErrorState error={overview.error} onRetry={() => overview.refetch()} />
      </>
    )
  }
  return (
    <>
      <PageHeader title={t('title')} />
      {/* Alerts come with the figures and stand above them: drawn anew, nothing that stood there before jumps. */}
      <div key={data ? 'told' : 'waiting'} className="flex flex-col gap-5">
        {data?.alerts.length ? <AlertsNow alerts={data.alerts} /> : null}
        <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
          <Figure
            href="/calls"
            label={t('openMessages')}
            count={data?.openMessages}
            alarm
            more={
              data?.closingMessages ? (
                <Link href="/calls?closingWithin=30" className="rounded-sm text-bad text-xs hover:underline">
                  {t('closingSoon', { count: data.closingMessages })}
                </Link>
              ) : null
            }
          />
          <Figure
            href="/instances?deliveryState=unfinished"
            label={t('waitingDeliveries')}
            count={data?.waitingDeliveries}
            alarm
          />
          <Figure
            href="/instances?expiresWithinDays=7"
            label={t('expiring', { days: 7 })}
            count={data?.expiring.days7}
          />
          <Figure
            href="/instances?expiresWithinDays=30"
            label={t('expiring', { days: 30 })}
            count={data?.expiring.days30}
          />
          <Figure href="/licenses?state=waiting" label={t('licensesWaiting')} count={data?.licenses.waiting} alarm />
          <Figure
            href="/licenses?state=upload-failed"
            label={t('uploadFailed')}
            count={data?.licenses.uploadFailed}
            alarm
          />
          <Figure
            href="/licenses?expiresWithinDays=30"
            label={t('licensesExpiring', { days: 30 })}
            count={data?.licenses.expiring30}
          />
          <UsageFigure usage={data?.usage} />
        </div>
        <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-[minmax(0,1fr)_22rem]">
          <Urgent messages={data?.urgent} />
          <HealthCard overview={data} />
        </div>
        <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-[minmax(0,1fr)_22rem]">
          <CallsChart />
          <div className="grid grid-cols-1 gap-5 md:grid-cols-2 xl:grid-cols-1">
            <Stuck deliveries={data?.stuck} />
            <InstancesByState counts={data?.instances} />
          </div>
        </div>
      </div>
    </>
  )
}

type FigureProps = { href: string; label: ReactNode; count: number | undefined; alarm?: boolean; more?: ReactNode }

function Figure({ href, label, count, alarm, more }: FigureProps) {
  const shown = useCount()
  return (
    <div className="relative rounded-lg border border-line bg-surface px-4 py-3 transition-colors hover:border-line-strong">
      <Link href={href} className="rounded-sm after:absolute after:inset-0">
        <span className="block text-sm text-soft">{label}</span>
        {count === undefined ? (
          <Skeleton className="mt-1 h-7 w-14" />
        ) : (
          <span className={cn('block font-semibold text-2xl tracking-tight', alarm && count > 0 && 'text-bad')}>
            {shown(count)}
          </span>
        )}
      </Link>
      {more ? <div className="relative z-1 mt-0.5">{more}</div> : null}
    </div>
  )
}

function UsageFigure({ usage }: { usage: Overview['usage'] | undefined }) {
  const t = useTranslations('overview')
  const records = `/usage?view=records&month=${usage?.month}`
  return (
    <Figure
      href={records}
      label={t('usage')}
      count={usage?.collected}
      more={
        usage ? (
          <span className="flex flex-wrap gap-x-2.5 text-xs">
            <Link
              href="/usage?view=pushes"
              className="inline-flex min-h-6 items-center rounded-sm text-soft hover:underline"
            >
              {t('usagePushed', { count: usage.pushed })}
            </Link>
            {usage.rejected > 0 ? (
              <Link
                href={`${records}&state=rejected`}
                className="inline-flex min-h-6 items-center rounded-sm text-bad hover:underline"
              >
                {t('usageRejected', { count: usage.rejected })}
              </Link>
            ) : null}
            {usage.silent > 0 ? (
              <Link
                href={`/usage?month=${usage.month}&only=silent`}
                className="inline-flex min-h-6 items-center rounded-sm text-bad hover:underline"
              >
                {t('usageSilent', { count: usage.silent })}
              </Link>
            ) : null}
          </span>
        ) : null
      }
    />
  )
}

function All({ href }: { href: string }) {
  const t = useTranslations('overview')
  return (
    <Link href={href} className="inline-flex items-center gap-1 rounded-sm text-accent text-xs hover:underline">
      {t('all')}
      <ArrowRight className="size-3.5" aria-hidden />
    </Link>
  )
}

function Urgent({ messages }: { messages: Overview['urgent'] | undefined }) {
  const t = useTranslations('overview')
  const columns = useMessageColumns(true).map((column) =>
    ['instance', 'customer', 'product'].includes(column.id) ? { ...column, from: '2xl' as const } : column,
  )
  return (
    <Card title={t('urgent')} actions={<All href="/calls" />} flush>
      {messages === undefined ? (
        <SkeletonRows rows={4} />
      ) : messages.length > 0 ? (
        <DataTable
          label={t('urgent')}
          columns={columns}
          rows={messages}
          rowKey={(m) => m.id}
          href={(m) => `/calls/messages/${m.id}`}
        />
      ) : (
        <EmptyState icon={CircleCheckBig} title={t('noneFailed')}>
          {t('noneFailedHint')}
        </EmptyState>
      )}
    </Card>
  )
}

function Stuck({ deliveries }: { deliveries: Overview['stuck'] | undefined }) {
  const t = useTranslations('overview')
  const words = useWords()
  const sentence = useSentences()
  return (
    <Card title={t('stuck')} actions={<All href="/instances?deliveryState=unfinished" />} flush>
      {deliveries === undefined ? (
        <SkeletonRows rows={2} />
      ) : deliveries.length === 0 ? (
        <p className="flex items-center gap-2 px-4 py-3 text-sm text-soft">
          <PackageCheck className="size-4 text-ok" aria-hidden />
          {t('noneStuck')}
        </p>
      ) : (
        <ul className="divide-y divide-line">
          {deliveries.map((one) => (
            <li key={one.instanceId}>
              <Link
                href={`/instances/${encodeURIComponent(one.instanceId)}`}
                className="block px-4 py-2.5 text-sm hover:bg-hover"
              >
                <span className="flex items-baseline justify-between gap-3">
                  <span className="min-w-0 truncate font-medium">{one.customerName ?? one.instanceId}</span>
                  <Time at={one.createdAt} style="relative" className="shrink-0 text-faint text-xs" />
                </span>
                <span className="mt-1 flex flex-wrap items-center gap-2 text-soft text-xs">
                  <DeliveryChip state={one.deliveryState} />
                  <span className="min-w-0 truncate">
                    {one.deliveryError ? sentence(one.deliveryError) : words.deliveryType(one.deliveryType)}
                  </span>
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function InstancesByState({ counts }: { counts: Overview['instances'] | undefined }) {
  const t = useTranslations('overview')
  const words = useWords()
  const shown = useCount()
  return (
    <Card title={t('byState')} flush>
      <ul className="divide-y divide-line">
        {states.map((state) => {
          const { icon: Icon } = instanceLook[state]
          return (
            <li key={state}>
              <Link
                href={`/instances?state=${state}`}
                className="flex items-center gap-2.5 px-4 py-2.5 text-sm hover:bg-hover"
              >
                <Icon className="size-4 text-faint" aria-hidden />
                <span className="grow">{words.instanceState(state)}</span>
                {counts === undefined ? (
                  <Skeleton className="h-4 w-8" />
                ) : (
                  <span className="font-medium">{shown(counts[state])}</span>
                )}
              </Link>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
