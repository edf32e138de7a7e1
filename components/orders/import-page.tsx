'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowDownToLine, ChevronLeft, Download, RefreshCw } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { api, apiPath } from '../api'
import { useBlocked } from '../shell/user'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { ShortId } from '../ui/copy'
import { ErrorState, NothingFound, SkeletonRows } from '../ui/feedback'
import { FilterBar, FilterPicker, SearchBox } from '../ui/filters'
import { Link } from '../ui/link'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { search, text, useFilters } from '../url-state'
import { useAction } from '../use-action'
import { Counts } from './imports'
import { type ImportRow, type OrderImport, rowResults } from './types'
import { FieldValue, ResultChip, useOrderWords } from './words'

export function ImportPage({ id }: { id: string }) {
  const t = useTranslations('orders')
  const path = `/order-imports/${encodeURIComponent(id)}`
  const found = useQuery({
    queryKey: ['/order-imports', id],
    queryFn: ({ signal }) => api<OrderImport>(path, { signal }),
  })
  if (found.isPending)
    return (
      <>
        <PageHeader title={t('importTitle')} />
        <SkeletonRows />
      </>
    )
  if (found.isError)
    return (
      <>
        <PageHeader title={t('importTitle')} />
        <ErrorState error={found.error} onRetry={() => found.refetch()} />
      </>
    )
  return <Import item={found.data} path={path} />
}

const shape = {
  result: text,
  q: search,
}

function Import({ item, path }: { item: OrderImport; path: string }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const shown = useCount()
  const blocked = useBlocked('operator')
  const act = useAction('/order-imports', `${path}/rows`)
  const { filters, change, clear, active } = useFilters(shape)
  const { result, q } = filters
  const list = useList<ImportRow>(`${path}/rows`, {
    query: () => filters,
    key: filters,
    refetchMs: 60_000,
  })
  const columns: Column<ImportRow>[] = [
    { id: 'position', header: t('fileLine'), card: 'aside', cell: (r) => (r.result === 'missing' ? '–' : r.position) },
    {
      id: 'order',
      header: t('order'),
      card: 'title',
      cell: (r) =>
        r.orderId ? (
          <Link
            data-row-link
            href={`/orders/${encodeURIComponent(r.orderId)}`}
            className="rounded-sm font-medium hover:text-accent"
          >
            <ShortId value={r.orderLineId ?? r.orderId} keep={26} />
          </Link>
        ) : (
          <span className="text-faint">–</span>
        ),
    },
    { id: 'result', header: t('resultTitle'), card: 'plain', cell: (r) => <ResultChip result={r.result} /> },
    { id: 'what', header: t('what'), card: 'plain', cell: (r) => <Differences row={r} /> },
    {
      id: 'customer',
      header: t('customer'),
      from: 'lg',
      has: (r) => Boolean(r.facts.customerName),
      cell: (r) => r.facts.customerName ?? '–',
    },
    {
      id: 'instance',
      header: t('instance'),
      from: 'xl',
      has: (r) => r.instanceId !== null,
      cell: (r) =>
        r.instanceId ? (
          <Link
            href={`/instances/${encodeURIComponent(r.instanceId)}`}
            className="rounded-sm text-accent hover:underline"
          >
            <ShortId value={r.instanceId} />
          </Link>
        ) : (
          <span className="text-faint">–</span>
        ),
    },
  ]
  return (
    <>
      <PageHeader
        above={
          <Link
            href="/orders?view=imports"
            className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink"
          >
            <ChevronLeft className="size-4" aria-hidden />
            {t('view.imports')}
          </Link>
        }
        title={<span className="break-all">{item.fileName}</span>}
        lead={<Counts counts={item.counts} />}
        actions={
          <>
            <Button
              blocked={blocked ?? (item.counts['no-order'] === 0 ? t('nothingToFetch') : null)}
              onClick={() => act(() => api(`${path}/fetch`, { method: 'POST' }), t('fetchStarted'))}
            >
              <ArrowDownToLine aria-hidden />
              {t('fetchUnknown')}
            </Button>
            <Button
              blocked={blocked}
              onClick={() => act(() => api(`${path}/match`, { method: 'POST' }), t('matchedAgain'))}
            >
              <RefreshCw aria-hidden />
              {t('matchAgain')}
            </Button>
            <Button asChild>
              <a href={apiPath(`${path}/rows.csv`, { result })} download>
                <Download aria-hidden />
                {t('csv')}
              </a>
            </Button>
          </>
        }
      />
      <div className="flex flex-col gap-4">
        <Card title={t('aboutFile')}>
          <KeyValue
            items={[
              [t('fileKind'), t(`importKind.${item.kind}`)],
              [t('rows'), item.rows.toLocaleString()],
              [t('importedBy'), item.createdBy],
              [t('importedAt'), <Time key="c" at={item.createdAt} style="full" />],
              [t('matchedAt'), <Time key="m" at={item.matchedAt} style="full" />],
              [
                t('columns'),
                Object.entries(item.columns)
                  .map(([field, heading]) => `${heading} → ${words.field(field)}`)
                  .join(', '),
              ],
              item.ignored.length > 0 ? [t('ignored'), item.ignored.join(', ')] : null,
            ]}
          />
        </Card>
        <div>
          <FilterBar
            active={active}
            onClear={clear}
            trailing={
              list.page.data?.total === undefined
                ? null
                : t('rowCount', { count: list.page.data.total, shown: shown(list.page.data.total) })
            }
          >
            <SearchBox value={q} onChange={(q) => change({ q })} label={t('searchDrift')} />
            <FilterPicker
              label={t('resultTitle')}
              value={result}
              options={rowResults.map((value) => ({
                value,
                label: t(`result.${value}`),
                hint: String(item.counts[value]),
              }))}
              onChange={(value) => change({ result: value })}
            />
          </FilterBar>
          <div className="rounded-lg border border-line bg-surface">
            <ListBody
              {...list}
              label={t('rows')}
              columns={columns}
              rowKey={(r) => String(r.position)}
              empty={<NothingFound title={t('noRows')} onClear={clear} />}
            />
          </div>
        </div>
      </div>
    </>
  )
}

function Differences({ row }: { row: ImportRow }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  if (row.differences.length === 0) return <span className="text-soft">{t(`resultText.${row.result}`)}</span>
  return (
    <ul className="space-y-0.5">
      {row.differences.map(({ field, file, desk }) => (
        <li key={field} className="break-words">
          <span className="text-faint">{words.field(field)}</span> {t('fileSays')}{' '}
          <FieldValue field={field} value={file} />
          {' · '}
          {t('deskSays')} <FieldValue field={field} value={desk} />
        </li>
      ))}
    </ul>
  )
}
