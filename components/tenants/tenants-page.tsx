'use client'

import { useTranslations } from 'use-intl'
import { TestMark } from '../chips'
import type { Tenant } from '../types'
import { PageHeader } from '../ui/card'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterChip, FilterPicker, SearchBox, TestFilter } from '../ui/filters'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { oneOf, search, testParam, testShown, text, useFilters } from '../url-state'
import { TenantStateChip } from './looks'

const states = ['bound', 'unbound', 'announced'] as const

const shape = {
  q: search,
  state: oneOf(states),
  instanceId: text,
  test: testShown,
}

export function TenantsPage() {
  const t = useTranslations('tenants')
  const shown = useCount()
  const { filters, change, clear, active } = useFilters(shape)
  const { test } = filters
  const list = useList<Tenant>('/tenants', {
    query: () => ({ ...filters, test: testParam(test) }),
    key: filters,
    refetchMs: 30_000,
  })
  const columns: Column<Tenant>[] = [
    {
      id: 'name',
      header: t('tenant'),
      link: true,
      card: 'title',
      cell: (row) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          {row.name ?? t('unnamed')}
          {row.test ? <TestMark /> : null}
        </span>
      ),
    },
    { id: 'state', header: t('state'), card: 'aside', cell: (row) => <TenantStateChip state={row.state} /> },
    { id: 'tenantId', header: t('tenantId'), cell: (row) => <ShortId value={row.tenantId} keep={20} /> },
    { id: 'apps', header: t('apps'), align: 'right', from: 'lg', cell: (row) => shown(row.apps) },
    { id: 'members', header: t('members'), align: 'right', cell: (row) => shown(row.members) },
    { id: 'departments', header: t('departments'), align: 'right', from: 'lg', cell: (row) => shown(row.departments) },
    { id: 'synced', header: t('lastSync'), cell: (row) => <Time at={row.lastSyncAt} /> },
  ]
  return (
    <>
      <PageHeader title={t('title')} lead={t('lead')} />
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined
            ? null
            : t('count', { count: list.page.data.total, shown: shown(list.page.data.total) })
        }
      >
        <SearchBox
          value={filters.q}
          onChange={(q) => change({ q })}
          label={t('searchLabel')}
          placeholder={t('search')}
        />
        <FilterPicker
          label={t('state')}
          value={filters.state}
          options={states.map((value) => ({ value, label: t(`states.${value}`) }))}
          onChange={(state) => change({ state })}
        />
        {filters.instanceId ? (
          <FilterChip label={t('instance')} value={filters.instanceId} onRemove={() => change({ instanceId: null })} />
        ) : null}
        <TestFilter value={test} onChange={(test) => change({ test })} />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('title')}
          columns={columns}
          rowKey={(row) => row.id}
          href={(row) => `/tenants/${row.id}`}
          empty={
            active ? (
              <NothingFound title={t('nothingFound')} onClear={clear}>
                {t('nothingFoundHint')}
              </NothingFound>
            ) : (
              <EmptyState title={t('none')}>{t('noneHint')}</EmptyState>
            )
          }
        />
      </div>
    </>
  )
}
