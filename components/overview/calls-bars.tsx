'use client'

import { Bar, BarChart, CartesianGrid, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useLocale, useTranslations } from 'use-intl'
import type { CallHour } from '../types'
import { formatTime } from '../ui/time'

const outcomes = [
  ['succeeded', 'var(--color-ok)'],
  ['processing', 'var(--color-info)'],
  ['failed', 'var(--color-bad)'],
  ['rejected', 'var(--color-warn)'],
] as const

const tick = { fill: 'var(--color-faint)', fontSize: 11 }

/** Stacked bars; a table of the same figures is there for who does not see them. */
export function CallsBars({ items }: { items: CallHour[] }) {
  const t = useTranslations('overview')
  const say = useTranslations('words.outcome')
  const locale = useLocale()
  const hour = (at: unknown) => formatTime(String(at), locale, 'hour', 0)
  return (
    <>
      <div className="h-48" aria-hidden>
        <ResponsiveContainer width="100%" height="100%">
          <BarChart data={items} margin={{ top: 4, right: 4, bottom: 0, left: -20 }} accessibilityLayer={false}>
            <CartesianGrid vertical={false} stroke="var(--color-line)" />
            <XAxis dataKey="at" tickFormatter={hour} tick={tick} tickLine={false} axisLine={false} minTickGap={24} />
            <YAxis allowDecimals={false} tick={tick} tickLine={false} axisLine={false} />
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
                stackId="calls"
                fill={color}
                isAnimationActive={false}
              />
            ))}
          </BarChart>
        </ResponsiveContainer>
      </div>
      <table className="sr-only">
        <caption>{t('perHour')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('hour')}</th>
            {outcomes.map(([outcome]) => (
              <th key={outcome} scope="col">
                {say(outcome)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.at}>
              <th scope="row">{hour(item.at)}</th>
              {outcomes.map(([outcome]) => (
                <td key={outcome}>{item[outcome]}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
