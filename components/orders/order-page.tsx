'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import {
  ChevronLeft,
  CircleCheck,
  CircleDashed,
  CircleX,
  ClipboardPen,
  Clock,
  Eye,
  FileDiff,
  RefreshCw,
  SearchX,
  TriangleAlert,
} from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, errorText } from '../api'
import { InstanceStateChip, MessageStateChip, ResultCode, TestMark } from '../chips'
import { LicenseStateChip } from '../licenses/words'
import { useAction } from '../settings/use-action'
import { useBlocked } from '../shell/user'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { Id, ShortId } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { Callout, EmptyState, ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Select, Textarea } from '../ui/field'
import { Time } from '../ui/time'
import { Timeline } from '../ui/timeline'
import { toast } from '../ui/toast'
import { useWords } from '../words'
import { DriftActions, DriftText } from './drifts'
import {
  type Buyer,
  type Dossier,
  type LookedUpOrder,
  type LookUpFailure,
  mockOrders,
  type OrderLine,
  supervisionStates,
} from './types'
import { Amount, DriftChip, FailureText, FieldValue, useOrderWords } from './words'

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

function BuyerCard({ orderId, buyer }: { orderId: string; buyer: Buyer }) {
  const t = useTranslations('orders')
  const e = useTranslations('errors')
  const blocked = useBlocked('admin')
  const [asking, setAsking] = useState(false)
  const [revealed, setRevealed] = useState<Buyer | null>(null)
  const shown = revealed ?? buyer
  const reveal = async () => {
    try {
      const answer = await api<{ buyer: Buyer }>(`/orders/${encodeURIComponent(orderId)}/reveal`, { method: 'POST' })
      setRevealed(answer.buyer)
    } catch (fault) {
      toast.error(errorText(fault, e))
      return false
    }
  }
  return (
    <Card
      title={t('buyer')}
      actions={
        revealed || (!buyer.mobilePhone && !buyer.email) ? null : (
          <Button size="sm" variant="ghost" blocked={blocked} onClick={() => setAsking(true)}>
            <Eye aria-hidden />
            {t('reveal')}
          </Button>
        )
      }
    >
      <KeyValue
        columns
        items={[
          [t('customer'), shown.customerName ?? '–'],
          [t('realName'), shown.customerRealName ?? '–'],
          [t('customerId'), <Id key="c" value={shown.customerId} />],
          [
            t('customerType'),
            shown.customerType === null ? '–' : t(shown.customerType === 1 ? 'enterprise' : 'person'),
          ],
          [t('phone'), shown.mobilePhone ?? '–'],
          [t('mail'), shown.email ?? '–'],
          shown.userName || shown.userId ? [t('user'), shown.userName ?? shown.userId] : null,
        ]}
      />
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t('revealTitle')}
        confirmLabel={t('reveal')}
        onConfirm={reveal}
      >
        {t('revealAsk')}
      </ConfirmDialog>
    </Card>
  )
}

const stepLook = {
  done: { tone: 'ok', icon: CircleCheck },
  waiting: { tone: 'info', icon: CircleDashed },
  failed: { tone: 'bad', icon: CircleX },
} as const

