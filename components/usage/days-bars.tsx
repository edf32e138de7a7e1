'use client'

import { Area, Bar, CartesianGrid, ComposedChart, Legend, ResponsiveContainer, Tooltip, XAxis, YAxis } from 'recharts'
import { useTranslations } from 'use-intl'
import { axisLook, tooltipLook } from '../ui/chart-look'

type Day = { day: number; value: string | null; before: string | null }

const number = (text: string | null) => (text === null ? null : Number(text))

/** A month's use by day, the month before as a ghost; a table of the same figures is there for who does not see them. */
export function DaysBars({ items, month }: { items: Day[]; month: string }) {
  const t = useTranslations('usage')
  const data = items.map(({ day, value, before }) => ({ day, value: number(value), before: number(before) }))
  return (
    <>
      <div className="relative h-48" aria-hidden>
        {/* Outside the flow: a chart that was drawn wide must not keep its card from getting narrow. */}
        <div className="absolute inset-0">
          <ResponsiveContainer width="100%" height="100%">
            <ComposedChart data={data} margin={{ top: 4, right: 4, bottom: 0, left: 0 }} accessibilityLayer={false}>
              <CartesianGrid vertical={false} stroke="var(--color-line)" />
              <XAxis dataKey="day" {...axisLook} minTickGap={16} />
              <YAxis {...axisLook} width={48} />
              <Tooltip {...tooltipLook} />
              <Legend iconType="square" iconSize={8} wrapperStyle={{ fontSize: 12, left: 0, width: '100%' }} />
              <Area
                dataKey="before"
                name={t('lastMonth')}
                fill="var(--color-idle-soft)"
                stroke="var(--color-faint)"
                strokeDasharray="3 3"
                isAnimationActive={false}
              />
              <Bar
                dataKey="value"
                name={t('thisMonth', { month })}
                fill="var(--color-accent-solid)"
                isAnimationActive={false}
              />
            </ComposedChart>
          </ResponsiveContainer>
        </div>
      </div>
      <div className="sr-only">
        <table>
          <caption>{t('chart')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('day')}</th>
              <th scope="col">{t('thisMonth', { month })}</th>
              <th scope="col">{t('lastMonth')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ day, value, before }) => (
              <tr key={day}>
                <th scope="row">{day}</th>
                <td>{value ?? '–'}</td>
                <td>{before ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  )
}
