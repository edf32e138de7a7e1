'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleSlash, CircleX, Download, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, apiPath } from '../api'
import { fromLocalInput, localInput } from '../range'
import type { BulkFilter, BulkReplay } from '../types'
import { Button } from '../ui/button'
import { cn } from '../ui/cn'
import { Dialog } from '../ui/dialog'
import { Callout, ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Input, Textarea } from '../ui/field'
import { useCount } from '../ui/list'
import { Time } from '../ui/time'
import { useSubmit } from '../use-action'
import { useWords } from '../words'

/** What is to be replayed: all that match a filter, or everything failed since a moment to be asked for. */
export type BulkTarget = { kind: 'filter'; filter: BulkFilter } | { kind: 'since' }

type BulkReplayDialogProps = {
  target: BulkTarget | null
  /** a run that was started earlier: shows how it is getting on */
  runId: string | null
  onRun: (id: string) => void
  onClose: () => void
}

export function BulkReplayDialog({ target, runId, onRun, onClose }: BulkReplayDialogProps) {
  if (runId) return <RunDialog id={runId} onClose={onClose} />
  if (target?.kind === 'filter') return <PlanDialog filter={target.filter} onRun={onRun} onClose={onClose} />
  return <SinceDialog onRun={onRun} onClose={onClose} />
}

function SinceDialog({ onRun, onClose }: { onRun: (id: string) => void; onClose: () => void }) {
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  const [since, setSince] = useState(() => localInput(Date.now() - 24 * 3_600_000))
  const [filter, setFilter] = useState<BulkFilter | null>(null)
  if (filter) return <PlanDialog filter={filter} onRun={onRun} onClose={onClose} />
  const from = fromLocalInput(since)
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('sinceTitle')}
      description={t('sinceLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            disabled={!from}
            onClick={() => from && setFilter({ state: 'open', outcome: 'failed', from, test: false })}
          >
            {t('showPlan')}
          </Button>
        </>
      }
    >
      <Field label={t('sinceLabel')} hint={t('sinceHint')}>
        {(control) => (
          <Input {...control} type="datetime-local" value={since} onChange={(e) => setSince(e.target.value)} />
        )}
      </Field>
    </Dialog>
  )
}

