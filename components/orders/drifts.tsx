'use client'

import { ArrowDownToLine, ClipboardCheck, RefreshCw, RotateCcw, Undo2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import type { ReplayResult } from '../types'
import { Button } from '../ui/button'
import { ShortId } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { EmptyState, FormError, NothingFound } from '../ui/feedback'
import { Field, Textarea } from '../ui/field'
import { FilterBar, FilterPicker, SearchBox, Segments } from '../ui/filters'
import { Link } from '../ui/link'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { oneOf, search, text, useFilters } from '../url-state'
import { useAction, useSubmit } from '../use-action'
import { useWords } from '../words'
import type { Drift, DriftKind } from './types'
import { DriftChip, FieldValue, useOrderWords } from './words'

const kinds: DriftKind[] = ['no-call', 'no-order', 'no-instance', 'fields']
const states = ['open', 'accepted', 'mended'] as const

const shape = {
  kind: text,
  state: oneOf(states, 'open'),
  q: search,
}

/** Orders, calls and instances that do not agree, each with what mends it. */
export function DriftList() {
  const t = useTranslations('orders')
  const shown = useCount()
  const { filters, change, clear, active } = useFilters(shape)
  const { kind, state, q } = filters
  const list = useList<Drift>('/order-drifts', { query: () => filters, key: filters })
  const blocked = useBlocked('operator')
  const act = useAction('/order-drifts', '/orders')
  const [asking, setAsking] = useState(false)
  const columns: Column<Drift>[] = [
    {
      id: 'order',
      header: t('order'),
      link: true,
      card: 'title',
      cell: (d) => <ShortId value={d.orderLineId ?? d.orderId} keep={28} />,
    },
    { id: 'kind', header: t('drift'), card: 'aside', cell: (d) => <DriftChip kind={d.kind} /> },
    { id: 'what', header: t('what'), card: 'plain', cell: (d) => <DriftText drift={d} /> },
    {
      id: 'customer',
      header: t('customer'),
      from: 'xl',
      has: (d) => d.customerName !== null,
      cell: (d) => <span className="line-clamp-1">{d.customerName ?? '–'}</span>,
    },
    {
      id: 'found',
      header: t('foundAt'),
      from: 'lg',
      cell: (d) => <Time at={d.foundAt} className="whitespace-nowrap text-soft" />,
    },
    { id: 'actions', header: t('mend'), card: 'plain', cell: (d) => <DriftActions drift={d} /> },
  ]
  return (
    <>
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined
            ? null
            : t('driftCount', { count: list.page.data.total, shown: shown(list.page.data.total) })
        }
      >
        <SearchBox value={q} onChange={(q) => change({ q })} label={t('searchDrift')} />
        <FilterPicker
          label={t('drift')}
          value={kind}
          options={kinds.map((value) => ({ value, label: t(`driftKind.${value}`) }))}
          onChange={(value) => change({ kind: value })}
        />
        <Segments
          label={t('driftStateLabel')}
          value={state}
          options={states.map((value) => ({ value, label: t(`driftState.${value}`) }))}
          onChange={(state) => change({ state })}
        />
        <Button
          blocked={blocked}
          onClick={() => act(() => api('/order-drifts/check', { method: 'POST' }), t('checkStarted'))}
        >
          <RefreshCw aria-hidden />
          {t('checkNow')}
        </Button>
        <Button blocked={blocked} onClick={() => setAsking(true)}>
          <ArrowDownToLine aria-hidden />
          {t('fetchMissing')}
        </Button>
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('drifts')}
          columns={columns}
          rowKey={(d) => d.id}
          href={(d) => `/orders/${encodeURIComponent(d.orderId)}`}
          empty={
            active ? (
              <NothingFound title={t('noDriftFound')} onClear={clear} />
            ) : (
              <EmptyState icon={ClipboardCheck} title={t('noDrift')}>
                {t('noDriftHint')}
              </EmptyState>
            )
          }
        />
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t('fetchMissingTitle')}
        confirmLabel={t('fetchMissing')}
        onConfirm={() =>
          act(async () => {
            await api('/order-drifts/fetch-missing', { method: 'POST' })
          }, t('fetchStarted'))
        }
      >
        {t('fetchMissingAsk')}
      </ConfirmDialog>
    </>
  )
}

/** What does not agree, in a sentence or field by field. */
export function DriftText({ drift }: { drift: Drift }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const desk = useWords()
  if (drift.kind !== 'fields') {
    const why =
      drift.kind === 'no-order'
        ? drift.reason === 'not-asked'
          ? t('notAsked')
          : words.failure(drift.reason ?? '').title
        : drift.kind === 'no-instance'
          ? desk.code(drift.reason)
          : words.orderType(drift.reason)
    return (
      <span>
        {t(`driftText.${drift.kind}`)} <span className="text-soft">{why}</span>
      </span>
    )
  }
  return (
    <ul className="space-y-0.5">
      {drift.fields.map(({ field, order, instance }) => (
        <li key={field} className="break-words">
          <span className="text-faint">{words.field(field)}</span> {t('orderSays')}{' '}
          <FieldValue field={field} value={order} />
          {' · '}
          {t('deskSays')} <FieldValue field={field} value={instance} />
        </li>
      ))}
    </ul>
  )
}

