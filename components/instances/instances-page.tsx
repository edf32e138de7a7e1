'use client'

import { Download } from 'lucide-react'
import { useLocale, useTranslations } from 'use-intl'
import { apiPath } from '../api'
import { DeliveryChip, InstanceStateChip, TestMark } from '../chips'
import { useSentences } from '../sentences'
import type { Instance, Product } from '../types'
import { Button } from '../ui/button'
import { PageHeader } from '../ui/card'
import { cn } from '../ui/cn'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterChip, FilterPicker, SearchBox, TestFilter } from '../ui/filters'
import { Link } from '../ui/link'
import { ListBody, useAll, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { relativeTime, Time, useNow } from '../ui/time'
import { search, testParam, testShown, text, useFilters, whole } from '../url-state'
import { SavedViews } from '../views/saved-views'
import { useWords } from '../words'

const shape = {
  q: search,
  state: text,
  productId: text,
  customerId: text,
  deliveryState: text,
  expiresWithinDays: whole,
  test: testShown,
}

export function InstancesPage() {
  const t = useTranslations('instances')
  const words = useWords()
  const sentence = useSentences()
  const shown = useCount()
  const products = useAll<Product>('/products')
  const { filters, change, clear, active } = useFilters(shape)
  const { test } = filters
  const query = { ...filters, test: testParam(test) }
  const list = useList<Instance>('/instances', {
    query: () => query,
    key: filters,
    refetchMs: 30_000,
  })
  const columns: Column<Instance>[] = [
    {
      id: 'instance',
      header: t('instance'),
      link: true,
      card: 'title',
      cell: (i) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          <ShortId value={i.instanceId} />
          {i.test ? <TestMark /> : null}
        </span>
      ),
    },
    { id: 'state', header: t('state'), card: 'aside', cell: (i) => <InstanceStateChip state={i.state} /> },
    {
      id: 'customer',
      header: t('customer'),
      cell: (i) => <span className="line-clamp-1">{i.customerName ?? i.customerId ?? '–'}</span>,
    },
    {
      id: 'product',
      header: t('product'),
      from: 'lg',
      cell: (i) => <span className="line-clamp-1">{i.productName ?? i.productId ?? '–'}</span>,
    },
    { id: 'sku', header: t('sku'), from: '2xl', card: 'none', cell: (i) => <ShortId value={i.skuCode} keep={16} /> },
    { id: 'order', header: t('order'), from: 'xl', cell: (i) => <ShortId value={i.orderId} keep={20} /> },
    { id: 'expires', header: t('expires'), cell: (i) => <Expiry instance={i} /> },
    {
      id: 'lastCall',
      header: t('lastCall'),
      from: 'xl',
      card: 'none',
      cell: (i) => <Time at={i.lastCallAt} style="relative" className="text-soft" />,
    },
    {
      id: 'delivery',
      header: t('delivery'),
      from: 'lg',
      cell: (i) =>
        i.deliveryState === 'delivered' ? (
          <span className="whitespace-nowrap text-soft">{words.deliveryType(i.deliveryType)}</span>
        ) : (
          <span title={i.deliveryError ? sentence(i.deliveryError) : undefined}>
            <DeliveryChip state={i.deliveryState} />
          </span>
        ),
    },
  ]
  return (
    <>
      <PageHeader
        title={t('title')}
        lead={
          <>
            {t('lead')}
            <Pools products={products.data?.items ?? []} />
          </>
        }
        actions={
          <>
            <SavedViews page="instances" />
            <Button asChild>
              <a href={apiPath('/instances.csv', query)} download>
                <Download aria-hidden />
                {t('csv')}
              </a>
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
          options={(['pending', 'active', 'frozen', 'released'] as const).map((value) => ({
            value,
            label: words.instanceState(value),
          }))}
          onChange={(state) => change({ state })}
        />
        <FilterPicker
          label={t('product')}
          value={filters.productId}
          options={(products.data?.items ?? []).map((product) => ({ value: product.id, label: product.name }))}
          onChange={(productId) => change({ productId })}
        />
        <FilterPicker
          label={t('expires')}
          value={filters.expiresWithinDays === null ? null : String(filters.expiresWithinDays)}
          options={[7, 30, 90].map((days) => ({ value: String(days), label: t('within', { days }) }))}
          onChange={(days) => change({ expiresWithinDays: days === null ? null : Number(days) })}
        />
        <FilterPicker
          label={t('delivery')}
          value={filters.deliveryState}
          options={[
            { value: 'unfinished', label: t('unfinished') },
            ...(['waiting', 'delivered', 'refused'] as const).map((value) => ({
              value,
              label: words.deliveryState(value),
            })),
          ]}
          onChange={(deliveryState) => change({ deliveryState })}
        />
        {filters.customerId ? (
          <FilterChip label={t('customer')} value={filters.customerId} onRemove={() => change({ customerId: null })} />
        ) : null}
        <TestFilter value={test} onChange={(test) => change({ test })} />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('title')}
          columns={columns}
          rowKey={(i) => i.instanceId}
          href={(i) => `/instances/${encodeURIComponent(i.instanceId)}`}
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

/** What is left to hand out, where purchases take prepared accounts. */
function Pools({ products }: { products: Product[] }) {
  const t = useTranslations('instances')
  const pools = products.filter((product) => product.poolLeft !== null)
  if (pools.length === 0) return null
  return (
    <ul aria-label={t('pools')} className="mt-1.5 flex flex-wrap gap-x-4 gap-y-1 text-xs">
      {pools.map(({ id, name, poolLeft }) => (
        <li key={id}>
          <Link
            href={`/settings/products?pool=${id}`}
            className={cn(
              'rounded-sm hover:underline',
              poolLeft === 0 ? 'text-bad' : (poolLeft ?? 0) < 5 ? 'text-warn' : '',
            )}
          >
            {t('poolLeft', { name, count: poolLeft ?? 0 })}
          </Link>
        </li>
      ))}
    </ul>
  )
}

const dayMs = 86_400_000

/** The date, and how far away it is once that matters. */
export function Expiry({ instance }: { instance: Pick<Instance, 'expiresAt' | 'state'> }) {
  const locale = useLocale()
  const now = useNow(60_000)
  if (!instance.expiresAt) return <span className="text-faint">–</span>
  const left = new Date(instance.expiresAt).getTime() - now
  const near = instance.state !== 'released' && left < 30 * dayMs
  return (
    <span className="whitespace-nowrap">
      <Time at={instance.expiresAt} style="date" className={instance.state === 'released' ? 'text-faint' : undefined} />
      {near ? (
        <span className={cn('ml-1.5 text-xs', left < 0 ? 'text-bad' : left < 7 * dayMs ? 'text-warn' : 'text-soft')}>
          {relativeTime(instance.expiresAt, locale, now)}
        </span>
      ) : null}
    </span>
  )
}
