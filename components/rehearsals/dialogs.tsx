'use client'

import { useQuery } from '@tanstack/react-query'
import { Play } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { CallPayload } from '../calls/payload'
import { ResultCode } from '../chips'
import { useSentences } from '../sentences'
import type { Page, Product } from '../types'
import { Button } from '../ui/button'
import { KeyValue } from '../ui/card'
import { Id } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { Field, Input, Select } from '../ui/field'
import { Link } from '../ui/link'
import { useAll } from '../ui/list'
import { Labelled, Switch } from '../ui/ticks'
import { Time } from '../ui/time'
import { useAction, useSubmit } from '../use-action'
import { useWords } from '../words'
import { CallFields, CaseFields, callOf, type Draft, draftOf, emptyDraft } from './case-form'
import type { RehearsalCase, Run, Schedule, Version } from './types'
import { Verdict } from './verdict'

const lists = ['/rehearsal-cases', '/rehearsals', '/rehearsal-schedule', '/rehearsal-streaks']

export function FireDialog({ onClose, onDone }: { onClose: () => void; onDone: (run: Run) => void }) {
  const t = useTranslations('rehearsals')
  const common = useTranslations('common')
  const [draft, setDraft] = useState<Draft>(emptyDraft)
  const { submit, error, busy } = useSubmit(lists, () => {})
  const call = callOf(draft)
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('fireCall')}
      description={t('fireHint')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy}
            disabled={call === null}
            onClick={() =>
              submit(async () => onDone(await api<Run>('/rehearsals', { method: 'POST', json: call ?? {} })))
            }
          >
            <Play aria-hidden />
            {t('fire')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <FormError error={error} fields={['activity', 'expectCode', 'members']} />
        <CallFields draft={draft} onChange={setDraft} error={error} />
      </div>
    </Dialog>
  )
}

export function CaseDialog({ item, onClose }: { item: RehearsalCase | null; onClose: () => void }) {
  const t = useTranslations('rehearsals')
  const common = useTranslations('common')
  const [draft, setDraft] = useState<Draft>(item ? draftOf(item) : emptyDraft)
  const { submit, error, busy } = useSubmit(lists, onClose)
  const call = callOf(draft)
  const json = { ...call, name: draft.name, scheduled: draft.scheduled }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={item ? t('changeCase', { name: item.name }) : t('addCase')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy}
            disabled={call === null || draft.name.trim() === ''}
            onClick={() =>
              submit(
                () =>
                  item
                    ? api(`/rehearsal-cases/${item.id}`, { method: 'PUT', json })
                    : api('/rehearsal-cases', { method: 'POST', json }),
                t('saved'),
              )
            }
          >
            {common('save')}
          </Button>
        </>
      }
    >
      <FormError error={error} fields={['name', 'activity', 'expectCode', 'members']} />
      <CaseFields draft={draft} onChange={setDraft} error={error} />
    </Dialog>
  )
}

export function UsualDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('rehearsals')
  const common = useTranslations('common')
  const products = useAll<Product>('/products')
  const saas = (products.data?.items ?? []).filter(({ kind }) => kind === 'saas')
  const [productRef, setProduct] = useState('')
  const [version, setVersion] = useState<Version>('v2')
  const { submit, error, busy } = useSubmit(lists, onClose)
  const chosen = productRef || saas[0]?.id || ''
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('usual')}
      description={t('usualHint')}
      size="sm"
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy}
            disabled={chosen === ''}
            onClick={() =>
              submit(
                () =>
                  api<Page<RehearsalCase>>('/rehearsal-cases/usual', {
                    method: 'POST',
                    json: { productRef: chosen, version },
                  }),
                t('saved'),
              )
            }
          >
            {t('addUsual')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <FormError error={error} />
        <Field label={t('product')}>
          {(control) => (
            <Select
              {...control}
              value={chosen}
              onChange={(event) => setProduct(event.target.value)}
              options={saas.map(({ id, name }) => ({ value: id, label: name }))}
            />
          )}
        </Field>
        <Field label={t('version')}>
          {(control) => (
            <Select
              {...control}
              value={version}
              onChange={(event) => setVersion(event.target.value as Version)}
              options={[
                { value: 'v2', label: 'SaaS V2.0' },
                { value: 'v1', label: 'SaaS V1.0' },
              ]}
            />
          )}
        </Field>
      </div>
    </Dialog>
  )
}

