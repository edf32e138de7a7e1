'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { UsageRecordItem } from '@/lib/usage/queries'
import { usageStates } from '@/lib/usage/types'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import { Button } from '../ui/button'
import { ShortId } from '../ui/copy'
import { ConfirmDialog } from '../ui/dialog'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterChip, FilterPicker, SearchBox } from '../ui/filters'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'
import { oneOf, search, text, useFilters } from '../url-state'
import { RecordDialog } from './record-dialog'
import { Rejection, UsageStateChip } from './words'

const shape = {
  state: oneOf(usageStates),
  code: text,
  pushId: text,
  q: search,
}

/** Metering records of a month; rejected ones can be corrected and queued again. */
export function RecordList({ month, productId }: { month: string; productId: string | null }) {
  const t = useTranslations('usage')
  const shown = useCount()
  const client = useQueryClient()
  const blocked = useBlocked('operator')
  const { filters, change, clear, active } = useFilters(shape)
  const [mending, setMending] = useState<UsageRecordItem | null>(null)
  const [asking, setAsking] = useState(false)
  const { q } = filters
  // A push may span months.
  const filter = { ...filters, productId, month: filters.pushId ? null : month }
  const list = useList<UsageRecordItem>('/usage-records', { query: () => filter, key: filter })
  const requeue = async () => {
    try {
      const { queued } = await api<{ queued: number }>('/usage-records/requeue', {
        method: 'POST',
        json: { month, ...(productId && { productId }), ...(filters.code && { code: filters.code }) },
      })
      toast.success(t('requeued', { count: queued }))
      await client.invalidateQueries()
    } catch (fault) {
      toast.error((fault as Error).message)
    }
  }
  const columns: Column<UsageRecordItem>[] = [
    { id: 'number', header: t('number'), card: 'title', cell: (r) => <ShortId value={r.meteringSn} keep={20} /> },
    { id: 'state', header: t('state'), card: 'aside', cell: (r) => <UsageStateChip state={r.state} /> },
    { id: 'instance', header: t('instance'), cell: (r) => <ShortId value={r.instanceId} /> },
    {
      id: 'period',
      header: t('period'),
      cell: (r) => (
        <span className="whitespace-nowrap">
          <Time at={r.beginAt} /> – <Time at={r.endAt} />
        </span>
      ),
    },
    { id: 'value', header: t('value'), align: 'right', cell: (r) => r.value },
    {
      id: 'reason',
      header: t('reason'),
      has: (r) => r.state === 'rejected',
      cell: (r) => (r.state === 'rejected' ? <Rejection code={r.code} message={r.message} /> : '–'),
    },
    {
      id: 'mend',
      header: '',
      card: 'plain',
      has: (r) => r.state === 'rejected',
      cell: (r) =>
        r.state === 'rejected' ? (
          <Button size="sm" blocked={blocked} onClick={() => setMending(r)}>
            {t('mend')}
          </Button>
        ) : null,
    },
  ]
  return (
    <>
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined ? null : (
            <span>
              {shown(list.page.data.total)}
              {filters.state === 'rejected' && list.page.data.total > 0 && !filters.pushId && !q ? (
                <Button size="sm" className="ml-2" blocked={blocked} onClick={() => setAsking(true)}>
                  {t('requeueAll')}
                </Button>
              ) : null}
            </span>
          )
        }
      >
        <SearchBox
          value={q}
          onChange={(q) => change({ q })}
          label={t('searchLabel')}
          placeholder={t('searchRecords')}
        />
        <FilterPicker
          label={t('state')}
          value={filters.state}
          options={usageStates.map((value) => ({ value, label: t(`states.${value}`) }))}
          onChange={(state) => change({ state })}
        />
        {filters.code ? (
          <FilterChip label={t('code')} value={filters.code} onRemove={() => change({ code: null })} />
        ) : null}
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('view.records')}
          columns={columns}
          rowKey={(r) => r.id}
          empty={
            active ? (
              <NothingFound title={t('nothingFound')} onClear={clear} />
            ) : (
              <EmptyState title={t('recordsNone')}>{t('gridNoneHint')}</EmptyState>
            )
          }
        />
      </div>
      {mending ? <RecordDialog record={mending} onClose={() => setMending(null)} /> : null}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t('requeueAll')}
        confirmLabel={t('requeueAll')}
        onConfirm={requeue}
      >
        {t('requeueAllText')}
      </ConfirmDialog>
    </>
  )
}
