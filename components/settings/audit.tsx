'use client'

import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { apiPath } from '../api'
import { rangeBounds, ranges } from '../range'
import type { AuditEntry } from '../types'
import { Button } from '../ui/button'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterPicker, SearchBox } from '../ui/filters'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { TimeRangePicker } from '../ui/time-range'
import { oneOf, search, text, useFilters } from '../url-state'
import { SavedViews } from '../views/saved-views'
import { useWords } from '../words'

const shape = {
  q: search,
  subject: text,
  action: text,
  actor: text,
  range: oneOf(ranges),
  from: text,
  to: text,
}
const subjects = [
  'message',
  'call',
  'bulk-replay',
  'instance',
  'order',
  'product',
  'credential',
  'user',
  'token',
  'desk',
  'cause',
  'view',
]

export function AuditPage() {
  const t = useTranslations('audit')
  const words = useWords()
  const { filters, change, clear, active } = useFilters(shape)
  const { range, from, to, ...rest } = filters
  const query = (now: number) => ({ ...rest, ...rangeBounds(range, from, to, now) })
  const list = useList<AuditEntry>('/audit', {
    query,
    key: filters,
  })
  const columns: Column<AuditEntry>[] = [
    {
      id: 'at',
      header: t('at'),
      card: 'aside',
      cell: (a) => <Time at={a.at} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'actor',
      header: t('actor'),
      cell: (a) => (
        <span className="lg:whitespace-nowrap">
          <span className="break-all">{a.actor}</span>{' '}
          <span className="whitespace-nowrap text-faint text-xs">{t(`via.${a.via as 'user'}`)}</span>
        </span>
      ),
    },
    {
      id: 'action',
      header: t('action'),
      card: 'title',
      cell: (a) => <span className="whitespace-nowrap font-medium">{words.action(a.action)}</span>,
    },
    {
      id: 'subject',
      header: t('subject'),
      cell: (a) => (
        <span className="inline-flex flex-wrap items-baseline gap-x-2">
          {words.subject(a.subject)}
          {a.target ? <ShortId value={a.target} keep={20} /> : null}
        </span>
      ),
    },
    { id: 'data', header: t('data'), from: 'xl', cell: (a) => <Data data={a.data} /> },
  ]
  return (
    <>
      <div className="mb-4 flex flex-wrap items-start justify-between gap-3">
        <p className="max-w-3xl text-sm text-soft">{t('lead')}</p>
        <div className="flex flex-wrap gap-2">
          <SavedViews page="audit" />
          <Button asChild>
            <a href={apiPath('/audit.csv', query(Date.now()))} download>
              <Download aria-hidden />
              {t('csv')}
            </a>
          </Button>
        </div>
      </div>
      <FilterBar active={active} onClear={clear}>
        <SearchBox value={filters.q} onChange={(q) => change({ q })} label={t('search')} />
        <FilterPicker
          label={t('subject')}
          value={filters.subject}
          options={subjects.map((value) => ({ value, label: words.subject(value) }))}
          onChange={(subject) => change({ subject })}
        />
        <FilterPicker
          label={t('action')}
          value={filters.action}
          options={[...new Set((list.page.data?.items ?? []).map((a) => a.action))].map((value) => ({
            value,
            label: words.action(value),
            hint: value,
          }))}
          onChange={(action) => change({ action })}
        />
        <FilterPicker
          label={t('actor')}
          value={filters.actor}
          options={[...new Set((list.page.data?.items ?? []).map((a) => a.actor))].map((value) => ({
            value,
            label: value,
          }))}
          onChange={(actor) => change({ actor })}
        />
        <TimeRangePicker value={filters} onChange={change} />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('title')}
          columns={columns}
          rowKey={(a) => a.id}
          empty={active ? <NothingFound title={t('nothingFound')} onClear={clear} /> : <EmptyState title={t('none')} />}
        />
      </div>
    </>
  )
}

function Data({ data }: { data: Record<string, unknown> }) {
  const entries = Object.entries(data)
  if (entries.length === 0) return <span className="text-faint">–</span>
  const text = entries
    .map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' · ')
  return (
    <span title={text} className="line-clamp-1 max-w-md break-all text-soft text-xs">
      {text}
    </span>
  )
}
