'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban, ChevronLeft, PackageCheck, RefreshCw, Search, TriangleAlert, Zap } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, errorText } from '../api'
import { TestMark } from '../chips'
import { useBlocked } from '../shell/user'
import type { LicenseDetail } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { Id } from '../ui/copy'
import { ConfirmDialog } from '../ui/dialog'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'
import { useWords } from '../words'
import { ContentCard } from './content-card'
import { DenyDialog, IssueDialog } from './dialogs'
import { History } from './history'
import { LicenseStateChip, NextEvent, useLicenseWords } from './words'

export function LicensePage({ id }: { id: string }) {
  const license = useQuery({
    queryKey: ['/licenses', id],
    queryFn: ({ signal }) => api<LicenseDetail>(`/licenses/${encodeURIComponent(id)}`, { signal }),
    // What is on its way to the buyer changes by the second.
    refetchInterval: ({ state }) => (state.data?.state === 'issued' ? 2_000 : 10_000),
  })
  if (license.isPending) return <SkeletonRows rows={8} />
  if (license.isError && !license.data)
    return <ErrorState list="/licenses" error={license.error} onRetry={() => license.refetch()} />
  return <License license={license.data} />
}

function License({ license }: { license: LicenseDetail }) {
  const list = useTranslations('licenses')
  const words = useLicenseWords()
  return (
    <>
      <PageHeader
        above={
          <Link href="/licenses" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {list('title')}
          </Link>
        }
        title={
          <>
            <span className="break-all">
              {license.customerName ?? license.orderId ?? license.license ?? words.kind(license.kind)}
            </span>
            <LicenseStateChip state={license.state} />
            <Badge tone="idle">{words.kind(license.kind)}</Badge>
            {license.test ? <TestMark /> : null}
          </>
        }
        lead={
          <span className="inline-flex flex-wrap gap-x-3">
            <span>{words.reason(license.reason)}</span>
            <NextEvent license={license} />
          </span>
        }
        actions={<Actions license={license} />}
      />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="flex min-w-0 flex-col gap-4 xl:order-2">
          <LastWord license={license} />
          <Facts license={license} />
          <ContentCard key={license.issuedAt} license={license} />
        </div>
        <History license={license} />
      </div>
    </>
  )
}

function Actions({ license }: { license: LicenseDetail }) {
  const t = useTranslations('license')
  const e = useTranslations('errors')
  const words = useLicenseWords()
  const client = useQueryClient()
  const role = useBlocked('operator')
  const [dialog, setDialog] = useState<'issue' | 'deny' | 'activate' | null>(null)
  const [busy, setBusy] = useState<string | null>(null)
  const { id, kind, state, reason } = license
  const run = async (verb: 'activate' | 'query' | 'retry', said: string) => {
    setBusy(verb)
    try {
      await api(`/licenses/${id}/${verb}`, { method: 'POST', ...(verb === 'query' ? { query: { fresh: 1 } } : {}) })
      toast.success(said)
    } catch (fault) {
      const code = fault instanceof ApiError ? fault.problem.details?.marketplaceCode : null
      const text = typeof code === 'string' ? t('said', { code: `${code} ${words.code(code)}` }) : errorText(fault, e)
      toast.error(text, { description: typeof code === 'string' ? words.advice(code) : undefined })
    }
    setBusy(null)
    await Promise.all(['/licenses', '/desk'].map((path) => client.invalidateQueries({ queryKey: [path] })))
  }
  const ended = state === 'released' || state === 'denied'
  const canIssue = kind !== 'license-code' && (state === 'waiting' || state === 'denied' || reason === 'upload-refused')
  const asksAgain = state === 'waiting' && (license.deliveryType === 'webhook' || license.deliveryType === 'pool')
  const uploads = kind === 'license-online' && license.issuedAt !== null && state !== 'released'
  return (
    <>
      {kind === 'license-code' && !ended ? (
        <>
          <Button blocked={role} loading={busy === 'query'} onClick={() => run('query', t('queried'))}>
            <Search aria-hidden />
            {t('query')}
          </Button>
          {state === 'generated' || state === 'collected' ? (
            <Button variant="primary" blocked={role} onClick={() => setDialog('activate')}>
              <Zap aria-hidden />
              {t('activate')}
            </Button>
          ) : null}
        </>
      ) : null}
      {asksAgain || uploads ? (
        <Button blocked={role} loading={busy === 'retry'} onClick={() => run('retry', t('retried'))}>
          <RefreshCw aria-hidden />
          {uploads ? t('retryUpload') : t('retryAsk')}
        </Button>
      ) : null}
      {state === 'waiting' ? (
        <Button blocked={role} onClick={() => setDialog('deny')}>
          <Ban aria-hidden />
          {t('deny')}
        </Button>
      ) : null}
      {canIssue ? (
        <Button variant="primary" blocked={role} onClick={() => setDialog('issue')}>
          <PackageCheck aria-hidden />
          {t('issue')}
        </Button>
      ) : null}
      {dialog === 'issue' ? <IssueDialog license={license} onClose={() => setDialog(null)} /> : null}
      {dialog === 'deny' ? <DenyDialog license={license} onClose={() => setDialog(null)} /> : null}
      <ConfirmDialog
        open={dialog === 'activate'}
        onOpenChange={() => setDialog(null)}
        title={t('activateTitle')}
        confirmLabel={t('activate')}
        onConfirm={() => run('activate', t('activated'))}
      >
        {t('activateAsk')}
      </ConfirmDialog>
    </>
  )
}

