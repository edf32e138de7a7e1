'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useTranslations } from 'use-intl'
import { api, errorText } from '../api'
import { useBlocked } from '../shell/user'
import { Labelled, Switch } from '../ui/ticks'
import { toast } from '../ui/toast'

/** Whether the desk queries active codes by itself; administrators change it. */
export function DailyQuery() {
  const t = useTranslations('license')
  const e = useTranslations('errors')
  const blocked = useBlocked('admin')
  const client = useQueryClient()
  const settings = useQuery({
    queryKey: ['/license-settings'],
    queryFn: ({ signal }) => api<{ sweep: boolean }>('/license-settings', { signal }),
  })
  const put = async (sweep: boolean) => {
    try {
      await api('/license-settings', { method: 'PUT', json: { sweep } })
      await client.invalidateQueries({ queryKey: ['/license-settings'] })
      toast.success(sweep ? t('sweepOn') : t('sweepOff'))
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
  }
  return (
    <span title={blocked ?? t('sweepHint')}>
      <Labelled label={t('sweep')}>
        <Switch
          checked={settings.data?.sweep ?? false}
          disabled={!settings.data || Boolean(blocked)}
          onCheckedChange={put}
        />
      </Labelled>
    </span>
  )
}
