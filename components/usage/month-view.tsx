'use client'

import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, Download, Send, TriangleAlert } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { UsageMonthItem, UsageProductMonth } from '@/lib/usage/months'
import { api, apiPath } from '../api'
import { useBlocked } from '../shell/user'
import type { Page } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue } from '../ui/card'
import { ShortId } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { Callout, EmptyState, ErrorState, FormError, NothingFound, Skeleton } from '../ui/feedback'
import { Field, Select, Textarea } from '../ui/field'
import { FilterBar, FilterPicker, SearchBox } from '../ui/filters'
import { later } from '../ui/later'
import { Link } from '../ui/link'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Countdown, Time } from '../ui/time'
import { toast } from '../ui/toast'
import { WhenSeen } from '../ui/when-seen'
import { oneOf, search, useFilters } from '../url-state'
import { MonthInput, thisMonth } from './month-input'

type Days = { items: { day: number; value: string | null; before: string | null }[] }

// recharts is the heaviest thing on the page.
const Bars = later(() => import('./days-bars').then((module) => module.DaysBars), <Skeleton className="h-48 w-full" />)

/** A month of all products, or of one: what waits, how it goes, who differs. */
export function MonthView({ month, productId }: { month: string; productId: string | null }) {
  const overview = useQuery({
    queryKey: ['/usage-overview', month],
    queryFn: ({ signal }) => api<Page<UsageProductMonth>>('/usage-overview', { query: { month }, signal }),
    refetchInterval: 15_000,
  })
  const shown = (overview.data?.items ?? []).filter(({ productRef }) => !productId || productRef === productId)
  return (
    <div className="flex flex-col gap-4">
      {overview.isPending ? <Skeleton className="h-40 w-full" /> : null}
      {overview.isError && !overview.data ? (
        <ErrorState error={overview.error} onRetry={() => overview.refetch()} />
      ) : null}
      {shown.map((product) => (
        <ProductMonth key={product.productRef ?? 'none'} product={product} month={month} />
      ))}
      {shown.length > 0 ? <DaysChart month={month} productId={productId} /> : null}
      <Grid month={month} productId={productId} />
    </div>
  )
}

function ProductMonth({ product, month }: { product: UsageProductMonth; month: string }) {
  const t = useTranslations('usage')
  const client = useQueryClient()
  const operator = useBlocked('operator')
  const admin = useBlocked('admin')
  const [dialog, setDialog] = useState<'push' | 'settle' | null>(null)
  const name = product.productName ?? t('noProduct')
  const waiting = product.draft + product.queued
  const records = (state: string) =>
    `/usage?${new URLSearchParams({ view: 'records', month, state, ...(product.productRef && { productId: product.productRef }) })}`
  const instances = (only: 'difference' | 'silent') =>
    `/usage?${new URLSearchParams({ month, only, ...(product.productRef && { productId: product.productRef }) })}`
  const save = async (change: object) => {
    try {
      await api(`/usage-settings/${product.productRef}`, {
        method: 'PUT',
        json: { api: product.api, rhythm: product.rhythm, ...change },
      })
      toast.success(t('settingsSaved'))
      await client.invalidateQueries({ queryKey: ['/usage-overview'] })
    } catch (fault) {
      toast.error((fault as Error).message)
    }
  }
  const push = async () => {
    try {
      await api('/usage-pushes', {
        method: 'POST',
        json: { month, ...(product.productRef && { productId: product.productRef }) },
      })
      toast.success(t('pushStarted'))
      await client.invalidateQueries()
    } catch (fault) {
      toast.error((fault as Error).message)
    }
  }
  const count = (href: string, records: number, value: string) => (
    <>
      <Link href={href} className="font-medium text-accent hover:underline">
        {t('records', { count: records })}
      </Link>
      <span className="ml-1.5 text-soft">{value}</span>
    </>
  )
  return (
    <Card
      title={name}
      actions={
        <>
          <Button size="sm" blocked={operator} disabled={waiting === 0} onClick={() => setDialog('push')}>
            <Send aria-hidden />
            {t('pushMonth')}
          </Button>
          <Button
            size="sm"
            blocked={operator}
            disabled={waiting + product.inFlight > 0}
            onClick={() => setDialog('settle')}
          >
            <CircleCheck aria-hidden />
            {t('settle')}
          </Button>
        </>
      }
    >
      <KeyValue
        columns
        items={[
          [t('collected'), count(records(''), product.collected, product.collectedValue)],
          [t('accepted'), count(records('accepted'), product.accepted, product.acceptedValue)],
          [t('rejected'), count(records('rejected'), product.rejected, product.rejectedValue)],
          [
            t('difference'),
            product.difference === '0' ? (
              '0'
            ) : (
              <Link key="d" href={instances('difference')} className="text-accent hover:underline">
                {product.difference}
              </Link>
            ),
          ],
        ]}
      />
      <div className="mt-3 flex flex-wrap items-center gap-2 text-sm">
        {product.draft > 0 ? <Badge tone="warn">{t('draft', { count: product.draft })}</Badge> : null}
        {product.queued > 0 ? <Badge tone="info">{t('queued', { count: product.queued })}</Badge> : null}
        {product.inFlight > 0 ? <Badge tone="info">{t('inFlight', { count: product.inFlight })}</Badge> : null}
        {product.silent > 0 ? (
          <Link href={instances('silent')} className="rounded hover:underline">
            <Badge tone="warn" icon={TriangleAlert}>
              {t('silent', { count: product.silent })}
            </Badge>
          </Link>
        ) : null}
        {product.settledAt ? (
          <Badge tone="ok" icon={CircleCheck} title={product.settledNote ?? undefined}>
            {t('settled', { who: product.settledBy ?? '' })}
          </Badge>
        ) : null}
        {product.deadlineAt && waiting > 0 ? (
          <span className="text-soft">
            {t('deadline')} <Countdown until={product.deadlineAt} ended={t('deadlineOver')} />
          </span>
        ) : null}
        {product.expiresAt ? (
          <span className="text-soft">
            {t('expires')} <Countdown until={product.expiresAt} ended={t('expired')} />
          </span>
        ) : null}
        {product.productRef ? (
          <span className="ml-auto flex flex-wrap justify-end gap-2">
            <Select
              aria-label={t('rhythm')}
              className="w-auto"
              disabled={admin !== null}
              title={admin ?? undefined}
              value={product.rhythm}
              options={(['hourly', 'daily', 'monthly'] as const).map((value) => ({
                value,
                label: t(`rhythms.${value}`),
              }))}
              onChange={(event) => save({ rhythm: event.target.value })}
            />
            <Select
              aria-label={t('api')}
              className="w-auto"
              disabled={admin !== null}
              title={admin ?? undefined}
              value={product.api}
              options={(['new', 'old'] as const).map((value) => ({ value, label: t(`apis.${value}`) }))}
              onChange={(event) => save({ api: event.target.value })}
            />
          </span>
        ) : null}
      </div>
      <ConfirmDialog
        open={dialog === 'push'}
        onOpenChange={() => setDialog(null)}
        title={t('pushTitle', { name })}
        confirmLabel={t('pushConfirm', { count: waiting })}
        onConfirm={push}
      >
        {waiting > 0 ? t('pushPlan', { count: waiting }) : t('pushNothing')}
      </ConfirmDialog>
      {dialog === 'settle' ? (
        <SettleDialog product={product} month={month} name={name} onClose={() => setDialog(null)} />
      ) : null}
    </Card>
  )
}

