'use client'

import { BellRing } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useAlertText } from '../alerts/alert-text'
import type { Alert } from '../types'
import { Link } from '../ui/link'
import { Time } from '../ui/time'

const FEW = 4

/** What the staff were told about and still goes on. */
export function AlertsNow({ alerts }: { alerts: Alert[] }) {
  const t = useTranslations('overview')
  const say = useAlertText()
  const [all, setAll] = useState(false)
  return (
    <section aria-label={t('alerts')} className="rounded-lg border border-bad-line bg-bad-soft">
      <h2 className="flex items-center gap-2 px-4 pt-2.5 pb-1 font-semibold text-bad text-sm">
        <BellRing className="size-4" aria-hidden />
        {t('alertsNow', { count: alerts.length })}
      </h2>
      <ul className="pb-1.5">
        {alerts.slice(0, all ? undefined : FEW).map((alert) => (
          <li key={alert.id}>
            <Link
              href={alert.path}
              className="flex flex-wrap items-baseline justify-between gap-x-4 px-4 py-1 text-sm hover:underline"
            >
              <span className="min-w-0 break-words">
                <span className="font-medium">{say.title(alert)}</span>
                {say.about(alert) ? <span className="text-soft"> · {say.about(alert)}</span> : null}
              </span>
              <Time at={alert.firedAt} style="relative" className="text-soft text-xs" />
            </Link>
          </li>
        ))}
      </ul>
      {alerts.length > FEW && !all ? (
        <button
          type="button"
          className="mb-2 ml-4 rounded-sm text-accent text-xs hover:underline"
          onClick={() => setAll(true)}
        >
          {t('moreAlerts', { count: alerts.length - FEW })}
        </button>
      ) : null}
    </section>
  )
}