/** What mends a drift, by its kind. */
export function DriftActions({ drift }: { drift: Drift }) {
  const t = useTranslations('orders')
  const blocked = useBlocked('operator')
  const act = useAction('/order-drifts', '/orders', '/instances')
  const [asking, setAsking] = useState<'accept' | 'take' | 'replay' | null>(null)
  const order = `/orders/${encodeURIComponent(drift.orderId)}`
  const fetchAgain = () => act(() => api(order, { query: { refresh: 1 } }), t('fetched'))
  if (drift.state === 'mended') return <Time at={drift.closedAt} className="text-soft" />
  if (drift.state === 'accepted')
    return (
      <span className="flex flex-wrap items-center gap-2">
        <span className="text-soft">
          {drift.note} <span className="text-faint">{drift.closedBy}</span>
        </span>
        <Button
          size="sm"
          blocked={blocked}
          onClick={() => act(() => api(`/order-drifts/${drift.id}/reopen`, { method: 'POST' }), t('reopened'))}
        >
          <Undo2 aria-hidden />
          {t('reopen')}
        </Button>
      </span>
    )
  return (
    <span className="flex flex-wrap items-center gap-1.5">
      {drift.kind === 'fields' ? (
        <Button size="sm" blocked={blocked} onClick={() => setAsking('take')}>
          <ArrowDownToLine aria-hidden />
          {t('takeOver')}
        </Button>
      ) : null}
      {drift.kind === 'no-instance' && drift.messageId ? (
        <Button size="sm" blocked={blocked} onClick={() => setAsking('replay')}>
          <RotateCcw aria-hidden />
          {t('replay')}
        </Button>
      ) : null}
      {drift.kind !== 'no-instance' ? (
        <Button size="sm" blocked={blocked} onClick={fetchAgain}>
          <RefreshCw aria-hidden />
          {t('fetchAgain')}
        </Button>
      ) : null}
      <Button size="sm" variant="ghost" blocked={blocked} onClick={() => setAsking('accept')}>
        <ClipboardCheck aria-hidden />
        {t('accept')}
      </Button>
      {asking === 'accept' ? <AcceptDialog drift={drift} onClose={() => setAsking(null)} /> : null}
      <ConfirmDialog
        open={asking === 'take'}
        onOpenChange={() => setAsking(null)}
        title={t('takeOverTitle')}
        confirmLabel={t('takeOver')}
        onConfirm={() =>
          act(
            () =>
              api(`/instances/${encodeURIComponent(drift.instanceId ?? '')}/take-over-order`, {
                method: 'POST',
                json: { orderId: drift.orderId, fields: drift.fields.map(({ field }) => field) },
              }),
            t('takenOver'),
          )
        }
      >
        <p>{t('takeOverAsk')}</p>
        <div className="mt-2 text-ink">
          <DriftText drift={drift} />
        </div>
      </ConfirmDialog>
      <ConfirmDialog
        open={asking === 'replay'}
        onOpenChange={() => setAsking(null)}
        title={t('replayTitle')}
        confirmLabel={t('replay')}
        onConfirm={() =>
          act(async () => {
            const { resultCode } = await api<ReplayResult>(`/messages/${drift.messageId}/replay`, { method: 'POST' })
            if (resultCode === '000000') await api(order, { query: { refresh: 1 } })
          }, t('replayed'))
        }
      >
        {t('replayAsk')}{' '}
        <Link href={`/calls/messages/${drift.messageId}`} className="rounded-sm text-accent underline">
          {t('toMessage')}
        </Link>
      </ConfirmDialog>
    </span>
  )
}

function AcceptDialog({ drift, onClose }: { drift: Drift; onClose: () => void }) {
  const t = useTranslations('orders')
  const common = useTranslations('common')
  const { submit, error, busy } = useSubmit(['/order-drifts', '/orders', '/instances'], onClose)
  const [note, setNote] = useState('')
  const [missing, setMissing] = useState(false)
  const accept = async () => {
    if (note.trim() === '') return setMissing(true)
    const json = { note: note.trim() }
    await submit(() => api(`/order-drifts/${drift.id}/accept`, { method: 'POST', json }), t('accepted'))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('acceptTitle')}
      description={t('acceptAsk')}
      size="sm"
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={accept}>
            {t('accept')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <FormError error={error} />
        <Field label={t('acceptNote')} error={missing && note.trim() === '' ? t('noteMissing') : null}>
          {(control) => (
            <Textarea {...control} maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
          )}
        </Field>
      </div>
    </Dialog>
  )
}
