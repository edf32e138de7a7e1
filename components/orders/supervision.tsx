'use client'

import { ClipboardPen } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, Select, Textarea } from '../ui/field'
import { Time } from '../ui/time'
import { useSubmit } from '../use-action'
import { type Dossier, supervisionStates } from './types'
import { useOrderWords } from './words'

export function Supervision({ orderId, notes }: { orderId: string; notes: Dossier['supervision'] }) {
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
  const { submit, error, busy } = useSubmit(['/orders'], onClose)
  const [state, setState] = useState(before ?? 'not-applicable')
  const [note, setNote] = useState('')
  const json = { state, ...(note.trim() ? { note: note.trim() } : {}) }
  const save = () =>
    submit(() => api(`/orders/${encodeURIComponent(orderId)}/supervision`, { method: 'POST', json }), t('noted'))
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
