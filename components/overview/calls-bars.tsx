'use client'

import { useRouter } from 'next/navigation'
import { Bar, CartesianGrid, ComposedChart, Legend, Line, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useLocale, useTranslations } from 'use-intl'
import type { CallHour } from '../types'
import { axisLook, tooltipLook } from '../ui/chart-look'
import { formatTime } from '../ui/time'
import { callsOf, outcomes, times } from './hours'

/** Stacked bars with the answer times above them. */
export function CallsBars({ items }: { items: CallHour[] }) {
  const t = useTranslations('overview')
  const say = useTranslations('words.outcome')
  const locale = useLocale()
  const router = useRouter()
  const hour = (at: unknown) => formatTime(String(at), locale, 'hour', 0)
  return (
    <div className="h-48" aria-hidden>
      <ResponsiveContainer width="100%" height="100%">
        <ComposedChart data={items} margin={{ top: 4, right: 12, bottom: 0, left: -20 }} accessibilityLayer={false}>
          <CartesianGrid vertical={false} stroke="var(--color-line)" />
          <XAxis dataKey="at" tickFormatter={hour} {...axisLook} minTickGap={24} />
          <YAxis yAxisId="calls" allowDecimals={false} {...axisLook} />
          <YAxis yAxisId="ms" orientation="right" unit=" ms" {...axisLook} />
          <Tooltip labelFormatter={hour} {...tooltipLook} />
          <Legend iconSize={12} itemSorter={null} wrapperStyle={{ fontSize: 12 }} />
          {outcomes.map(([outcome, color]) => (
            <Bar
              key={outcome}
              dataKey={outcome}
              name={say(outcome)}
              yAxisId="calls"
              stackId="calls"
              fill={color}
              legendType="square"
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
              legendType="plainline"
              dot={{ r: 2 }}
              isAnimationActive={false}
            />
          ))}
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  )
}