function SettleDialog(props: { product: UsageProductMonth; month: string; name: string; onClose: () => void }) {
  const { product, month, name, onClose } = props
  const t = useTranslations('usage')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [note, setNote] = useState('')
  const [error, setError] = useState<unknown>(null)
  const settle = async () => {
    try {
      await api('/usage-settlements', {
        method: 'POST',
        json: { productId: product.productRef, month, ...(note && { note }) },
      })
      toast.success(t('settledToast'))
      await client.invalidateQueries({ queryKey: ['/usage-overview'] })
      onClose()
    } catch (fault) {
      setError(fault)
    }
  }
  return (
    <Dialog
      open
      size="sm"
      onOpenChange={onClose}
      title={t('settleTitle', { name, month })}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" onClick={settle}>
            {t('settle')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-sm text-soft">{t('settleHint')}</p>
        {product.silent > 0 ? <Callout tone="warn">{t('silent', { count: product.silent })}</Callout> : null}
        <FormError error={error} />
        <Field label={t('note')}>
          {(control) => <Textarea {...control} value={note} onChange={(event) => setNote(event.target.value)} />}
        </Field>
      </div>
    </Dialog>
  )
}

/** Use by day, the month before behind it. Of one instance where one is named. */
export function DaysChart({
  actions,
  ...asked
}: {
  month: string
  productId?: string | null
  instanceId?: string
  actions?: ReactNode
}) {
  const t = useTranslations('usage')
  const days = useQuery({
    queryKey: ['/usage-days', asked],
    queryFn: ({ signal }) => api<Days>('/usage-days', { query: asked, signal }),
  })
  return (
    <Card title={t('chart')} actions={actions}>
      {days.isPending ? <Skeleton className="h-48 w-full" /> : null}
      {days.isError ? <ErrorState error={days.error} onRetry={() => days.refetch()} /> : null}
      {days.data ? (
        <WhenSeen waiting={<Skeleton className="h-48 w-full" />}>
          <Bars items={days.data.items} month={asked.month} />
        </WhenSeen>
      ) : null}
    </Card>
  )
}

const gridShape = {
  q: search,
  only: oneOf(['difference', 'rejected', 'silent']),
}

function Grid({ month, productId }: { month: string; productId: string | null }) {
  const t = useTranslations('usage')
  const { filters, change, clear, active } = useFilters(gridShape)
  const query = { month, productId, ...filters }
  const list = useList<UsageMonthItem>('/usage-months', { query: () => query, key: query })
  const columns: Column<UsageMonthItem>[] = [
    { id: 'instance', header: t('instance'), link: true, card: 'title', cell: (m) => <ShortId value={m.instanceId} /> },
    { id: 'customer', header: t('customer'), from: 'lg', cell: (m) => m.customerName ?? '–' },
    { id: 'product', header: t('product'), from: 'xl', cell: (m) => m.productName ?? t('noProduct') },
    { id: 'collected', header: t('collected'), align: 'right', cell: (m) => m.collectedValue },
    { id: 'pushed', header: t('pushed'), align: 'right', from: 'lg', cell: (m) => `${m.pushed} / ${m.collected}` },
    { id: 'accepted', header: t('accepted'), align: 'right', cell: (m) => m.acceptedValue },
    {
      id: 'rejected',
      header: t('rejected'),
      align: 'right',
      cell: (m) =>
        m.rejected > 0 ? (
          <Link
            href={`/usage?view=records&month=${month}&state=rejected&q=${encodeURIComponent(m.instanceId)}`}
            className="text-bad hover:underline"
          >
            {m.rejectedValue}
          </Link>
        ) : (
          '0'
        ),
    },
    {
      id: 'difference',
      header: t('difference'),
      align: 'right',
      card: 'aside',
      cell: (m) => <span className={m.difference === '0' ? 'text-faint' : 'text-warn'}>{m.difference}</span>,
    },
    { id: 'last', header: t('lastEnd'), from: 'xl', card: 'none', cell: (m) => <Time at={m.lastEndAt} /> },
  ]
  return (
    <Card title={t('gridTitle')} flush>
      <div className="px-4 pt-3">
        <FilterBar
          active={active}
          onClear={clear}
          trailing={list.page.data?.total === undefined ? null : t('instances', { count: list.page.data.total })}
        >
          <SearchBox
            value={filters.q}
            onChange={(q) => change({ q })}
            label={t('searchLabel')}
            placeholder={t('search')}
          />
          <FilterPicker
            label={t('only')}
            value={filters.only}
            options={[
              { value: 'difference', label: t('onlyDifference') },
              { value: 'rejected', label: t('onlyRejected') },
              { value: 'silent', label: t('onlySilent') },
            ]}
            onChange={(only) => change({ only })}
          />
        </FilterBar>
      </div>
      <ListBody
        {...list}
        label={t('gridTitle')}
        columns={columns}
        rowKey={(m) => m.instanceId}
        href={(m) => `/instances/${encodeURIComponent(m.instanceId)}`}
        empty={
          active ? (
            <NothingFound title={t('nothingFound')} onClear={clear} />
          ) : (
            <EmptyState title={t('gridNone')}>{t('gridNoneHint')}</EmptyState>
          )
        }
      />
    </Card>
  )
}

/** What an instance used in all and in a month, and when nothing was recorded; for its page. */
export function UsagePanel({ instanceId }: { instanceId: string }) {
  const t = useTranslations('usage')
  const [month, setMonth] = useState(thisMonth())
  const gaps = useQuery({
    queryKey: ['/usage-gaps', instanceId, month],
    queryFn: ({ signal }) =>
      api<{ items: { from: string; to: string }[]; total: string; lastEndAt: string | null }>('/usage-gaps', {
        query: { instanceId, month },
        signal,
      }),
    placeholderData: keepPreviousData,
  })
  const { data } = gaps
  if (!data) return gaps.isError ? <ErrorState error={gaps.error} onRetry={() => gaps.refetch()} /> : null
  return (
    <div className="flex min-w-0 flex-col gap-3">
      <DaysChart
        month={month}
        instanceId={instanceId}
        actions={<MonthInput value={month} onChange={(next) => setMonth(next ?? thisMonth())} />}
      />
      <Card
        title={t('title')}
        actions={
          <>
            <Button size="sm" asChild>
              <a href={apiPath('/usage-records.csv', { instanceId, month })} download>
                <Download aria-hidden />
                {t('exportCsv')}
              </a>
            </Button>
            <Button size="sm" asChild>
              <Link href={`/usage?${new URLSearchParams({ view: 'records', month, q: instanceId })}`}>
                {t('openUsage')}
              </Link>
            </Button>
          </>
        }
      >
        <KeyValue
          items={[
            [t('total'), data.total],
            [t('lastEnd'), <Time key="t" at={data.lastEndAt} />],
          ]}
        />
        {data.items.length > 0 ? (
          <Callout tone="warn" className="mt-3">
            {t('gaps')}
            <ul className="max-h-48 overflow-y-auto">
              {data.items.map(({ from, to }) => (
                <li key={from}>
                  <Time at={from} /> – <Time at={to} />
                </li>
              ))}
            </ul>
          </Callout>
        ) : (
          <p className="mt-3 text-soft text-sm">{t('noGaps')}</p>
        )}
      </Card>
    </div>
  )
}
