'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import {
  BadgeCheck,
  ChevronLeft,
  CircleX,
  Hourglass,
  type LucideIcon,
  Mail,
  PackageCheck,
  PackageX,
  Pencil,
  PenLine,
  RefreshCw,
  ShoppingCart,
  Snowflake,
  Sun,
  TimerOff,
  TrendingUp,
  TriangleAlert,
  Undo2,
  UserRound,
  Webhook,
} from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, errorText } from '../api'
import { DeliveryChip, InstanceStateChip, TestMark } from '../chips'
import { ComparePanel } from '../orders/compare-panel'
import { Reveal } from '../reveal'
import { useSentences } from '../sentences'
import { useBlocked } from '../shell/user'
import type { InstanceDetail, Product, RevealedAppInfo, TimelineEntry } from '../types'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { CopyButton, Id } from '../ui/copy'
import { ConfirmDialog } from '../ui/dialog'
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../ui/feedback'
import { Segments } from '../ui/filters'
import { Link } from '../ui/link'
import { useAll } from '../ui/list'
import { Time } from '../ui/time'
import { Timeline } from '../ui/timeline'
import { toast } from '../ui/toast'
import { oneOf, useUrlState } from '../url-state'
import { UsagePanel } from '../usage/month-view'
import { useWords } from '../words'
import { AppInfoDialog } from './app-info-dialog'
import { Expiry } from './instances-page'

