'use client'

import { useLocale, useTranslations } from 'use-intl'
import type { CallHour } from '../types'
import { Link } from '../ui/link'
import { formatTime } from '../ui/time'

export const outcomes = [
  ['succeeded', 'var(--color-ok)'],
  ['processing', 'var(--color-info)'],
  ['failed', 'var(--color-bad)'],
  ['rejected', 'var(--color-warn)'],
] as const

export const times = [
  ['p50', '4 3'],
  ['p99', '0'],
] as const

/** The calls of an hour with an outcome, as a page. */
export function callsOf({ at }: CallHour, outcome: string): string {
  const to = new Date(new Date(at).getTime() + 3_600_000).toISOString()
  return `/calls?${new URLSearchParams({ view: 'calls', source: 'marketplace', outcome, range: 'custom', from: at, to })}`
}

/** The figures of the chart, for the keyboard and for who does not see it. */
export function HoursTable({ items }: { items: CallHour[] }) {
  const t = useTranslations('overview')
  const say = useTranslations('words.outcome')
  const locale = useLocale()
  const hour = (at: string) => formatTime(at, locale, 'hour', 0)
  return (
    <details className="mt-2 text-xs">
      <summary className="w-fit cursor-pointer rounded-sm text-accent">{t('asTable')}</summary>
      <table className="mt-2 w-full text-right">
        <caption className="sr-only">{t('perHour')}</caption>
        <thead className="text-faint">
          <tr>
            <th scope="col" className="text-left font-medium">
              {t('hour')}
            </th>
            {outcomes.map(([outcome]) => (
              <th key={outcome} scope="col" className="py-1 pl-2 font-medium">
                {say(outcome)}
              </th>
            ))}
            {times.map(([name]) => (
              <th key={name} scope="col" className="hidden py-1 pl-2 font-medium sm:table-cell">
                {t(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.at} className="[&>*]:border-line [&>*]:border-t">
              <th scope="row" className="py-1 text-left font-normal">
                {hour(item.at)}
              </th>
              {outcomes.map(([outcome]) => (
                <td key={outcome}>
                  {item[outcome] > 0 ? (
                    <Link href={callsOf(item, outcome)} className="rounded-sm text-accent underline underline-offset-2">
                      {item[outcome]}
                    </Link>
                  ) : (
                    0
                  )}
                </td>
              ))}
              {times.map(([name]) => (
                <td key={name} className="hidden sm:table-cell">
                  {item[`${name}Ms`] ?? '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
