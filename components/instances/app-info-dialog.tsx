'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { InstanceDetail } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { Field, Input, Textarea } from '../ui/field'
import { useSubmit } from '../use-action'

const members = ['frontEndUrl', 'adminUrl', 'userName', 'password', 'memo'] as const

/** What the buyer gets: entered by hand it finishes a waiting delivery, or replaces what was there. */
export function AppInfoDialog({ instance, onClose }: { instance: InstanceDetail; onClose: () => void }) {
  const t = useTranslations('instance')
  const common = useTranslations('common')
  const { submit, busy, error } = useSubmit(['/instances', '/desk', '/messages'], onClose)
  const known = instance.appInfo
  const first = instance.deliveryState !== 'delivered'
  const [info, setInfo] = useState({
    frontEndUrl: known?.frontEndUrl ?? '',
    adminUrl: known?.adminUrl ?? '',
    userName: known?.userName ?? '',
    password: '',
    memo: known?.memo ?? '',
  })
  const [tried, setTried] = useState(false)
  const urlFault = (url: string, needed: boolean) => {
    if (!tried) return undefined
    if (!url.trim()) return needed ? t('urlNeeded') : undefined
    return /^https?:\/\/\S+$/i.test(url.trim()) ? undefined : t('urlForm')
  }
  const faultOf = (member: (typeof members)[number]) => fieldError(error, `appInfo.${member}`)
  const save = async () => {
    setTried(true)
    const wellFormed = (url: string) => /^https?:\/\/\S+$/i.test(url.trim())
    if (!wellFormed(info.frontEndUrl) || (info.adminUrl.trim() && !wellFormed(info.adminUrl))) return
    const { password, ...rest } = info
    const json = { appInfo: password ? info : rest }
    await submit(
      () => api(`/instances/${encodeURIComponent(instance.instanceId)}`, { method: 'PATCH', json }),
      first ? t('delivered') : t('saved'),
    )
  }
  const put = (member: (typeof members)[number]) => (event: { target: { value: string } }) =>
    setInfo({ ...info, [member]: event.target.value })
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={known ? t('editAppInfo') : t('enterAppInfo')}
      description={first ? t('enterLead') : t('editLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {first ? t('finishDelivery') : common('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        {instance.state === 'frozen' ? <Callout tone="warn">{t('frozenHint')}</Callout> : null}
        <FormError error={error} fields={members.map((member) => `appInfo.${member}`)} />
        <Field label={t('frontEndUrl')} error={urlFault(info.frontEndUrl, true) ?? faultOf('frontEndUrl')}>
          {(control) => (
            <Input
              {...control}
              inputMode="url"
              maxLength={512}
              placeholder="https://"
              value={info.frontEndUrl}
              onChange={put('frontEndUrl')}
            />
          )}
        </Field>
        <Field
          label={common('optional', { label: t('adminUrl') })}
          error={urlFault(info.adminUrl, false) ?? faultOf('adminUrl')}
        >
          {(control) => (
            <Input
              {...control}
              inputMode="url"
              maxLength={512}
              placeholder="https://"
              value={info.adminUrl}
              onChange={put('adminUrl')}
            />
          )}
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label={common('optional', { label: t('userName') })} error={faultOf('userName')}>
            {(control) => (
              <Input {...control} autoComplete="off" maxLength={128} value={info.userName} onChange={put('userName')} />
            )}
          </Field>
          <Field
            label={common('optional', { label: t('password') })}
            hint={known ? t('passwordStays') : undefined}
            error={faultOf('password')}
          >
            {(control) => (
              <Input
                {...control}
                type="password"
                autoComplete="new-password"
                maxLength={128}
                value={info.password}
                onChange={put('password')}
              />
            )}
          </Field>
        </div>
        <Field label={common('optional', { label: t('memo') })} hint={t('memoHint')} error={faultOf('memo')}>
          {(control) => <Textarea {...control} rows={3} maxLength={1024} value={info.memo} onChange={put('memo')} />}
        </Field>
      </div>
    </Dialog>
  )
}
