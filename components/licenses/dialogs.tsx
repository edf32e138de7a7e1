'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { LicenseDetail } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, Input, Select, Textarea } from '../ui/field'
import { FileField } from '../ui/file'
import { useSubmit } from '../use-action'
import { useLicenseWords } from './words'

type Props = { license: LicenseDetail; onClose: () => void }

const lists = ['/licenses', '/desk', '/messages']

/** Issues a licence by hand: a text, or a file. */
export function IssueDialog({ license, onClose }: Props) {
  const t = useTranslations('license')
  const common = useTranslations('common')
  const { submit, busy, error } = useSubmit(lists, onClose)
  const [text, setText] = useState('')
  const [file, setFile] = useState<File | null>(null)
  const [tried, setTried] = useState(false)
  const online = license.kind === 'license-online'
  const missing = !file && text.trim() === ''
  const save = async () => {
    setTried(true)
    if (missing) return
    const form = new FormData()
    if (file) form.append('file', file)
    const content = file ? { form } : { json: { license: text } }
    await submit(() => api(`/licenses/${license.id}/issue`, { method: 'POST', ...content }), t('issued'))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('issue')}
      description={online ? t('issueOnlineLead') : t('issueLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {t('issueNow')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <FormError error={error} fields={['license', 'file']} />
        <Field
          label={t('text')}
          error={
            (tried && missing ? t('textNeeded') : undefined) ??
            fieldError(error, 'license') ??
            fieldError(error, 'file')
          }
        >
          {(control) => (
            <Textarea
              {...control}
              rows={6}
              spellCheck={false}
              autoComplete="off"
              maxLength={65_536}
              className="font-mono text-xs"
              disabled={file !== null}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <FileField
          title={file?.name ?? `${t('or')} ${t('file')}`}
          hint={t('fileHint')}
          onChoose={(chosen) => setFile(chosen ?? null)}
        />
      </div>
    </Dialog>
  )
}

const codes = {
  'license-id': ['000005', '000100', '000103', '000106'],
  'license-online': ['000005', '000900', '000901', '000902', '000903'],
  'license-code': ['000005'],
}

/** Denies a licence with what the marketplace is to be answered. */
export function DenyDialog({ license, onClose }: Props) {
  const t = useTranslations('license')
  const common = useTranslations('common')
  const words = useLicenseWords()
  const { submit, busy, error } = useSubmit(lists, onClose)
  const [code, setCode] = useState('000005')
  const [note, setNote] = useState('')
  const json = { code, ...(note.trim() ? { note: note.trim() } : {}) }
  const save = () => submit(() => api(`/licenses/${license.id}/deny`, { method: 'POST', json }), t('denied'))
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={t('denyTitle')}
      description={t('denyLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="danger" loading={busy} onClick={save}>
            {t('deny')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <FormError error={error} fields={['code', 'note']} />
        <Field label={t('denyCode')} error={fieldError(error, 'code')}>
          {(control) => (
            <Select
              {...control}
              value={code}
              onChange={(event) => setCode(event.target.value)}
              options={codes[license.kind].map((value) => ({ value, label: `${value} ${words.code(value)}` }))}
            />
          )}
        </Field>
        <Field label={common('optional', { label: t('denyNote') })} error={fieldError(error, 'note')}>
          {(control) => (
            <Input {...control} maxLength={255} value={note} onChange={(event) => setNote(event.target.value)} />
          )}
        </Field>
      </div>
    </Dialog>
  )
}