function PlanDialog({
  filter,
  onRun,
  onClose,
}: {
  filter: BulkFilter
  onRun: (id: string) => void
  onClose: () => void
}) {
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  const shown = useCount()
  const [note, setNote] = useState('')
  const { submit, busy, error } = useSubmit([])
  const plan = useQuery({
    queryKey: ['/bulk-replays', 'plan', filter],
    queryFn: () => api<BulkReplay>('/bulk-replays', { method: 'POST', json: { filter, dryRun: true } }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  const skipped = plan.data?.skipped ?? 0
  const willRun = (plan.data?.total ?? 0) - skipped
  const json = { filter, ...(note.trim() ? { note: note.trim() } : {}) }
  const start = () => submit(async () => onRun((await api<BulkReplay>('/bulk-replays', { method: 'POST', json })).id))
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('planTitle')}
      description={t('planLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} disabled={!plan.data || willRun === 0} onClick={start}>
            {plan.data ? t('start', { count: shown(willRun) }) : t('startNone')}
          </Button>
        </>
      }
    >
      {plan.isPending ? <SkeletonRows rows={4} /> : null}
      {plan.isError ? <ErrorState error={plan.error} onRetry={() => plan.refetch()} /> : null}
      {plan.data ? (
        <div className="flex flex-col gap-4">
          <PlanFacts plan={plan.data} />
          <NoteField value={note} onChange={setNote} />
          <FormError error={error} />
        </div>
      ) : null}
    </Dialog>
  )
}

function NoteField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useTranslations('bulk')
  return (
    <Field label={t('note')} hint={t('noteHint')}>
      {(control) => (
        <Textarea
          {...control}
          rows={2}
          className="min-h-14"
          maxLength={1000}
          value={value}
          onChange={(e) => onChange(e.target.value)}
        />
      )}
    </Field>
  )
}

function PlanFacts({
  plan,
}: {
  plan: Pick<BulkReplay, 'total' | 'skipped' | 'counts' | 'oldest' | 'newest' | 'skippedReasons'>
}) {
  const t = useTranslations('bulk')
  const words = useWords()
  const shown = useCount()
  if (plan.total === 0) return <Callout tone="info">{t('nothing')}</Callout>
  const rows = Object.entries(plan.counts).sort((a, b) => b[1] - a[1])
  return (
    <>
      <dl className="grid grid-cols-3 gap-3 text-sm">
        <div>
          <dt className="text-faint">{t('total')}</dt>
          <dd className="font-semibold text-xl">{shown(plan.total)}</dd>
        </div>
        <div>
          <dt className="text-faint">{t('oldest')}</dt>
          <dd>
            <Time at={plan.oldest} />
          </dd>
        </div>
        <div>
          <dt className="text-faint">{t('newest')}</dt>
          <dd>
            <Time at={plan.newest} />
          </dd>
        </div>
      </dl>
      <table className="w-full text-sm" aria-label={t('byActivity')}>
        <tbody className="[&_td]:border-line [&_td]:border-b [&_th]:border-line [&_th]:border-b">
          {rows.map(([activity, count]) => (
            <tr key={activity}>
              <th scope="row" className="py-1.5 text-left font-normal">
                {words.activity(activity)}
              </th>
              <td className="py-1.5 text-right">{shown(count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {plan.skipped > 0 ? (
        <Callout tone="warn" icon={CircleSlash}>
          <p>{t('willSkip', { count: plan.skipped })}</p>
          <ul className="mt-1 list-inside list-disc text-xs">
            {plan.skippedReasons.map(({ reason, count }) => (
              <li key={reason}>
                {words.skipReason(reason)} · {shown(count)}
              </li>
            ))}
          </ul>
        </Callout>
      ) : null}
      <p className="text-soft text-xs">{t('rules')}</p>
    </>
  )
}

function Progress({ run }: { run: Pick<BulkReplay, 'total' | 'succeeded' | 'failed' | 'skipped'> }) {
  const t = useTranslations('bulk')
  const shown = useCount()
  const done = run.succeeded + run.failed + run.skipped
  const share = (n: number) => `${run.total ? (100 * n) / run.total : 0}%`
  const parts = [
    { name: t('succeeded'), count: run.succeeded, icon: CircleCheck, text: 'text-ok', bar: 'bg-ok' },
    { name: t('failed'), count: run.failed, icon: CircleX, text: 'text-bad', bar: 'bg-bad' },
    { name: t('skipped'), count: run.skipped, icon: CircleSlash, text: 'text-soft', bar: 'bg-control' },
  ]
  return (
    <div>
      <div className="mb-1.5 flex justify-between text-sm">
        <span className="font-medium">{t('doneOf', { done: shown(done), total: shown(run.total) })}</span>
        <span className="text-soft">{run.total ? Math.floor((100 * done) / run.total) : 100} %</span>
      </div>
      <div
        role="progressbar"
        aria-label={t('progress')}
        aria-valuemin={0}
        aria-valuemax={run.total}
        aria-valuenow={done}
        className="flex h-2 overflow-hidden rounded-full bg-idle-soft"
      >
        {parts.map((part) => (
          <span
            key={part.name}
            className={cn('transition-[width] duration-300', part.bar)}
            style={{ width: share(part.count) }}
          />
        ))}
      </div>
      <dl className="mt-4 grid grid-cols-3 gap-3">
        {parts.map(({ name, count, icon: Icon, text }) => (
          <div key={name} className="rounded-md border border-line px-3 py-2">
            <dt className={cn('flex items-center gap-1 text-xs', text)}>
              <Icon className="size-3.5" aria-hidden />
              {name}
            </dt>
            <dd className="font-semibold text-lg">{shown(count)}</dd>
          </div>
        ))}
      </dl>
    </div>
  )
}

function RunDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useTranslations('bulk')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [stopping, setStopping] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const run = useQuery({
    queryKey: ['/bulk-replays', id],
    queryFn: ({ signal }) => api<BulkReplay>(`/bulk-replays/${id}`, { signal }),
    refetchInterval: (query) =>
      query.state.data && ['done', 'cancelled'].includes(query.state.data.state) ? false : 1000,
  })
  const ended = run.data?.state === 'done' || run.data?.state === 'cancelled'
  const close = () => {
    client.invalidateQueries({ queryKey: ['/messages'] })
    client.invalidateQueries({ queryKey: ['/desk'] })
    onClose()
  }
  const stop = async () => {
    setStopping(true)
    setError(null)
    try {
      await api(`/bulk-replays/${id}/cancel`, { method: 'POST' })
      await run.refetch()
    } catch (fault) {
      setStopping(false)
      setError(fault)
    }
  }
  return (
    <Dialog
      open
      onOpenChange={close}
      title={ended ? t(`ended.${run.data?.state === 'cancelled' ? 'cancelled' : 'done'}`) : t('running')}
      description={ended ? undefined : t('runningLead')}
      footer={
        <>
          {ended ? (
            <Button asChild>
              <a href={apiPath(`/bulk-replays/${id}/items.csv`)} download>
                <Download aria-hidden />
                {t('csv')}
              </a>
            </Button>
          ) : (
            <Button variant="danger-ghost" loading={stopping} disabled={!run.data} onClick={stop}>
              {t('stop')}
            </Button>
          )}
          <Button variant={ended ? 'primary' : 'secondary'} onClick={close}>
            {ended ? common('done') : t('goOn')}
          </Button>
        </>
      }
    >
      {run.isPending ? <SkeletonRows rows={3} /> : null}
      {run.isError && !run.data ? <ErrorState error={run.error} onRetry={() => run.refetch()} /> : null}
      {run.data ? (
        <div className="flex flex-col gap-4">
          <Progress run={run.data} />
          {ended && run.data.failed > 0 ? (
            <Callout tone="warn" icon={TriangleAlert}>
              {t('someFailed')}
            </Callout>
          ) : null}
          <FormError error={error} />
        </div>
      ) : null}
    </Dialog>
  )
}