/** What the marketplace or the seller's software said last, in words, and what to do about it. */
function LastWord({ license: { errorCode, error, reason } }: { license: LicenseDetail }) {
  const t = useTranslations('license')
  const words = useLicenseWords()
  if (!errorCode && !error) return null
  const advice = errorCode ? words.advice(errorCode) : null
  return (
    <Callout tone={reason === 'upload-refused' || reason === 'webhook-refused' ? 'bad' : 'warn'} icon={TriangleAlert}>
      <p className="font-medium">
        {t('lastWord')}
        {errorCode ? ` ${errorCode} ${words.code(errorCode)}` : null}
      </p>
      {error ? <p className="mt-0.5 break-words">{error}</p> : null}
      {advice ? <p className="mt-0.5">{advice}</p> : null}
    </Callout>
  )
}

function Facts({ license }: { license: LicenseDetail }) {
  const t = useTranslations('license')
  const list = useTranslations('licenses')
  const all = useWords()
  const bound = [
    license.identificationCode ? t('boundCode') : null,
    license.deviceFingerprint ? t('boundDevice') : null,
  ].filter(Boolean)
  const time = (label: string, at: string | null): [ReactNode, ReactNode] | null =>
    at ? [label, <Time key={label} at={at} style="full" />] : null
  const id = (label: string, value: string | null): [ReactNode, ReactNode] | null =>
    value ? [label, <Id key={label} value={value} />] : null
  return (
    <Card title={t('facts')}>
      <KeyValue
        items={[
          [list('product'), license.productName ?? '–'],
          id(t('productId'), license.productId),
          id(t('sku'), license.skuCode),
          license.orderId
            ? [
                list('order'),
                <span key="o">
                  <Id value={license.orderId} />{' '}
                  <Link
                    className="whitespace-nowrap rounded-sm text-accent text-xs hover:underline"
                    href={`/calls?view=messages&test=both&q=${encodeURIComponent(license.orderId)}`}
                  >
                    {t('messagesOfOrder')}
                  </Link>
                </span>,
              ]
            : null,
          id(t('orderLine'), license.orderLineId),
          id(t('eventId'), license.eventId),
          license.kind === 'license-online' && license.instanceId
            ? [
                t('instance'),
                <Link
                  key="i"
                  className="break-all rounded-sm font-mono text-[0.92em] text-accent hover:underline"
                  href={`/instances/${encodeURIComponent(license.instanceId)}`}
                >
                  {license.instanceId}
                </Link>,
              ]
            : id(t('instanceId'), license.instanceId),
          [list('customer'), license.customerName ?? '–'],
          id(t('customerId'), license.customerId),
          license.amount === null ? null : [t('amount'), license.amount],
          bound.length > 0 ? [t('bound'), bound.join(', ')] : null,
          license.kind !== 'license-code' ? [t('delivery'), all.deliveryType(license.deliveryType)] : null,
          time(t('createdAt'), license.createdAt),
          time(t('effectiveAt'), license.effectiveAt),
          time(list('expires'), license.expiresAt),
          time(t('issuedAt'), license.issuedAt),
          time(t('deliveredAt'), license.deliveredAt),
          time(t('activatedAt'), license.activatedAt),
          time(t('queriedAt'), license.queriedAt),
          time(t('releasedAt'), license.releasedAt),
        ]}
      />
    </Card>
  )
}
