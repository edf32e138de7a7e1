'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { UsageRecordItem } from '@/lib/usage/queries'
import type { RecordFault } from '@/lib/usage/types'
import { ApiError, api, fieldError } from '../api'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, Input } from '../ui/field'
import { toast } from '../ui/toast'
import { fieldLabels, Rejection, useFaultText } from './words'

const fields = ['meteringSn', 'instanceId', 'beginAt', 'endAt', 'value', 'relatedPackageInstanceId'] as const
/** One record by hand: a new one, or a rejected one to be corrected and queued again. */
export function RecordDialog({ record, onClose }: { record?: UsageRecordItem; onClose: () => void }) {
  const t = useTranslations('usage')
  const common = useTranslations('common')
  const faultText = useFaultText()
  const client = useQueryClient()
  const [values, setValues] = useState<Record<(typeof fields)[number], string>>({
    meteringSn: record?.meteringSn ?? crypto.randomUUID(),
    instanceId: record?.instanceId ?? '',
    beginAt: record?.beginAt ?? '',
    endAt: record?.endAt ?? '',
    value: record?.value ?? '',
    relatedPackageInstanceId: record?.relatedPackageInstanceId ?? '',
  })
  const [fault, setFault] = useState<RecordFault | null>(null)
  const [error, setError] = useState<unknown>(null)
  const [busy, setBusy] = useState(false)
  const save = async () => {
    setBusy(true)
    setFault(null)
    setError(null)
    const { relatedPackageInstanceId, meteringSn, ...given } = values
    const related = relatedPackageInstanceId.trim() || null
    try {
      if (record) {
        await api(`/usage-records/${record.id}/mend`, {
          method: 'POST',
          json: { ...given, relatedPackageInstanceId: related },
        })
        toast.success(t('mended'))
      } else {
        const json = { records: [{ ...given, meteringSn, ...(related && { relatedPackageInstanceId: related }) }] }
        const { results } = await api<{ results: { error?: RecordFault }[] }>('/usage-records', {
          method: 'POST',
          json,
        })
        const refused = results[0]?.error
        if (refused) {
          setFault(refused)
          setBusy(false)
          return
        }
        toast.success(t('added'))
      }
      await client.invalidateQueries()
      onClose()
    } catch (thrown) {
      const facts = thrown instanceof ApiError ? thrown.problem.details : undefined
      if (thrown instanceof ApiError && facts?.rule) {
        setFault({ ...(facts as unknown as RecordFault), field: thrown.field ?? '', message: thrown.detail })
      } else setError(thrown)
    }
    setBusy(false)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={record ? t('mendTitle') : t('manualTitle')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {record ? t('requeue') : t('add')}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault()
          save()
        }}
      >
        {record ? <Rejection code={record.code} message={record.message} /> : null}
        <FormError error={error} fields={[...fields]} />
        {fields.map((field) => (
          <Field
            key={field}
            label={
              field === 'relatedPackageInstanceId'
                ? common('optional', { label: t(fieldLabels[field]) })
                : t(fieldLabels[field])
            }
            error={fault?.field === field ? faultText(fault) : fieldError(error, field)}
          >
            {(control) => (
              <Input
                {...control}
                value={values[field]}
                disabled={record !== undefined && field === 'meteringSn'}
                placeholder={field === 'beginAt' || field === 'endAt' ? '2026-01-31T16:00:00Z' : undefined}
                onChange={(event) => setValues({ ...values, [field]: event.target.value })}
              />
            )}
          </Field>
        ))}
        <button type="submit" hidden />
      </form>
    </Dialog>
  )
}
