'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ChevronLeft, Clock, RefreshCw, SearchX, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, errorText } from '../api'
import { useBlocked } from '../shell/user'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { Id } from '../ui/copy'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'
import { DriftActions, DriftText } from './drifts'
import { LookUp } from './look-up'
import { Answers, BuyerCard, Known } from './order-cards'
import { type Dossier, type LookedUpOrder, type LookUpFailure, mockOrders, type OrderLine } from './types'
import { Amount, DriftChip, FailureText, useOrderWords } from './words'

/** One order: what the marketplace says, and what the desk knows beside it. `line` picks one of its lines. */
export function OrderPage({ orderId, line }: { orderId: string; line: string | null }) {
  const t = useTranslations('orders')
  const client = useQueryClient()
  const e = useTranslations('errors')
  const blocked = useBlocked('operator')
  const [busy, setBusy] = useState(false)
  const path = `/orders/${encodeURIComponent(orderId)}`
  const order = useQuery({
    queryKey: ['/orders', orderId, line],
    queryFn: ({ signal }) => api<LookedUpOrder>(path, { query: { orderLineId: line }, signal }),
    retry: false,
  })
  const dossier = useQuery({
    queryKey: ['/orders', orderId, 'dossier'],
    queryFn: ({ signal }) => api<Dossier>(`${path}/dossier`, { signal }),
    // Looking up an order changes what is known of it.
    enabled: !order.isPending,
  })
  const refresh = async () => {
    setBusy(true)
    try {
      const fresh = await api<LookedUpOrder>(path, { query: { refresh: 1 } })
      if (fresh.refreshFailure) toast.error(t('refreshFailed'))
      else toast.success(t('fetched'))
      await client.invalidateQueries({ queryKey: ['/orders'] })
      if (!line) client.setQueryData(['/orders', orderId, line], fresh)
    } catch (fault) {
      toast.error(errorText(fault, e))
      await client.invalidateQueries({ queryKey: ['/orders'] })
    }
    setBusy(false)
  }
  const drifts = dossier.data?.drifts.filter(({ state }) => state === 'open') ?? []
  return (
    <>
      <PageHeader
        above={
          <Link href="/orders" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {t('title')}
          </Link>
        }
        title={
          <>
            <span className="break-all">{orderId}</span>
            {mockOrders.includes(orderId) ? <Badge tone="accent">{t('mockOrder')}</Badge> : null}
          </>
        }
        lead={
          order.data ? (
            <>
              {t('asOf')} <Time at={order.data.fetchedAt} style="full" />
            </>
          ) : null
        }
        actions={
          <Button variant="primary" blocked={blocked} loading={busy} onClick={refresh}>
            <RefreshCw aria-hidden />
            {t('refresh')}
          </Button>
        }
      />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {drifts.map((drift) => (
            <Card
              key={drift.id}
              title={
                <span className="inline-flex flex-wrap items-center gap-2">
                  {t('drift')} <DriftChip kind={drift.kind} />
                </span>
              }
            >
              <div className="flex flex-col gap-2 text-sm">
                <DriftText drift={drift} />
                {drift.kind === 'no-call' ? <p className="text-soft">{t('noCallTodo')}</p> : null}
                <DriftActions drift={drift} />
              </div>
            </Card>
          ))}
          {order.isPending ? (
            <Card title={t('fromMarketplace')} flush>
              <SkeletonRows rows={5} />
            </Card>
          ) : order.isError ? (
            <Untold error={order.error} onRetry={() => order.refetch()} />
          ) : (
            <Told order={order.data} />
          )}
          {dossier.data && dossier.data.answers.length > 0 ? <Answers answers={dossier.data.answers} /> : null}
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          {dossier.isError ? (
            <ErrorState error={dossier.error} onRetry={() => dossier.refetch()} />
          ) : !dossier.data ? (
            <Card title={t('knownHere')} flush>
              <SkeletonRows rows={4} />
            </Card>
          ) : (
            <Known dossier={dossier.data} orderId={orderId} stored={order.isSuccess} />
          )}
        </div>
      </div>
    </>
  )
}

function failureOf(error: unknown): LookUpFailure | null {
  const details = error instanceof ApiError ? error.problem.details : undefined
  return typeof details?.family === 'string' ? (details as unknown as LookUpFailure) : null
}

function Untold({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useTranslations('orders')
  const failure = failureOf(error)
  return (
    <Card title={t('fromMarketplace')}>
      {failure ? (
        <Callout tone="bad" icon={SearchX}>
          <FailureText failure={failure} />
          <Button size="sm" className="mt-2" onClick={onRetry}>
            <RefreshCw aria-hidden />
            {t('askAgain')}
          </Button>
        </Callout>
      ) : (
        <ErrorState error={error} onRetry={onRetry} />
      )}
      <div className="mt-4 flex flex-col items-start gap-3">
        <LookUp />
        <Button asChild>
          <Link href="/orders">{t('allOrders')}</Link>
        </Button>
      </div>
    </Card>
  )
}

function Told({ order }: { order: LookedUpOrder }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const minutes = Math.round(Math.abs(order.clockSkewMs ?? 0) / 60_000)
  return (
    <>
      {order.refreshFailure ? (
        <Callout tone="warn" icon={TriangleAlert}>
          <p>{t('storedShown')}</p>
          <FailureText failure={order.refreshFailure} />
        </Callout>
      ) : null}
      {order.clockSkewMs ? (
        <Callout tone="warn" icon={Clock}>
          {t(order.clockSkewMs > 0 ? 'clockAhead' : 'clockBehind', { minutes })}
        </Callout>
      ) : null}
      <Card title={t('fromMarketplace')}>
        <KeyValue
          columns
          items={[
            [t('type'), words.orderType(order.orderType)],
            [t('createdAt'), <Time key="c" at={order.createdAt} style="full" />],
            [t('lines'), order.lines.length],
            ...order.extendParams.map(({ name, value }) => [name, value] as [string, string]),
          ]}
        />
      </Card>
      {order.lines.map((line) => (
        <Line key={line.orderLineId} line={line} />
      ))}
      {order.buyer ? <BuyerCard key={order.orderId} orderId={order.orderId} buyer={order.buyer} /> : null}
    </>
  )
}

function Line({ line }: { line: OrderLine }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  return (
    <Card
      title={
        <span className="inline-flex flex-wrap items-center gap-1.5">
          {t('line')} <Id value={line.orderLineId} />
        </span>
      }
    >
      <KeyValue
        columns
        items={[
          [t('mode'), words.chargingMode(line.chargingMode)],
          [t('periodTitle'), words.period(line.periodType, line.periodNumber) ?? '–'],
          [t('expiresAt'), <Time key="e" at={line.expiresAt} style="full" />],
          [t('amountBefore'), <Amount key="a" value={line.amount} />],
          [t('amountAfter'), <Amount key="d" value={line.amountAfterDiscount} />],
          ...line.extendParams.map(({ name, value }) => [name, value] as [string, string]),
        ]}
      />
      {line.products.map((product, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the products of a line keep their places
        <div key={at} className="mt-4 border-line border-t pt-3">
          <KeyValue
            columns
            items={[
              [t('product'), product.productName ?? '–'],
              [t('productId'), <Id key="p" value={product.productId} />],
              [t('sku'), <Id key="s" value={product.skuCode} />],
              [t('quantity'), product.linearValue ?? '–'],
            ]}
          />
        </div>
      ))}
    </Card>
  )
}
