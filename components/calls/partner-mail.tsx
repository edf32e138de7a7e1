'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ClipboardCopy, Send } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import { useDesk } from '../shell/desk'
import type { Message, PartnerMail } from '../types'
import { Button } from '../ui/button'
import { copyText } from '../ui/copy'
import { Dialog } from '../ui/dialog'
import { Callout, ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Input, Textarea } from '../ui/field'
import { toast } from '../ui/toast'

/** The mail that asks the marketplace to take note; both languages are written before anything leaves. */
export function PartnerMailDialog({ message, onClose }: { message: Message; onClose: () => void }) {
  const t = useTranslations('mail')
  const draft = useQuery({
    queryKey: ['/messages', message.id, 'partner-mail'],
    queryFn: ({ signal }) => api<PartnerMail>(`/messages/${message.id}/partner-mail`, { signal }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  })
  if (draft.data) return <Composer message={message} draft={draft.data} onClose={onClose} />
  return (
    <Dialog open onOpenChange={onClose} size="xl" title={t('title')} description={t('lead')}>
      {draft.isError ? <ErrorState error={draft.error} onRetry={() => draft.refetch()} /> : <SkeletonRows rows={6} />}
    </Dialog>
  )
}

const fields = ['to', 'subject', 'zh', 'en']

function Composer({ message, draft, onClose }: { message: Message; draft: PartnerMail; onClose: () => void }) {
  const t = useTranslations('mail')
  const common = useTranslations('common')
  const client = useQueryClient()
  const desk = useDesk()
  const [mail, setMail] = useState(draft)
  const [busy, setBusy] = useState<'send' | 'copy' | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [refused, setRefused] = useState<string | null>(null)
  const canSend = desk.data?.mailConfigured ?? false

  const record = async (send: boolean) => {
    setBusy(send ? 'send' : 'copy')
    setError(null)
    setRefused(null)
    try {
      if (!send && !(await copyText(`${mail.subject}\n\n${mail.zh}\n\n----\n\n${mail.en}`))) {
        toast.error(common('copyFailed'))
        setBusy(null)
        return
      }
      const answer = await api<{ state: string; error?: string }>(`/messages/${message.id}/notices`, {
        method: 'POST',
        json: { ...mail, send },
      })
      await client.invalidateQueries({ queryKey: ['/messages'], refetchType: 'active' })
      if (answer.state === 'failed') {
        setRefused(answer.error ?? '')
        setBusy(null)
        return
      }
      toast.success(send ? t('sent') : t('copied'), { description: send ? mail.to : t('copiedHint', { to: mail.to }) })
      onClose()
    } catch (fault) {
      setError(fault)
      setBusy(null)
    }
  }
  const put = (member: keyof PartnerMail) => (event: { target: { value: string } }) =>
    setMail({ ...mail, [member]: event.target.value })

  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="xl"
      title={t('title')}
      description={t('lead')}
      footer={
        <>
          {canSend ? null : <p className="mr-auto text-faint text-xs">{t('noSmtp')}</p>}
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant={canSend ? 'secondary' : 'primary'}
            loading={busy === 'copy'}
            disabled={busy !== null}
            onClick={() => record(false)}
          >
            <ClipboardCopy aria-hidden />
            {t('copy')}
          </Button>
          {canSend ? (
            <Button variant="primary" loading={busy === 'send'} disabled={busy !== null} onClick={() => record(true)}>
              <Send aria-hidden />
              {t('send')}
            </Button>
          ) : null}
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {message.test ? <Callout tone="warn">{t('testWarning')}</Callout> : null}
        {refused === null ? null : <Callout tone="bad">{t('refused', { error: refused })}</Callout>}
        <FormError error={error} fields={fields} />
        <div className="grid gap-4 md:grid-cols-[16rem_1fr]">
          <Field label={t('to')} error={fieldError(error, 'to')}>
            {(control) => <Input {...control} type="email" value={mail.to} onChange={put('to')} />}
          </Field>
          <Field label={t('subject')} error={fieldError(error, 'subject')}>
            {(control) => <Input {...control} maxLength={200} value={mail.subject} onChange={put('subject')} />}
          </Field>
        </div>
        <div className="grid gap-4 md:grid-cols-2">
          <Field label={t('zh')} error={fieldError(error, 'zh')}>
            {(control) => <Textarea {...control} lang="zh-CN" rows={16} value={mail.zh} onChange={put('zh')} />}
          </Field>
          <Field label={t('en')} error={fieldError(error, 'en')}>
            {(control) => <Textarea {...control} lang="en" rows={16} value={mail.en} onChange={put('en')} />}
          </Field>
        </div>
      </div>
    </Dialog>
  )
}
