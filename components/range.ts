export const ranges = ['1h', '24h', '7d', '30d', 'custom'] as const
export type Range = (typeof ranges)[number]

/** A span a list is narrowed to, as the address holds it; the ends are ISO 8601 and count for `custom` only. */
export type TimeRange = { range: Range | null; from: string | null; to: string | null }
export const anyTime: TimeRange = { range: null, from: null, to: null }

const hours: Record<Exclude<Range, 'custom'>, number> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 }

/**
 * The bounds of a chosen span as ISO 8601 UTC: presets end now and are open upwards, a custom span has the given ends.
 * Ends that are no times are left out.
 */
export function rangeBounds(
  range: Range | null,
  from: string | null,
  to: string | null,
  now: number,
): { from?: string; to?: string } {
  if (range === null) return {}
  if (range !== 'custom') return { from: new Date(now - hours[range] * 3_600_000).toISOString() }
  return { ...bound('from', from), ...bound('to', to) }
}

function bound(name: 'from' | 'to', value: string | null): { from?: string; to?: string } {
  const time = value === null ? Number.NaN : Date.parse(value)
  return Number.isNaN(time) ? {} : { [name]: new Date(time).toISOString() }
}

/** A moment as `<input type="datetime-local">` wants it: local time to the minute. */
export function localInput(at: string | number | null): string {
  if (at === null) return ''
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return ''
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

/** What such an input holds, as ISO 8601 UTC; null when it is empty or not a time. */
export function fromLocalInput(value: string): string | null {
  const time = Date.parse(value)
  return Number.isNaN(time) ? null : new Date(time).toISOString()
}
