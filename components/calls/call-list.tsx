'use client'

import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { OutcomeChip, ResultCode, SourceMark, TestMark } from '../chips'
import type { Call } from '../types'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { useWords } from '../words'
import { type CallFilters, callQuery } from './use-filters'

type CallListProps = {
  filters: CallFilters
  filtered: boolean
  onClear: () => void
  onTotal: (total: number | undefined) => void
}

export function CallList({ filters, filtered, onClear, onTotal }: CallListProps) {
  const t = useTranslations('calls')
  const words = useWords()
  const list = useList<Call>('/calls', { query: (now) => callQuery(filters, now), key: filters })
  const total = list.page.data?.total
  useEffect(() => onTotal(total), [total, onTotal])
  const columns: Column<Call>[] = [
    {
      id: 'time',
      header: t('time'),
      card: 'aside',
      cell: (c) => <Time at={c.receivedAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'activity',
      header: t('activity'),
      link: true,
      card: 'title',
      cell: (c) => (
        <span className="inline-flex items-center gap-2 whitespace-nowrap">
          {words.activity(c.activity)}
          {c.test ? <TestMark /> : null}
        </span>
      ),
    },
    { id: 'outcome', header: t('outcome'), card: 'plain', cell: (c) => <OutcomeChip outcome={c.outcome} /> },
    {
      id: 'result',
      header: t('result'),
      card: 'plain',
      cell: (c) => <ResultCode code={c.resultCode} message={c.resultMsg} />,
    },
    {
      id: 'instance',
      header: t('instance'),
      from: 'xl',
      has: (c) => c.instanceId !== null,
      cell: (c) => <ShortId value={c.instanceId} />,
    },
    {
      id: 'order',
      header: t('order'),
      from: 'lg',
      has: (c) => c.orderId !== null,
      cell: (c) => <ShortId value={c.orderId} keep={20} />,
    },
    {
      id: 'customer',
      header: t('customer'),
      from: '2xl',
      card: 'none',
      cell: (c) => <ShortId value={c.customerId} keep={16} />,
    },
    { id: 'source', header: t('source'), from: 'lg', cell: (c) => <SourceMark source={c.source} /> },
    {
      id: 'duration',
      header: t('duration'),
      align: 'right',
      from: 'xl',
      card: 'none',
      cell: (c) => (c.durationMs === null ? <span className="text-faint">–</span> : t('ms', { ms: c.durationMs })),
    },
  ]
  return (
    <ListBody
      {...list}
      label={t('view.calls')}
      columns={columns}
      rowKey={(c) => c.id}
      href={(c) => `/calls/${c.id}`}
      empty={
        filtered ? (
          <NothingFound title={t('nothingFound')} onClear={onClear}>
            {t('nothingFoundHint')}
          </NothingFound>
        ) : (
          <EmptyState title={t('noCalls')}>{t('noCallsHint')}</EmptyState>
        )
      }
    />
  )
}
