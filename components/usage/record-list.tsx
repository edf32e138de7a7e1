'use client'

import { useQueryClient } from '@tanstack/react-query'
import { parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
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
import { RecordDialog } from './record-dialog'
import { Rejection, UsageStateChip } from './words'

const parsers = {
  state: parseAsStringLiteral(usageStates),
  code: parseAsString,
  pushId: parseAsString,
  q: parseAsString.withDefault(''),
  cursor: parseAsString,
}

/** Metering records of a month; rejected ones can be corrected and queued again. */
export function RecordList({ month, productId }: { month: string; productId: string | null }) {
  const t = useTranslations('usage')
  const shown = useCount()
  const client = useQueryClient()
  const blocked = useBlocked('operator')
  const [values, set] = useQueryStates(parsers, { clearOnDefault: true })
  const [mending, setMending] = useState<UsageRecordItem | null>(null)
  const [asking, setAsking] = useState(false)
  const change = (next: Parameters<typeof set>[0]) => set({ ...(next as object), cursor: null })
  const { cursor: _, q, ...rest } = values
  // A push may span months.
  const filter = { ...rest, q: q || null, productId, month: values.pushId ? null : month }
  const list = useList<UsageRecordItem>('/usage-records', { query: () => filter, key: filter })
  const active = q !== '' || Object.values(rest).some((value) => value !== null)
  const clear = () => change({ state: null, code: null, pushId: null, q: null })
  const requeue = async () => {
    try {
      const { queued } = await api<{ queued: number }>('/usage-records/requeue', {
        method: 'POST',
        json: { month, ...(productId && { productId }), ...(values.code && { code: values.code }) },
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
              {values.state === 'rejected' && list.page.data.total > 0 && !values.pushId && !q ? (
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
          onChange={(text) => change({ q: text || null })}
          label={t('searchLabel')}
          placeholder={t('searchRecords')}
        />
        <FilterPicker
          label={t('state')}
          value={values.state}
          options={usageStates.map((value) => ({ value, label: t(`states.${value}`) }))}
          onChange={(state) => change({ state: state as typeof values.state })}
        />
        {values.code ? (
          <FilterChip label={t('code')} value={values.code} onRemove={() => change({ code: null })} />
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
