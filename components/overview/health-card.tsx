'use client'

import { ShieldAlert, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { Overview, ProductHealth } from '../types'
import { Card } from '../ui/card'
import { cn } from '../ui/cn'
import { SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'

/** How far each product is from being taken off the marketplace; the ones in danger first. */
export function HealthCard({ overview }: { overview: Overview | undefined }) {
  const t = useTranslations('overview')
  return (
    <Card title={t('health')} flush>
      {overview === undefined ? (
        <SkeletonRows rows={3} />
      ) : overview.products.length === 0 ? (
        <p className="px-4 py-3 text-sm text-soft">
          {t('noProducts')}{' '}
          <Link href="/settings/products" className="rounded-sm text-accent hover:underline">
            {t('addProduct')}
          </Link>
        </p>
      ) : (
        <>
          <ul className="max-h-[26rem] divide-y divide-line overflow-y-auto">
            {overview.products.map((product) => (
              <Product key={product.id ?? 'none'} product={product} overview={overview} />
            ))}
          </ul>
          <p className="border-line border-t px-4 py-2 text-faint text-xs">{t('healthHint')}</p>
        </>
      )}
    </Card>
  )
}

function Product({ product, overview }: { product: ProductHealth; overview: Overview }) {
  const t = useTranslations('overview')
  const { limits, monthFrom } = overview
  const of = product.id ? `&productId=${product.id}` : ''
  return (
    <li className="px-4 py-3">
      <p className="mb-2 break-words font-medium text-sm">{product.name ?? t('noProduct')}</p>
      <div className="grid grid-cols-2 gap-4">
        <Gauge
          href={`/calls?view=messages&test=real&lostSince=${encodeURIComponent(monthFrom)}${of}`}
          label={t('failedOrders')}
          value={product.failedOrders}
          limit={limits.failedOrders}
          more={product.ordersAtRisk > 0 ? t('atRisk', { count: product.ordersAtRisk }) : null}
        />
        <Gauge
          href="/rehearsals"
          label={t('probeDays')}
          value={product.failingProbeDays}
          limit={limits.probeDays}
          more={product.probe === null ? t('noProbe') : t(product.probe === 'failed' ? 'probeFailed' : 'probePassed')}
        />
      </div>
    </li>
  )
}

type GaugeProps = { href: string; label: string; value: number; limit: number; more: string | null }

function Gauge({ href, label, value, limit, more }: GaugeProps) {
  const t = useTranslations('overview')
  const level = value >= limit ? 'over' : value >= 3 ? 'near' : value > 0 ? 'some' : 'none'
  const Icon = level === 'over' ? ShieldAlert : level === 'near' ? TriangleAlert : null
  const text = { over: 'text-bad', near: 'text-warn', some: 'text-ink', none: 'text-soft' }[level]
  const fill = { over: 'bg-bad-solid', near: 'bg-warn', some: 'bg-control', none: '' }[level]
  return (
    <Link href={href} className="group block rounded-sm text-xs">
      <span className="flex items-baseline justify-between gap-2">
        <span className="text-soft group-hover:text-ink">{label}</span>
        <span className={cn('inline-flex items-center gap-1 whitespace-nowrap font-medium', text)}>
          {Icon ? <Icon className="size-3.5 self-center" aria-hidden /> : null}
          {t('ofLimit', { value, limit })}
        </span>
      </span>
      <span aria-hidden className="mt-1.5 flex gap-0.5">
        {Array.from({ length: limit }, (_, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a scale have no identity
          <span key={at} className={cn('h-1.5 grow rounded-full', at < value ? fill : 'bg-idle-soft')} />
        ))}
      </span>
      {more ? <span className="mt-1 block text-faint">{more}</span> : null}
    </Link>
  )
}
