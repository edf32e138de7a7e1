import { useTranslations } from 'use-intl'
import { Input } from '../ui/field'

/** yyyy-MM in UTC+8, the zone usage is billed in. */
export function thisMonth(): string {
  return new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 7)
}

export function MonthInput({ value, onChange }: { value: string; onChange: (month: string | null) => void }) {
  const t = useTranslations('usage')
  return (
    <Input
      type="month"
      aria-label={t('month')}
      title={t('month')}
      className="w-40"
      value={value}
      onChange={(event) => onChange(event.target.value || null)}
    />
  )
}
