'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowRight, CircleCheckBig } from 'lucide-react'
import Link from 'next/link'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useMessageColumns } from '../calls/message-list'
import { useDesk } from '../shell/desk'
import type { Instance, InstanceState, Message, Page } from '../types'
import { Card, PageHeader } from '../ui/card'
import { cn } from '../ui/cn'
import { EmptyState, ErrorState, Skeleton, SkeletonRows } from '../ui/feedback'
import { useCount } from '../ui/list'
import { DataTable } from '../ui/table'
import { instanceLook, useWords } from '../words'
import { CallsChart } from './calls-chart'

const states: InstanceState[] = ['pending', 'active', 'frozen', 'released']

export function OverviewPage() {
  const t = useTranslations('overview')
  const desk = useDesk()
  const open = desk.data?.counts.openMessages
  const waiting = desk.data?.counts.waitingDeliveries
  return (
    <>
      <PageHeader title={t('title')} />
      <div className="flex flex-col gap-5">
        <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
          <Figure href="/calls" label={t('openMessages')} count={open} alarm={Boolean(open)} failed={desk.isError} />
          <Figure
            href="/instances?deliveryState=waiting"
            label={t('waitingDeliveries')}
            count={waiting}
            alarm={Boolean(waiting)}
            failed={desk.isError}
          />
          <CountedFigure
            href="/instances?expiresWithinDays=7"
            label={t('expiring', { days: 7 })}
            query={{ expiresWithinDays: 7 }}
          />
          <CountedFigure
            href="/instances?expiresWithinDays=30"
            label={t('expiring', { days: 30 })}
            query={{ expiresWithinDays: 30 }}
          />
        </div>
        <CallsChart />
        <div className="grid items-start gap-5 xl:grid-cols-[minmax(0,1fr)_18rem]">
          <NewestFailed />
          <InstancesByState />
        </div>
      </div>
    </>
  )
}

type FigureProps = { href: string; label: ReactNode; count: number | undefined; alarm?: boolean; failed?: boolean }

function Figure({ href, label, count, alarm, failed }: FigureProps) {
  const shown = useCount()
  return (
    <Link
      href={href}
      className="group rounded-lg border border-line bg-surface px-4 py-3 transition-colors hover:border-line-strong"
    >
      <span className="block text-sm text-soft">{label}</span>
      {count === undefined ? (
        failed ? (
          <span className="block text-2xl text-faint">–</span>
        ) : (
          <Skeleton className="mt-1 h-7 w-14" />
        )
      ) : (
        <span className={cn('block font-semibold text-2xl tracking-tight', alarm && 'text-bad')}>{shown(count)}</span>
      )}
    </Link>
  )
}

function useInstanceCount(query: { state?: string; expiresWithinDays?: number }) {
  return useQuery({
    queryKey: ['/instances', 'count', query],
    queryFn: ({ signal }) => api<Page<Instance>>('/instances', { query: { ...query, test: false, limit: 1 }, signal }),
    refetchInterval: 60_000,
  })
}

function CountedFigure({
  href,
  label,
  query,
}: {
  href: string
  label: ReactNode
  query: { expiresWithinDays: number }
}) {
  const { data, isError } = useInstanceCount(query)
  return <Figure href={href} label={label} count={data?.total} failed={isError} />
}

function NewestFailed() {
  const t = useTranslations('overview')
  const columns = useMessageColumns(true).map((column) =>
    ['instance', 'customer', 'product'].includes(column.id) ? { ...column, from: '2xl' as const } : column,
  )
  const list = useQuery({
    queryKey: ['/messages', 'newest-open'],
    queryFn: ({ signal }) =>
      api<Page<Message>>('/messages', { query: { state: 'open', outcome: 'failed', test: false, limit: 8 }, signal }),
    refetchInterval: 15_000,
  })
  return (
    <Card
      title={t('newestFailed')}
      actions={
        <Link href="/calls" className="inline-flex items-center gap-1 rounded-sm text-accent text-xs hover:underline">
          {t('all')}
          <ArrowRight className="size-3.5" aria-hidden />
        </Link>
      }
      flush
    >
      {list.isPending ? (
        <SkeletonRows rows={4} />
      ) : list.isError && !list.data ? (
        <ErrorState error={list.error} onRetry={() => list.refetch()} />
      ) : list.data?.items.length ? (
        <DataTable
          label={t('newestFailed')}
          columns={columns}
          rows={list.data.items}
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

function InstancesByState() {
  const t = useTranslations('overview')
  return (
    <Card title={t('byState')} flush>
      <ul className="divide-y divide-line">
        {states.map((state) => (
          <StateRow key={state} state={state} />
        ))}
      </ul>
    </Card>
  )
}

function StateRow({ state }: { state: InstanceState }) {
  const words = useWords()
  const shown = useCount()
  const { data, isError } = useInstanceCount({ state })
  const { icon: Icon } = instanceLook[state]
  return (
    <li>
      <Link href={`/instances?state=${state}`} className="flex items-center gap-2.5 px-4 py-2.5 text-sm hover:bg-hover">
        <Icon className="size-4 text-faint" aria-hidden />
        <span className="grow">{words.instanceState(state)}</span>
        {data?.total === undefined ? (
          isError ? (
            <span className="text-faint">–</span>
          ) : (
            <Skeleton className="h-4 w-8" />
          )
        ) : (
          <span className="font-medium">{shown(data.total)}</span>
        )}
      </Link>
    </li>
  )
}