export function useSchedule() {
  return useQuery({
    queryKey: ['/rehearsal-schedule'],
    queryFn: ({ signal }) => api<Schedule>('/rehearsal-schedule', { signal }),
  })
}

export function ScheduleDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('rehearsals')
  const common = useTranslations('common')
  const schedule = useSchedule()
  const [enabled, setEnabled] = useState(schedule.data?.enabled ?? true)
  const [times, setTimes] = useState((schedule.data?.times ?? []).join(', '))
  const { submit, error, busy } = useSubmit(lists, onClose)
  const list = times.split(/[\s,，、;；]+/).filter(Boolean)
  const wrong = list.length === 0 || list.some((time) => !/^([01]\d|2[0-3]):[0-5]\d$/.test(time))
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('schedule')}
      size="sm"
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy}
            disabled={wrong}
            onClick={() =>
              submit(
                () => api('/rehearsal-schedule', { method: 'PUT', json: { enabled, times: list } }),
                t('scheduleSaved'),
              )
            }
          >
            {common('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3">
        <FormError error={error} />
        <Labelled label={t('enabled')}>
          <Switch checked={enabled} onCheckedChange={setEnabled} />
        </Labelled>
        <Field label={t('times')} hint={t('timesHint')} error={wrong ? t('timesWrong') : null}>
          {(control) => <Input {...control} value={times} onChange={(event) => setTimes(event.target.value)} />}
        </Field>
      </div>
    </Dialog>
  )
}

export function DeleteDialog({ item, onClose }: { item: RehearsalCase; onClose: () => void }) {
  const t = useTranslations('rehearsals')
  const act = useAction('/rehearsal-cases', '/rehearsals')
  return (
    <ConfirmDialog
      open
      onOpenChange={onClose}
      danger
      title={t('deleteCase', { name: item.name })}
      confirmLabel={t('delete')}
      onConfirm={() => act(() => api(`/rehearsal-cases/${item.id}`, { method: 'DELETE' }), t('deleted'))}
    >
      {t('deleteAsk')}
    </ConfirmDialog>
  )
}

/** Verdict, answer and the call itself. */
export function RunDialog({ run, onClose }: { run: Run; onClose: () => void }) {
  const t = useTranslations('rehearsals')
  const words = useWords()
  const sentence = useSentences()
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={
        <span className="inline-flex flex-wrap items-center gap-2">
          {run.name ?? `${words.activity(run.activity)} · ${run.version.toUpperCase()}`}
          <Verdict good={run.good} />
        </span>
      }
      size="lg"
    >
      <div className="flex flex-col gap-4">
        {run.error ? <Callout tone="bad">{sentence(run.error)}</Callout> : null}
        <KeyValue
          columns
          items={[
            [t('answer'), <ResultCode key="r" code={run.resultCode} message={run.resultMsg} />],
            [t('duration'), run.durationMs === null ? '–' : `${run.durationMs.toLocaleString()} ms`],
            [t('signature'), run.bodySign === null ? t('unsigned') : t(run.bodySign ? 'signedWell' : 'signedBadly')],
            [t('at'), <Time key="t" at={run.at} style="full" />],
            run.productName ? [t('product'), run.productName] : null,
            run.instanceId ? [t('instance'), <Id key="i" value={run.instanceId} />] : null,
          ]}
        />
        {run.resultMsg && !run.good ? <p className="break-words text-sm">{run.resultMsg}</p> : null}
        {run.hasCall ? (
          <>
            <CallPayload id={run.id} />
            <Link href={`/calls/${run.id}`} className="rounded-sm text-accent text-sm underline underline-offset-2">
              {t('toCall')}
            </Link>
          </>
        ) : (
          <p className="text-sm text-soft">{t('noCall')}</p>
        )}
      </div>
    </Dialog>
  )
}