export function InstancePage({ id }: { id: string }) {
  const instance = useQuery({
    queryKey: ['/instances', id],
    queryFn: ({ signal }) => api<InstanceDetail>(`/instances/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: 15_000,
  })
  if (instance.isPending) return <SkeletonRows rows={8} />
  if (instance.isError && !instance.data)
    return <ErrorState list="/instances" error={instance.error} onRetry={() => instance.refetch()} />
  return <Instance instance={instance.data} />
}

function Instance({ instance }: { instance: InstanceDetail }) {
  const t = useTranslations('instance')
  const list = useTranslations('instances')
  const words = useWords()
  const client = useQueryClient()
  const e = useTranslations('errors')
  const role = useBlocked('operator')
  const [editing, setEditing] = useState(false)
  const [asking, setAsking] = useState(false)
  // The one quantity that has no name of its own needs none beside the label.
  const quantities = (of: Record<string, number>) =>
    Object.entries(of).map(([name, n], _, { length }) =>
      length === 1 && name === 'amount' ? String(n) : `${words.quantity(name)} ${n}`,
    )
  const waiting = instance.deliveryState !== 'delivered' && instance.state !== 'released'
  const refresh = () => client.invalidateQueries({ queryKey: ['/instances'] })
  const deliver = async () => {
    try {
      await api(`/instances/${encodeURIComponent(instance.instanceId)}/deliver`, { method: 'POST' })
      await refresh()
      toast.success(t('deliveryStarted'))
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
  }
  return (
    <>
      <PageHeader
        above={
          <Link href="/instances" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {list('title')}
          </Link>
        }
        title={
          <>
            <span className="break-all">{instance.customerName ?? instance.instanceId}</span>
            <InstanceStateChip state={instance.state} />
            {instance.trial ? <Badge tone="info">{t('trial')}</Badge> : null}
            {instance.test ? <TestMark /> : null}
          </>
        }
        lead={<Id value={instance.instanceId} />}
        actions={
          <>
            {waiting ? (
              <Button blocked={role} onClick={() => setAsking(true)}>
                <RefreshCw aria-hidden />
                {t('deliverAgain')}
              </Button>
            ) : null}
            <Button
              variant={waiting ? 'primary' : 'secondary'}
              blocked={role ?? (instance.state === 'released' ? t('releasedNoChange') : null)}
              onClick={() => setEditing(true)}
            >
              <Pencil aria-hidden />
              {instance.appInfo ? t('editAppInfo') : t('enterAppInfo')}
            </Button>
          </>
        }
      />
      <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
        <div className="flex min-w-0 flex-col gap-4 xl:order-2">
          {waiting ? <WaitingDelivery instance={instance} /> : null}
          <Card title={t('facts')}>
            <KeyValue
              items={[
                [t('product'), instance.productName ?? '–'],
                [t('productId'), <Id key="p" value={instance.productId} />],
                [t('sku'), <Id key="s" value={instance.skuCode} />],
                [
                  t('order'),
                  <span key="o" className="inline-flex flex-wrap items-center gap-x-3">
                    <Id value={instance.orderId} />
                    <span className="flex gap-x-3">
                      <Link
                        className="whitespace-nowrap rounded-sm text-accent text-xs hover:underline"
                        href={`/calls?view=messages&q=${encodeURIComponent(instance.orderId)}`}
                      >
                        {t('messagesOfOrder')}
                      </Link>
                      <Link
                        className="whitespace-nowrap rounded-sm text-accent text-xs hover:underline"
                        href={`/orders/${encodeURIComponent(instance.orderId)}`}
                      >
                        {t('toOrder')}
                      </Link>
                    </span>
                  </span>,
                ],
                instance.orderLineId ? [t('orderLine'), <Id key="l" value={instance.orderLineId} />] : null,
                [t('customer'), instance.customerName ?? '–'],
                [t('customerId'), <Id key="c" value={instance.customerId} />],
                [t('expires'), <Expiry key="e" instance={instance} />],
                instance.quantity && Object.keys(instance.quantity).length > 0
                  ? [t('quantity'), quantities(instance.quantity).join(', ')]
                  : null,
                [t('createdAt'), <Time key="t" at={instance.createdAt} style="full" />],
                [t('deliveredAt'), <Time key="d" at={instance.deliveredAt} style="full" />],
                instance.releasedAt ? [t('releasedAt'), <Time key="r" at={instance.releasedAt} style="full" />] : null,
                [
                  t('delivery'),
                  <span key="v" className="inline-flex flex-wrap items-center gap-2">
                    {words.deliveryType(instance.deliveryType)}
                    <DeliveryChip state={instance.deliveryState} />
                  </span>,
                ],
              ]}
            />
          </Card>
          <AppInfoCard key={instance.deliveredAt} instance={instance} />
          {instance.chargingMode === 'ON_DEMAND' ? <UsagePanel instanceId={instance.instanceId} /> : null}
          <ComparePanel instanceId={instance.instanceId} released={instance.state === 'released'} />
        </div>
        <History instance={instance} />
      </div>
      {editing ? <AppInfoDialog instance={instance} onClose={() => setEditing(false)} /> : null}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t('deliverTitle')}
        confirmLabel={t('deliverAgain')}
        onConfirm={deliver}
      >
        {t('deliverAsk', { type: words.deliveryType(instance.deliveryType) })}
      </ConfirmDialog>
    </>
  )
}

function WaitingDelivery({ instance }: { instance: InstanceDetail }) {
  const t = useTranslations('instance')
  const products = useAll<Product>('/products')
  const sentence = useSentences()
  const { deliveryType, deliveryState, deliveryError, deliveryAttempts, productName } = instance
  const product = products.data?.items.find((each) => each.name === productName)
  const emptyPool = deliveryType === 'pool' && product?.poolLeft === 0
  const refused = deliveryState === 'refused'
  return (
    <Callout tone={refused ? 'bad' : 'warn'} icon={TriangleAlert}>
      <p className="font-medium">{t(refused ? 'refused' : 'waiting')}</p>
      <p className="mt-0.5">
        {!deliveryType && !productName ? (
          t('noProduct')
        ) : deliveryType === 'manual' || !deliveryType ? (
          t('waitingManual')
        ) : emptyPool ? (
          <>
            {t('poolLeft', { count: 0 })}{' '}
            <Link href="/settings/products" className="rounded-sm underline underline-offset-2">
              {t('fillPool')}
            </Link>
          </>
        ) : deliveryError ? (
          sentence(deliveryError)
        ) : (
          t('waitingHint', { count: deliveryAttempts })
        )}
      </p>
    </Callout>
  )
}

function AppInfoCard({ instance }: { instance: InstanceDetail }) {
  const t = useTranslations('instance')
  const [revealed, setRevealed] = useState<RevealedAppInfo | null>(null)
  const info = instance.appInfo
  return (
    <Card
      title={t('appInfo')}
      actions={
        info && !revealed ? (
          <Reveal
            path={`/instances/${encodeURIComponent(instance.instanceId)}/reveal`}
            label={t('reveal')}
            title={t('revealTitle')}
            ask={t('revealAsk')}
            onReveal={(answer: { appInfo: RevealedAppInfo }) => setRevealed(answer.appInfo)}
          />
        ) : null
      }
    >
      {info ? (
        <KeyValue
          items={[
            [t('frontEndUrl'), <Address key="f" url={info.frontEndUrl} />],
            info.adminUrl ? [t('adminUrl'), <Address key="a" url={info.adminUrl} />] : null,
            [t('userName'), <Id key="u" value={info.userName} />],
            [
              t('password'),
              revealed ? (
                revealed.password ? (
                  <Id key="p" value={revealed.password} />
                ) : (
                  <span key="p" className="text-faint">
                    {t('noPassword')}
                  </span>
                )
              ) : (
                <span key="p" role="img" aria-label={t('passwordHidden')} className="text-faint tracking-widest">
                  ••••••••
                </span>
              ),
            ],
            info.memo
              ? [
                  t('memo'),
                  <span key="m" className="whitespace-pre-wrap">
                    {info.memo}
                  </span>,
                ]
              : null,
          ]}
        />
      ) : (
        <p className="text-sm text-soft">{t('noAppInfo')}</p>
      )}
    </Card>
  )
}

function Address({ url }: { url: string }) {
  return (
    <span className="inline-flex max-w-full items-start gap-0.5">
      <a
        href={url}
        target="_blank"
        rel="noreferrer"
        className="break-all rounded-sm text-accent underline-offset-2 hover:underline"
      >
        {url}
      </a>
      <CopyButton text={url} className="-my-0.5" />
    </span>
  )
}

const eventLook: Record<string, { icon: LucideIcon; tone: Tone }> = {
  purchased: { icon: ShoppingCart, tone: 'accent' },
  delivered: { icon: PackageCheck, tone: 'ok' },
  'delivery-failed': { icon: CircleX, tone: 'bad' },
  'delivery-waits': { icon: Hourglass, tone: 'warn' },
  renewed: { icon: RefreshCw, tone: 'ok' },
  'renewal-refunded': { icon: Undo2, tone: 'warn' },
  converted: { icon: BadgeCheck, tone: 'ok' },
  upgraded: { icon: TrendingUp, tone: 'ok' },
  frozen: { icon: Snowflake, tone: 'warn' },
  unfrozen: { icon: Sun, tone: 'ok' },
  expired: { icon: TimerOff, tone: 'warn' },
  released: { icon: PackageX, tone: 'idle' },
  corrected: { icon: PenLine, tone: 'info' },
}

function lookOf(entry: TimelineEntry): { icon: LucideIcon; tone: Tone } {
  if (entry.kind === 'event') {
    const look = eventLook[entry.type] ?? { icon: PenLine, tone: 'idle' as const }
    return entry.applied === false ? { icon: look.icon, tone: 'idle' } : look
  }
  if (entry.kind === 'call')
    return {
      icon: Webhook,
      tone: entry.data.outcome === 'succeeded' ? 'idle' : entry.data.outcome === 'processing' ? 'info' : 'bad',
    }
  return entry.kind === 'notice' ? { icon: Mail, tone: 'info' } : { icon: UserRound, tone: 'info' }
}

const kinds = ['all', 'event', 'call', 'audit'] as const
const shape = { show: oneOf(kinds, 'all') }

type Run = { first: TimelineEntry; more: TimelineEntry[] }

/** Polls that ask the same and get the same answer stand as one, so that they do not bury the rest. */
function runsOf(entries: TimelineEntry[]): Run[] {
  const runs: Run[] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run && entry.kind === 'call' && sameAnswer(run.first, entry)) run.more.push(entry)
    else runs.push({ first: entry, more: [] })
  }
  return runs
}

function sameAnswer(a: TimelineEntry, b: TimelineEntry): boolean {
  return (
    a.kind === b.kind && a.type === b.type && a.data.resultCode === b.data.resultCode && a.data.source === b.data.source
  )
}

function History({ instance }: { instance: InstanceDetail }) {
  const t = useTranslations('instance')
  const [{ show: kind }, setUrl] = useUrlState(shape)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const entries = instance.timeline.filter(
    (entry) => kind === 'all' || entry.kind === kind || (kind === 'audit' && entry.kind === 'notice'),
  )
  const item = (entry: TimelineEntry, run?: Run) => ({
    key: `${entry.kind}-${entry.id}`,
    ...lookOf(entry),
    title: <EntryTitle entry={entry} />,
    aside: <Time at={entry.at} />,
    body: (
      <>
        <EntryBody entry={entry} />
        {run && run.more.length > 0 ? (
          <button
            type="button"
            className="rounded-sm text-accent hover:underline"
            onClick={() => setUnfolded(new Set([...unfolded, entry.id]))}
          >
            {t('sameAgain', { count: run.more.length })}
          </button>
        ) : null}
      </>
    ),
  })
  const items = runsOf(entries).flatMap((run) =>
    unfolded.has(run.first.id) ? [run.first, ...run.more].map((entry) => item(entry)) : [item(run.first, run)],
  )
  return (
    <Card
      title={t('timeline')}
      className="xl:order-1"
      actions={
        <Segments
          label={t('show')}
          value={kind}
          onChange={(value) => setUrl({ show: value })}
          options={kinds.map((value) => ({ value, label: t(`shown.${value}`) }))}
        />
      }
      flush
    >
      <div className="p-2">
        {items.length === 0 ? <EmptyState title={t('noHistory')} /> : <Timeline label={t('timeline')} items={items} />}
      </div>
    </Card>
  )
}

function EntryTitle({ entry }: { entry: TimelineEntry }) {
  const t = useTranslations('instance')
  const words = useWords()
  if (entry.kind === 'call') {
    return (
      <Link href={`/calls/${entry.callId ?? entry.id}`} className="rounded-sm hover:text-accent">
        {words.activity(entry.type)}
      </Link>
    )
  }
  if (entry.kind === 'notice') return t('mail')
  if (entry.kind === 'audit') return words.action(entry.type)
  return (
    <span className="inline-flex flex-wrap items-center gap-2">
      <span className={entry.applied === false ? 'text-soft' : 'font-medium'}>{words.event(entry.type)}</span>
      {entry.applied === false ? <Badge>{t('notApplied')}</Badge> : null}
    </span>
  )
}

function EntryBody({ entry }: { entry: TimelineEntry }) {
  const words = useWords()
  const sentence = useSentences()
  const t = useTranslations('instance')
  const parts: ReactNode[] = []
  if (entry.kind === 'call') {
    const code = typeof entry.data.resultCode === 'string' ? entry.data.resultCode : null
    if (code) parts.push(`${words.code(code)} ${code}`)
    if (entry.data.source === 'replay' || entry.data.source === 'rehearsal') parts.push(words.source(entry.data.source))
  }
  if (entry.kind === 'event') {
    if (typeof entry.data.expiresAt === 'string') {
      parts.push(
        <span key="e">
          {t('expires')} <Time at={entry.data.expiresAt} style="full" />
        </span>,
      )
    }
    if (typeof entry.data.skuCode === 'string') parts.push(`${t('sku')} ${entry.data.skuCode}`)
    if (entry.callId) {
      parts.push(
        <Link key="c" href={`/calls/${entry.callId}`} className="rounded-sm text-accent hover:underline">
          {t('toCall')}
        </Link>,
      )
    }
  }
  if (entry.reason) parts.push(sentence(entry.reason))
  if (entry.actor) parts.push(entry.actor)
  if (parts.length === 0) return null
  return (
    <span className="flex flex-wrap gap-x-3">
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one entry keep their places
        <span key={index} className="min-w-0 break-words">
          {part}
        </span>
      ))}
    </span>
  )
}
