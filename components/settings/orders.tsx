'use client'

import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import { Button } from '../ui/button'
import { ErrorState, SkeletonRows } from '../ui/feedback'
import { Field, Select } from '../ui/field'
import { useAction } from '../use-action'
import { Section } from './frame'

type OrderSettings = { timeZone: 'UTC' | 'Asia/Shanghai' | null }

/** How the times of orders are read: the documents do not say their zone. */
export function OrderSettingsPage() {
  const t = useTranslations('orders.settings')
  const common = useTranslations('common')
  const blocked = useBlocked('admin')
  const act = useAction('/order-settings', '/orders')
  const settings = useQuery({
    queryKey: ['/order-settings'],
    queryFn: ({ signal }) => api<OrderSettings>('/order-settings', { signal }),
  })
  const [chosen, setChosen] = useState<string | null>(null)
  const value = chosen ?? settings.data?.timeZone ?? ''
  return (
    <Section lead={t('lead')}>
      {settings.isPending ? (
        <SkeletonRows rows={1} />
      ) : settings.isError ? (
        <ErrorState error={settings.error} onRetry={() => settings.refetch()} />
      ) : (
        <form
          className="flex max-w-xl flex-col items-start gap-3 p-4"
          onSubmit={(event) => {
            event.preventDefault()
            act(() => api('/order-settings', { method: 'PUT', json: { timeZone: value || null } }), t('saved'))
          }}
        >
          <Field label={t('timeZone')} hint={t('timeZoneHint')} className="w-full">
            {(control) => (
              <Select
                {...control}
                value={value}
                disabled={blocked !== null}
                onChange={(event) => setChosen(event.target.value)}
                options={[
                  { value: '', label: t('asProduct') },
                  { value: 'UTC', label: 'UTC' },
                  { value: 'Asia/Shanghai', label: t('beijing') },
                ]}
              />
            )}
          </Field>
          <Button type={blocked ? 'button' : 'submit'} variant="primary" blocked={blocked}>
            {common('save')}
          </Button>
        </form>
      )}
    </Section>
  )
}
