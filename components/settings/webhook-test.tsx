'use client'

import { useQuery } from '@tanstack/react-query'
import { CircleCheck, CircleX, Clock } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { Product, WebhookTest } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'

/** Calls a delivery webhook with an invented purchase and says what came back. */
export function WebhookTestDialog({ product, onClose }: { product: Product; onClose: () => void }) {
  const t = useTranslations('webhookTest')
  const common = useTranslations('common')
  const test = useQuery({
    queryKey: ['/products', product.id, 'test-webhook'],
    queryFn: () => api<WebhookTest>(`/products/${product.id}/test-webhook`, { method: 'POST' }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  const good = test.data?.outcome === 'delivered'
  const waiting = test.data?.outcome === 'waiting'
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('title', { name: product.name })}
      footer={
        <>
          <Button loading={test.isFetching} onClick={() => test.refetch()}>
            {t('again')}
          </Button>
          <Button variant="primary" onClick={onClose}>
            {common('done')}
          </Button>
        </>
      }
    >
      {test.isPending ? <SkeletonRows rows={2} /> : null}
      {test.isError ? <ErrorState error={test.error} onRetry={() => test.refetch()} /> : null}
      {test.data && !test.isError ? (
        <Callout tone={good ? 'ok' : waiting ? 'info' : 'bad'} icon={good ? CircleCheck : waiting ? Clock : CircleX}>
          <p className="font-medium">{t(`outcome.${test.data.outcome}`)}</p>
          {test.data.message ? <p className="mt-0.5 break-words">{test.data.message}</p> : null}
          <p className="mt-0.5 text-xs">{t('took', { ms: test.data.durationMs })}</p>
        </Callout>
      ) : null}
    </Dialog>
  )
}
