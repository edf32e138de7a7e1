'use client'

import { CircleCheck, CircleDashed, CircleX } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { Badge } from '../ui/badge'

export function Verdict({ good }: { good: boolean | null }) {
  const t = useTranslations('rehearsals')
  if (good === null)
    return (
      <Badge tone="info" icon={CircleDashed}>
        {t('running')}
      </Badge>
    )
  return (
    <Badge tone={good ? 'ok' : 'bad'} icon={good ? CircleCheck : CircleX}>
      {t(good ? 'passed' : 'failed')}
    </Badge>
  )
}
