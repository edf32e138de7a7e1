'use client'

import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { Bar, CartesianGrid, ComposedChart, Legend, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useLocale, useTranslations } from 'use-intl'
import type { CallHour } from '../types'
import { formatTime } from '../ui/time'

const outcomes = [
  ['succeeded', 'var(--color-ok)'],
  ['processing', 'var(--color-info)'],
  ['failed', 'var(--color-bad)'],
  ['rejected', 'var(--color-warn)'],
] as const

const times = [
  ['p50', '4 3'],
  ['p99', '0'],
] as const

const tick = { fill: 'var(--color-faint)', fontSize: 11 }

/** The calls of an hour with an outcome, as a page. */
function callsOf({ at }: CallHour, outcome: string): string {
  const to = new Date(new Date(at).getTime() + 3_600_000).toISOString()
  return `/calls?${new URLSearchParams({ view: 'calls', source: 'marketplace', outcome, range: 'custom', from: at, to })}`
}

/** Stacked bars, and a table of the same figures for the keyboard and for who does not see them. */
export function CallsBars({ items }: { items: CallHour[] }) {
  const t = useTranslations('overview')
  const say = useTranslations('words.outcome')
  const locale = useLocale()
  const router = useRouter()
  const hour = (at: unknown) => formatTime(String(at), locale, 'hour', 0)
  return (
    <>
      <div className="h-48" aria-hidden>
        <ResponsiveContainer width="100%" height="100%">
          <ComposedChart data={items} margin={{ top: 4, right: -8, bottom: 0, left: -20 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--color-line)" />
            <XAxis dataKey="at" tickFormatter={hour} tick={tick} tickLine={false} axisLine={false} minTickGap={24} />
            <YAxis yAxisId="calls" allowDecimals={false} tick={tick} tickLine={false} axisLine={false} />
            <YAxis yAxisId="ms" orientation="right" unit=" ms" tick={tick} tickLine={false} axisLine={false} />
            <Tooltip
              labelFormatter={hour}
              cursor={{ fill: 'var(--color-hover)' }}
              contentStyle={{
                background: 'var(--color-raised)',
                border: '1px solid var(--color-line)',
                borderRadius: 6,
                color: 'var(--color-ink)',
                fontSize: 12,
              }}
            />
            <Legend iconType="square" iconSize={8} wrapperStyle={{ fontSize: 12 }} />
            {outcomes.map(([outcome, color]) => (
              <Bar
                key={outcome}
                dataKey={outcome}
                name={say(outcome)}
                yAxisId="calls"
                stackId="calls"
                fill={color}
                isAnimationActive={false}
                cursor="pointer"
                onClick={({ payload }) => payload && router.push(callsOf(payload as CallHour, outcome))}
              />
            ))}
            {times.map(([name, dash]) => (
              <Line
                key={name}
                dataKey={`${name}Ms`}
                name={t(name)}
                yAxisId="ms"
                stroke="var(--color-accent)"
                strokeDasharray={dash}
                strokeWidth={1.5}
                dot={{ r: 2 }}
                isAnimationActive={false}
              />
            ))}
          </ComposedChart>
        </ResponsiveContainer>
      </div>
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
                      <Link
                        href={callsOf(item, outcome)}
                        prefetch={false}
                        className="rounded-sm text-accent underline underline-offset-2"
                      >
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
    </>
  )
}
