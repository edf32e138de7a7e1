'use client'

import { EyeOff, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { CallDetail, Message, ReplayResult } from '../types'
import { Button, IconButton } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Input, Textarea } from '../ui/field'
import { useSubmit } from '../use-action'
import { type Editable, editableOf, hidden, payloadOf } from './edited-payload'
import { useCall } from './payload'
import { ReplayOutcome, useRefreshAfterReplay } from './replay-dialog'

/** Edit, see what it would change, run. */
export function EditedReplayDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useTranslations('edit')
  const call = useCall(message.lastCallId)
  if (call.data) return <Editor message={message} call={call.data} onClose={onClose} />
  return (
    <Dialog open onOpenChange={onClose} size="lg" side title={t('title')}>
      {call.isError ? <ErrorState error={call.error} onRetry={() => call.refetch()} /> : <SkeletonRows rows={5} />}
    </Dialog>
  )
}

function Editor({ message, call, onClose }: { message: Message; call: CallDetail; onClose: () => void }) {
  const t = useTranslations('edit')
  const common = useTranslations('common')
  const refresh = useRefreshAfterReplay()
  const [original] = useState<Editable>(() => editableOf(call.request))
  const [edited, setEdited] = useState(original)
  const [plan, setPlan] = useState<{ of: Editable; result: ReplayResult } | null>(null)
  const [result, setResult] = useState<ReplayResult | null>(null)
  const [note, setNote] = useState('')
  const [fault, setFault] = useState<'json' | 'object' | 'hidden' | null>(null)
  const { submit, busy, error, clear } = useSubmit([])
  const planned = plan?.of === edited ? plan.result : null
  const masked =
    edited.kind === 'body' ? edited.text.includes(hidden) : edited.pairs.some(([, value]) => value.includes(hidden))

  const send = async (dryRun: boolean) => {
    const made = payloadOf(original, edited)
    setFault(made.ok ? null : made.reason)
    clear()
    if (!made.ok) return
    await submit(async () => {
      const answer = await api<ReplayResult>(`/messages/${message.id}/replay`, {
        method: 'POST',
        json: {
          ...(made.payload ? { payload: made.payload } : {}),
          ...(dryRun ? { dryRun } : {}),
          ...(!dryRun && note.trim() ? { note: note.trim() } : {}),
        },
      })
      if (dryRun) setPlan({ of: edited, result: answer })
      else {
        setResult(answer)
        void refresh()
      }
    })
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="lg"
      side
      title={t('title')}
      description={t('lead')}
      footer={
        result ? (
          <Button variant="primary" onClick={onClose}>
            {common('done')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button variant={planned ? 'secondary' : 'primary'} loading={busy && !planned} onClick={() => send(true)}>
              {t('dryRun')}
            </Button>
            <Button
              variant={planned ? 'primary' : 'secondary'}
              loading={busy && Boolean(planned)}
              blocked={planned ? null : t('dryRunFirst')}
              onClick={() => send(false)}
            >
              {t('run')}
            </Button>
          </>
        )
      }
    >
      {result ? (
        <ReplayOutcome result={result} />
      ) : (
        <div className="flex flex-col gap-4">
          {masked ? (
            <Callout tone="info" icon={EyeOff}>
              {t('masked', { mark: hidden })}
            </Callout>
          ) : null}
          {edited.kind === 'body' ? (
            <Field label={t('body')} error={fault ? t(`fault.${fault}`) : undefined}>
              {(control) => (
                <Textarea
                  {...control}
                  spellCheck={false}
                  rows={Math.min(24, Math.max(10, edited.text.split('\n').length + 1))}
                  className="font-mono text-xs leading-5"
                  value={edited.text}
                  onChange={(e) => setEdited({ kind: 'body', text: e.target.value })}
                />
              )}
            </Field>
          ) : (
            <>
              <Parameters pairs={edited.pairs} onChange={(pairs) => setEdited({ kind: 'query', pairs })} />
              {fault ? <Callout tone="bad">{t(`fault.${fault}`)}</Callout> : null}
            </>
          )}
          {planned ? (
            <>
              <ReplayOutcome result={planned} dryRun />
              <Field label={t('note')}>
                {(control) => (
                  <Input {...control} maxLength={1000} value={note} onChange={(e) => setNote(e.target.value)} />
                )}
              </Field>
            </>
          ) : null}
          <FormError error={error} />
        </div>
      )}
    </Dialog>
  )
}

function Parameters({ pairs, onChange }: { pairs: [string, string][]; onChange: (pairs: [string, string][]) => void }) {
  const t = useTranslations('edit')
  const put = (at: number, pair: [string, string]) => onChange(pairs.map((old, index) => (index === at ? pair : old)))
  return (
    <fieldset>
      <legend className="mb-1.5 font-medium text-sm">{t('parameters')}</legend>
      <ul className="space-y-1.5">
        {pairs.map(([name, value], index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat while they are typed
          <li key={index} className="flex gap-1.5">
            <Input
              aria-label={t('name')}
              className="w-2/5 font-mono text-xs"
              value={name}
              onChange={(e) => put(index, [e.target.value, value])}
            />
            <Input
              aria-label={t('value', { name })}
              className="font-mono text-xs"
              value={value}
              onChange={(e) => put(index, [name, e.target.value])}
            />
            <IconButton
              label={t('remove', { name })}
              quiet
              onClick={() => onChange(pairs.filter((_, at) => at !== index))}
            >
              <Trash2 aria-hidden />
            </IconButton>
          </li>
        ))}
      </ul>
      <Button size="sm" variant="ghost" className="mt-2" onClick={() => onChange([...pairs, ['', '']])}>
        <Plus aria-hidden />
        {t('add')}
      </Button>
    </fieldset>
  )
}
