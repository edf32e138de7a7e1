'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { Retention } from '../types'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { ConfirmDialog } from '../ui/dialog'
import { ErrorState, FormError, SkeletonRows } from '../ui/feedback'
import { Field, Input } from '../ui/field'
import { toast } from '../ui/toast'

const parts = ['payloadDays', 'rowDays'] as const

export function RetentionPage() {
  const t = useTranslations('retention')
  const retention = useQuery({
    queryKey: ['/retention'],
    queryFn: ({ signal }) => api<Retention>('/retention', { signal }),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <div className="flex max-w-2xl flex-col gap-4">
      <p className="text-sm text-soft">{t('lead')}</p>
      {retention.isPending ? (
        <SkeletonRows rows={2} />
      ) : retention.isError ? (
        <ErrorState error={retention.error} onRetry={() => retention.refetch()} />
      ) : (
        <RetentionForm retention={retention.data} />
      )}
    </div>
  )
}

function RetentionForm({ retention }: { retention: Retention }) {
  const t = useTranslations('retention')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [days, setDays] = useState({ payloadDays: String(retention.payloadDays), rowDays: String(retention.rowDays) })
  const [asking, setAsking] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const wanted = { payloadDays: Number(days.payloadDays), rowDays: Number(days.rowDays) }
  const changed = parts.some((part) => wanted[part] !== retention[part])
  const shorter = parts.some((part) => wanted[part] < retention[part])
  const save = async () => {
    setError(null)
    try {
      client.setQueryData(['/retention'], await api<Retention>('/retention', { method: 'PUT', json: wanted }))
      toast.success(t('saved'))
    } catch (fault) {
      setError(fault)
    }
  }
  return (
    <Card>
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          // What is deleted does not come back.
          if (shorter) setAsking(true)
          else void save()
        }}
      >
        <FormError error={error} fields={[...parts]} />
        {parts.map((part) => (
          <Field key={part} label={t(part)} hint={t(`${part}Hint`)} error={fieldError(error, part)}>
            {(control) => (
              <Input
                {...control}
                type="number"
                className="max-w-40"
                value={days[part]}
                onChange={(ev) => setDays({ ...days, [part]: ev.target.value })}
              />
            )}
          </Field>
        ))}
        <div className="flex justify-end">
          <Button type="submit" variant="primary" disabled={!changed}>
            {common('save')}
          </Button>
        </div>
      </form>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        danger
        title={t('askTitle')}
        confirmLabel={t('confirm')}
        onConfirm={save}
      >
        {t('ask')}
      </ConfirmDialog>
    </Card>
  )
}
