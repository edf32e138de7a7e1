'use client'

import { FileUp } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { TestMark } from '../chips'
import { useBlocked } from '../shell/user'
import type { License, LicenseKind, LicenseState, Product } from '../types'
import { Button } from '../ui/button'
import { PageHeader } from '../ui/card'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterPicker, SearchBox, TestFilter } from '../ui/filters'
import { ListBody, useAll, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { search, testParam, testShown, text, useFilters, whole } from '../url-state'
import { DailyQuery } from './daily-query'
import { ImportDialog } from './import-dialog'
import { LicenseStateChip, NextEvent, useLicenseWords } from './words'

const shape = {
  q: search,
  state: text,
  kind: text,
  productId: text,
  expiresWithinDays: whole,
  test: testShown,
}
const states: (LicenseState | 'open' | 'upload-failed')[] = [
  ...(['open', 'upload-failed'] as const),
  ...(['waiting', 'issued', 'generated', 'collected', 'active', 'expired', 'frozen', 'released', 'denied'] as const),
]
const kinds: LicenseKind[] = ['license-id', 'license-code', 'license-online']

export function LicensesPage() {
  const t = useTranslations('licenses')
  const words = useLicenseWords()
  const shown = useCount()
  const blocked = useBlocked('operator')
  const [importing, setImporting] = useState(false)
  const products = useAll<Product>('/products')
  const { filters, change, clear, active } = useFilters(shape)
  const { test } = filters
  const list = useList<License>('/licenses', {
    query: () => ({ ...filters, test: testParam(test) }),
    key: filters,
  })
  const columns: Column<License>[] = [
    {
      id: 'license',
      header: t('license'),
      link: true,
      card: 'title',
      cell: (l) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          <span className="font-mono text-[0.92em]">{l.license ?? t('notIssued')}</span>
          {l.test ? <TestMark /> : null}
        </span>
      ),
    },
    { id: 'state', header: t('state'), card: 'aside', cell: (l) => <LicenseStateChip state={l.state} /> },
    {
      id: 'next',
      header: t('next'),
      cell: (l) => (
        <span className="block min-w-0">
          <NextEvent license={l} />
          <span className="block text-faint text-xs">{words.reason(l.reason)}</span>
        </span>
      ),
    },
    { id: 'kind', header: t('kind'), from: 'xl', cell: (l) => <span className="text-soft">{words.kind(l.kind)}</span> },
    {
      id: 'customer',
      header: t('customer'),
      from: 'lg',
      has: (l) => Boolean(l.customerName ?? l.customerId),
      cell: (l) => <span className="line-clamp-1">{l.customerName ?? l.customerId ?? '–'}</span>,
    },
    {
      id: 'product',
      header: t('product'),
      from: 'xl',
      has: (l) => Boolean(l.productName ?? l.productId),
      cell: (l) => <span className="line-clamp-1">{l.productName ?? l.productId ?? '–'}</span>,
    },
    {
      id: 'order',
      header: t('order'),
      from: 'lg',
      has: (l) => l.orderId !== null,
      cell: (l) => <ShortId value={l.orderId} keep={20} />,
    },
    {
      id: 'expires',
      header: t('expires'),
      from: '2xl',
      has: (l) => l.expiresAt !== null,
      cell: (l) => <Time at={l.expiresAt} style="date" />,
    },
    {
      id: 'created',
      header: t('created'),
      from: '2xl',
      card: 'none',
      cell: (l) => <Time at={l.createdAt} style="relative" className="text-soft" />,
    },
  ]
  return (
    <>
      <PageHeader
        title={t('title')}
        lead={t('lead')}
        actions={
          <>
            <DailyQuery />
            <Button blocked={blocked} onClick={() => setImporting(true)}>
              <FileUp aria-hidden />
              {t('import')}
            </Button>
          </>
        }
      />
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
          options={states.map((value) => ({
            value,
            label: value === 'open' ? t('open') : value === 'upload-failed' ? t('uploadFailed') : t(`states.${value}`),
          }))}
          onChange={(state) => change({ state })}
        />
        <FilterPicker
          label={t('kind')}
          value={filters.kind}
          options={kinds.map((value) => ({ value, label: words.kind(value) }))}
          onChange={(kind) => change({ kind })}
        />
        <FilterPicker
          label={t('product')}
          value={filters.productId}
          options={(products.data?.items ?? [])
            .filter(({ kind }) => kind !== 'saas')
            .map((product) => ({ value: product.id, label: product.name }))}
          onChange={(productId) => change({ productId })}
        />
        <FilterPicker
          label={t('expires')}
          value={filters.expiresWithinDays === null ? null : String(filters.expiresWithinDays)}
          options={[7, 30, 90].map((days) => ({ value: String(days), label: t('within', { days }) }))}
          onChange={(days) => change({ expiresWithinDays: days === null ? null : Number(days) })}
        />
        <TestFilter value={test} onChange={(test) => change({ test })} />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('title')}
          columns={columns}
          rowKey={(l) => l.id}
          href={(l) => `/licenses/${l.id}`}
          empty={
            active ? (
              <NothingFound title={t('nothingFound')} onClear={clear}>
                {t('nothingFoundHint')}
              </NothingFound>
            ) : (
              <EmptyState
                title={t('none')}
                action={
                  <Button blocked={blocked} onClick={() => setImporting(true)}>
                    {t('import')}
                  </Button>
                }
              >
                {t('noneHint')}
              </EmptyState>
            )
          }
        />
      </div>
      {importing ? <ImportDialog onClose={() => setImporting(false)} /> : null}
    </>
  )
}
