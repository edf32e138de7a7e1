'use client'

import { useTranslations } from 'use-intl'
import { OutcomeChip, ResultCode, SourceMark } from '../chips'
import type { TenantDetail, TenantSync } from '../types'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterPicker } from '../ui/filters'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { oneOf, useFilters } from '../url-state'
import { useWords } from '../words'
import { Changes } from './changes'

const activities = ['tenantSync', 'applicationSync', 'authSync', 'singleOrgSync', 'allOrgSync'] as const

const shape = { activity: oneOf(activities) }

export function Syncs({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const words = useWords()
  const { filters, change, clear, active } = useFilters(shape)
  const list = useList<TenantSync>(`/tenants/${tenant.id}/syncs`, { query: () => filters, key: filters })
  const columns: Column<TenantSync>[] = [
    { id: 'at', header: t('at'), link: true, card: 'aside', cell: (row) => <Time at={row.receivedAt} /> },
    { id: 'activity', header: t('activity'), card: 'title', cell: (row) => words.activity(row.activity) },
    {
      id: 'outcome',
      header: t('result'),
      cell: (row) =>
        row.outcome === 'succeeded' ? (
          <OutcomeChip outcome={row.outcome} />
        ) : (
          <ResultCode code={row.resultCode} message={row.resultMsg} />
        ),
    },
    { id: 'changes', header: t('changes'), cell: (row) => <Changes sync={row} /> },
    { id: 'source', header: t('source'), from: 'xl', card: 'none', cell: (row) => <SourceMark source={row.source} /> },
  ]
  return (
    <>
      <FilterBar active={active} onClear={clear}>
        <FilterPicker
          label={t('activity')}
          value={filters.activity}
          options={activities.map((value) => ({ value, label: words.activity(value) }))}
          onChange={(activity) => change({ activity })}
        />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('syncs')}
          columns={columns}
          rowKey={(row) => row.id}
          href={(row) => `/calls/${row.id}`}
          empty={
            active ? (
              <NothingFound title={t('noSyncFound')} onClear={clear}>
                {t('nothingFoundHint')}
              </NothingFound>
            ) : (
              <EmptyState title={t('noSyncs')}>{t('noSyncsHint')}</EmptyState>
            )
          }
        />
      </div>
    </>
  )
}