function Known({ dossier, orderId, stored }: { dossier: Dossier; orderId: string; stored: boolean }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const desk = useWords()
  return (
    <>
      {stored ? (
        <Card title={t('expected')} flush>
          <div className="p-2">
            {dossier.expected.length === 0 ? (
              <EmptyState title={t('nothingExpected')} />
            ) : (
              <Timeline
                label={t('expected')}
                items={dossier.expected.map((step, at) => ({
                  key: `${step.step}-${step.orderLineId}-${step.instanceId}-${at}`,
                  ...stepLook[step.state],
                  title: step.messageId ? (
                    <Link href={`/calls/messages/${step.messageId}`} className="rounded-sm hover:text-accent">
                      {words.step(step.step)}
                    </Link>
                  ) : (
                    words.step(step.step)
                  ),
                  aside: step.state === 'done' ? <Time at={step.at} /> : t(`stepState.${step.state}`),
                  body:
                    step.state !== 'done' && step.at ? (
                      <>
                        {t('repeatsUntil')} <Time at={step.at} />
                      </>
                    ) : null,
                }))}
              />
            )}
          </div>
        </Card>
      ) : null}
      <Card
        title={t('calls')}
        actions={
          <Button asChild size="sm" variant="ghost">
            <Link href={`/calls?view=calls&test=both&q=${encodeURIComponent(orderId)}`}>{t('allCalls')}</Link>
          </Button>
        }
      >
        {dossier.messages.length === 0 ? (
          <p className="text-sm text-soft">{t('noCalls')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.messages.map((message) => (
              <li key={message.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link href={`/calls/messages/${message.id}`} className="rounded-sm font-medium hover:text-accent">
                  {desk.activity(message.activity)}
                </Link>
                <MessageStateChip message={message} />
                {message.test ? <TestMark /> : null}
                <ResultCode code={message.resultCode} />
                <Time at={message.lastAt} className="ml-auto text-faint text-xs" />
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={t('instances')}>
        {dossier.instances.length === 0 ? (
          <p className="text-sm text-soft">{t('noInstance')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.instances.map((instance) => (
              <li key={instance.instanceId} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link
                  href={`/instances/${encodeURIComponent(instance.instanceId)}`}
                  className="rounded-sm font-medium hover:text-accent"
                >
                  <ShortId value={instance.instanceId} keep={22} />
                </Link>
                <InstanceStateChip state={instance.state} />
                {instance.test ? <TestMark /> : null}
                <span className="text-soft">{instance.productName}</span>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title={t('licenses')}>
        {dossier.licenses.length === 0 ? (
          <p className="text-sm text-soft">{t('noLicense')}</p>
        ) : (
          <ul className="space-y-2 text-sm">
            {dossier.licenses.map((license) => (
              <li key={license.id} className="flex flex-wrap items-center gap-x-2 gap-y-1">
                <Link href={`/licenses/${license.id}`} className="rounded-sm font-medium hover:text-accent">
                  {license.license ?? t('licenseNotIssued')}
                </Link>
                <LicenseStateChip state={license.state} />
                {license.test ? <TestMark /> : null}
                {license.expiresAt ? (
                  <Time at={license.expiresAt} style="date" className="ml-auto text-faint text-xs" />
                ) : null}
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Supervision orderId={orderId} notes={dossier.supervision} />
      <Card title={t('lookUps')} flush>
        <div className="p-2">
          {dossier.lookUps.length === 0 ? (
            <p className="p-2 text-sm text-soft">{t('noLookUps')}</p>
          ) : (
            <Timeline
              label={t('lookUps')}
              items={dossier.lookUps.map((lookUp) => ({
                key: lookUp.id,
                icon: lookUp.outcome === 'failed' ? CircleX : lookUp.outcome === 'unchanged' ? CircleCheck : FileDiff,
                tone: lookUp.outcome === 'failed' ? 'bad' : lookUp.outcome === 'unchanged' ? 'idle' : 'info',
                title: t(`lookUpOutcome.${lookUp.outcome}`),
                aside: <Time at={lookUp.at} />,
                body: [
                  lookUp.actor,
                  lookUp.family ? words.failure(lookUp.family).title : null,
                  lookUp.code,
                  `${lookUp.durationMs} ms`,
                ]
                  .filter(Boolean)
                  .join(' · '),
              }))}
            />
          )}
        </div>
      </Card>
    </>
  )
}

function Supervision({ orderId, notes }: { orderId: string; notes: Dossier['supervision'] }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const blocked = useBlocked('operator')
  const [open, setOpen] = useState(false)
  const [current, ...earlier] = notes
  return (
    <Card
      title={t('supervision')}
      actions={
        <Button size="sm" variant="ghost" blocked={blocked} onClick={() => setOpen(true)}>
          <ClipboardPen aria-hidden />
          {t('note')}
        </Button>
      }
    >
      {current ? (
        <div className="text-sm">
          <p className="font-medium">{words.supervision(current.state)}</p>
          {current.note ? <p className="mt-0.5 whitespace-pre-wrap break-words">{current.note}</p> : null}
          <p className="mt-0.5 text-faint text-xs">
            {current.actor} · <Time at={current.at} />
          </p>
          {earlier.length > 0 ? (
            <ul className="mt-2 space-y-0.5 text-soft text-xs" aria-label={t('earlierNotes')}>
              {earlier.map((note) => (
                <li key={note.id}>
                  {words.supervision(note.state)} · {note.actor} · <Time at={note.at} />
                </li>
              ))}
            </ul>
          ) : null}
        </div>
      ) : (
        <p className="text-sm text-soft">{t('noSupervision')}</p>
      )}
      {open ? <SupervisionDialog orderId={orderId} state={current?.state} onClose={() => setOpen(false)} /> : null}
    </Card>
  )
}

function SupervisionDialog({
  orderId,
  state: before,
  onClose,
}: {
  orderId: string
  state: string | undefined
  onClose: () => void
}) {
  const t = useTranslations('orders')
  const common = useTranslations('common')
  const words = useOrderWords()
  const act = useAction('/orders')
  const [state, setState] = useState(before ?? 'not-applicable')
  const [note, setNote] = useState('')
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    setError(null)
    try {
      await api(`/orders/${encodeURIComponent(orderId)}/supervision`, {
        method: 'POST',
        json: { state, ...(note.trim() ? { note: note.trim() } : {}) },
      })
      await act(async () => {}, t('noted'))
      onClose()
    } catch (fault) {
      setError(fault)
      setBusy(false)
    }
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('supervision')}
      description={t('supervisionHint')}
      size="sm"
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {common('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <FormError error={error} />
        <Field label={t('state')}>
          {(control) => (
            <Select
              {...control}
              value={state}
              onChange={(event) => setState(event.target.value)}
              options={supervisionStates.map((value) => ({ value, label: words.supervision(value) }))}
            />
          )}
        </Field>
        <Field label={common('optional', { label: t('note') })}>
          {(control) => (
            <Textarea {...control} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
          )}
        </Field>
      </div>
    </Dialog>
  )
}

function Answers({ answers }: { answers: Dossier['answers'] }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const label = (path: string) => path.replace(/\w+$/, (field) => words.field(field)).replace(/^(lines|products)/, '')
  return (
    <Card title={t('answers')} flush>
      <div className="p-2">
        <Timeline
          label={t('answers')}
          items={answers.map(({ since, until, changes }) => ({
            key: since,
            icon: FileDiff,
            tone: changes.length > 0 ? 'info' : 'idle',
            title: changes.length > 0 ? t('changed', { count: changes.length }) : t('firstAnswer'),
            aside: <Time at={since} />,
            body: (
              <>
                <span className="block">
                  {t('saidUntil')} <Time at={until} style="full" />
                </span>
                {changes.map(({ path, from, to }) => {
                  const field = path.split('.').at(-1) ?? path
                  const text = (value: unknown) => (value === null ? null : String(value))
                  return (
                    <span key={path} className="mt-0.5 block break-words">
                      <span className="text-faint">{label(path)}</span>{' '}
                      <del className="text-bad">
                        <FieldValue field={field} value={text(from)} />
                      </del>{' '}
                      →{' '}
                      <ins className="text-ok no-underline">
                        <FieldValue field={field} value={text(to)} />
                      </ins>
                    </span>
                  )
                })}
              </>
            ),
          }))}
        />
      </div>
    </Card>
  )
}
