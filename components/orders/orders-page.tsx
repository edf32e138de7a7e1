'use client'

import { Download } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { apiPath } from '../api'
import { rangeBounds, ranges } from '../range'
import type { Product } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { PageHeader } from '../ui/card'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterPicker, SearchBox, Segments } from '../ui/filters'
import { ListBody, useAll, useCount, useList } from '../ui/list'
import { tabClass, tabStripClass } from '../ui/tab-strip'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { TimeRangePicker } from '../ui/time-range'
import { flag, oneOf, search, text, useFilters, useUrlState } from '../url-state'
import { DriftList } from './drifts'
import { ImportList } from './imports'
import { LookUp } from './look-up'
import { chargingModes, type OrderItem, orderTypes } from './types'
import { Amount, driftLook, useOrderWords } from './words'

const views = ['orders', 'drift', 'imports'] as const

const viewShape = { view: oneOf(views, 'orders') }

/** Orders as the marketplace tells them, what does not fit them, and the console's own files. */
export function OrdersPage() {
  const t = useTranslations('orders')
  const [{ view }, set] = useUrlState(viewShape)
  return (
    <>
      <PageHeader title={t('title')} lead={t('lead')} actions={<LookUp />} />
      <nav aria-label={t('title')} className={`${tabStripClass} mb-4`}>
        {views.map((each) => (
          <button
            key={each}
            type="button"
            aria-current={view === each ? 'page' : undefined}
            className={tabClass(view === each)}
            // The filters of one view mean nothing to another.
            onClick={() => set({ view: each }, { alone: true })}
          >
            {t(`view.${each}`)}
          </button>
        ))}
      </nav>
      {view === 'orders' ? <OrderList /> : view === 'drift' ? <DriftList /> : <ImportList />}
    </>
  )
}

const shape = {
  q: search,
  orderType: text,
  chargingMode: text,
  productId: text,
  customerId: text,
  drift: flag,
  mock: oneOf(['real', 'mock'], 'real'),
  range: oneOf(ranges),
  from: text,
  to: text,
}

function OrderList() {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const shown = useCount()
  const products = useAll<Product>('/products')
  const { filters, change, clear, active } = useFilters(shape)
  const { range, from, to, mock, q, ...rest } = filters
  const queryAt = (now: number) => ({ ...rest, q, mock: mock === 'mock', ...rangeBounds(range, from, to, now) })
  const list = useList<OrderItem>('/orders', { query: queryAt, key: filters, refetchMs: 30_000 })
  const columns: Column<OrderItem>[] = [
    {
      id: 'order',
      header: t('order'),
      link: true,
      card: 'title',
      cell: (o) => <ShortId value={o.orderId} keep={26} />,
    },
    { id: 'type', header: t('type'), card: 'aside', cell: (o) => words.orderType(o.orderType) },
    {
      id: 'product',
      header: t('product'),
      cell: (o) => <span className="line-clamp-1">{o.productName ?? '–'}</span>,
    },
    {
      id: 'terms',
      header: t('terms'),
      from: 'lg',
      cell: (o) => (
        <span className="whitespace-nowrap">
          {[words.chargingMode(o.chargingMode), words.period(o.periodType, o.periodNumber)].filter(Boolean).join(' · ')}
        </span>
      ),
    },
    {
      id: 'customer',
      header: t('customer'),
      from: 'lg',
      cell: (o) => <span className="line-clamp-1">{o.customerName ?? o.customerId ?? '–'}</span>,
    },
    {
      id: 'amount',
      header: t('amount'),
      align: 'right',
      cell: (o) => <Amount value={o.amountAfterDiscount ?? o.amount} />,
    },
    {
      id: 'supervision',
      header: t('supervision'),
      from: '2xl',
      has: (o) => o.supervision !== null,
      cell: (o) => words.supervision(o.supervision),
    },
    {
      id: 'created',
      header: t('createdAt'),
      cell: (o) => <Time at={o.createdAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'drift',
      header: t('drift'),
      has: (o) => o.openDrifts > 0,
      cell: (o) =>
        o.openDrifts > 0 ? (
          <Badge tone="warn" icon={driftLook.fields.icon}>
            {t('driftsOpen', { count: o.openDrifts })}
          </Badge>
        ) : (
          <span className="text-faint">–</span>
        ),
    },
  ]
  return (
    <>
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined
            ? null
            : t('count', { count: list.page.data.total, shown: shown(list.page.data.total) })
        }
      >
        <SearchBox value={q} onChange={(q) => change({ q })} label={t('searchLabel')} placeholder={t('search')} />
        <FilterPicker
          label={t('type')}
          value={filters.orderType}
          options={orderTypes.map((value) => ({ value, label: words.orderType(value) }))}
          onChange={(orderType) => change({ orderType })}
        />
        <FilterPicker
          label={t('mode')}
          value={filters.chargingMode}
          options={chargingModes.map((value) => ({ value, label: words.chargingMode(value) }))}
          onChange={(chargingMode) => change({ chargingMode })}
        />
        <FilterPicker
          label={t('product')}
          value={filters.productId}
          options={(products.data?.items ?? []).map((product) => ({ value: product.id, label: product.name }))}
          onChange={(productId) => change({ productId })}
        />
        <FilterPicker
          label={t('drift')}
          value={filters.drift === null ? null : String(filters.drift)}
          options={[
            { value: 'true', label: t('withDrift') },
            { value: 'false', label: t('withoutDrift') },
          ]}
          onChange={(value) => change({ drift: value === null ? null : value === 'true' })}
        />
        <TimeRangePicker value={{ range, from, to }} onChange={change} />
        <Segments
          label={t('realOrMock')}
          value={mock}
          options={[
            { value: 'real', label: t('real') },
            { value: 'mock', label: t('mockOrders') },
          ]}
          onChange={(value) => change({ mock: value })}
        />
        <Button asChild>
          <a href={apiPath('/orders.csv', queryAt(Date.now()))} download>
            <Download aria-hidden />
            {t('csv')}
          </a>
        </Button>
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('title')}
          columns={columns}
          rowKey={(o) => o.orderId}
          href={(o) => `/orders/${encodeURIComponent(o.orderId)}`}
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
