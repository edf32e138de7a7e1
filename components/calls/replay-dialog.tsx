'use client'

import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, CircleX, Clock, Mail } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError, isStale } from '../api'
import { ResultCode } from '../chips'
import type { Change, Message, ReplayResult } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { Field, Textarea } from '../ui/field'
import { toast } from '../ui/toast'

/** Everything that shows messages, calls, instances or their counts is read again. */
export function useRefreshAfterReplay() {
  const client = useQueryClient()
  return () =>
    Promise.all(
      ['/messages', '/calls', '/causes', '/instances', '/desk', '/overview'].map((path) =>
        client.invalidateQueries({ queryKey: [path] }),
      ),
    )
}

type ReplayDialogProps = { message: Message; onClose: () => void; onNotify: () => void }

export function ReplayDialog({ message, onClose, onNotify }: ReplayDialogProps) {
  const t = useTranslations('replay')
  const common = useTranslations('common')
  const refresh = useRefreshAfterReplay()
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [result, setResult] = useState<ReplayResult | null>(null)
  const run = async () => {
    setBusy(true)
    setError(null)
    try {
      setResult(
        await api<ReplayResult>(`/messages/${message.id}/replay`, {
          method: 'POST',
          json: { seenState: message.state, ...(note.trim() ? { note: note.trim() } : {}) },
        }),
      )
      void refresh()
    } catch (fault) {
      setError(fault)
      // Another one, or the marketplace itself, was faster: the page behind shows what is the case.
      if (isStale(fault)) void refresh()
    }
    setBusy(false)
  }
  const succeeded = result?.resultCode === '000000'
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('title')}
      description={result ? undefined : t('lead')}
      footer={
        result ? (
          <>
            {succeeded ? null : (
              <Button loading={busy} onClick={run}>
                {t('again')}
              </Button>
            )}
            <Button variant={succeeded ? 'secondary' : 'primary'} onClick={onClose}>
              {common('done')}
            </Button>
            {succeeded ? (
              <Button variant="primary" onClick={onNotify}>
                <Mail aria-hidden />
                {t('notify')}
              </Button>
            ) : null}
          </>
        ) : (
          <>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button variant="primary" loading={busy} onClick={run}>
              {t('run')}
            </Button>
          </>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {result ? (
          <ReplayOutcome result={result} />
        ) : (
          <Field label={t('note')} hint={t('noteHint')} error={fieldError(error, 'note')}>
            {(control) => (
              <Textarea {...control} rows={2} maxLength={1000} value={note} onChange={(e) => setNote(e.target.value)} />
            )}
          </Field>
        )}
        <FormError error={error} fields={['note']} />
      </div>
    </Dialog>
  )
}

/** How a replay ended, and what it changed or would change. */
export function ReplayOutcome({ result, dryRun }: { result: ReplayResult; dryRun?: boolean }) {
  const t = useTranslations('replay')
  const good = result.resultCode === '000000'
  const waiting = result.resultCode === '000004'
  const title = dryRun
    ? t(good || waiting ? 'wouldSucceed' : 'wouldFail')
    : t(good ? 'succeeded' : waiting ? 'processing' : 'failed')
  return (
    <div className="flex flex-col gap-3">
      <Callout tone={good ? 'ok' : waiting ? 'info' : 'bad'} icon={good ? CircleCheck : waiting ? Clock : CircleX}>
        <p className="font-medium">{title}</p>
        <p className="mt-0.5">
          <ResultCode code={result.resultCode} tone={false} />
        </p>
        {good || !result.resultMsg ? null : <p className="mt-0.5 break-words">{result.resultMsg}</p>}
      </Callout>
      <Changes changes={result.changes} {...(dryRun ? { dryRun } : {})} />
    </div>
  )
}

function value(shown: unknown): string {
  if (shown === null || shown === undefined || shown === '') return '–'
  return typeof shown === 'string' ? shown : JSON.stringify(shown)
}

function Changes({ changes, dryRun }: { changes: Change[]; dryRun?: boolean }) {
  const t = useTranslations('replay')
  if (changes.length === 0)
    return <p className="text-soft text-sm">{t(dryRun ? 'wouldChangeNothing' : 'changedNothing')}</p>
  return (
    <table className="w-full table-fixed text-left text-sm">
      <caption className="pb-1 text-left font-medium">{t(dryRun ? 'wouldChange' : 'changed')}</caption>
      <thead className="text-faint text-xs">
        <tr>
          <th scope="col" className="py-1 pr-3 font-medium">
            {t('field')}
          </th>
          <th scope="col" className="py-1 pr-3 font-medium">
            {t('from')}
          </th>
          <th scope="col" className="py-1 font-medium">
            {t('to')}
          </th>
        </tr>
      </thead>
      <tbody className="align-top">
        {changes.map((change) => (
          <tr key={change.field} className="[&>*]:border-line [&>*]:border-t">
            <th scope="row" className="break-all py-1.5 pr-3 font-mono font-normal text-xs leading-5">
              {change.field}
            </th>
            <td className="break-all py-1.5 pr-3 text-soft">{value(change.from)}</td>
            <td className="break-all py-1.5 font-medium">{value(change.to)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

export function ResolveDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useTranslations('resolve')
  const common = useTranslations('common')
  const refresh = useRefreshAfterReplay()
  const [note, setNote] = useState('')
  const [busy, setBusy] = useState(false)
  const [missing, setMissing] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const save = async () => {
    if (!note.trim()) return setMissing(true)
    setBusy(true)
    setError(null)
    try {
      await api(`/messages/${message.id}/resolve`, { method: 'POST', json: { note: note.trim() } })
      await refresh()
      toast.success(t('saved'))
      onClose()
    } catch (fault) {
      setError(fault)
      setBusy(false)
      if (isStale(fault)) void refresh()
    }
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('title')}
      description={t('lead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {t('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <Field label={t('note')} error={missing && !note.trim() ? t('noteNeeded') : fieldError(error, 'note')}>
          {(control) => (
            <Textarea
              {...control}
              rows={4}
              maxLength={1000}
              placeholder={t('placeholder')}
              value={note}
              onChange={(e) => setNote(e.target.value)}
            />
          )}
        </Field>
        <FormError error={error} fields={['note']} />
      </div>
    </Dialog>
  )
}
