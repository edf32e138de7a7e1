import type { UsageRhythm } from './types'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const BEIJING = 8 * HOUR

/**
 * The begin of the hour, or of the day in UTC+8, that is not complete yet: use that ends until then is due. Hourly
 * products push it in the first quarter of the next hour, daily ones after midnight. For monthly products: the hour.
 */
export function dueBefore(rhythm: UsageRhythm, now: Date): Date {
  const ms = now.getTime()
  return rhythm === 'daily'
    ? new Date(Math.floor((ms + BEIJING) / DAY) * DAY - BEIJING)
    : new Date(Math.floor(ms / HOUR) * HOUR)
}

/** Until when what is due at `now`, or next, has to be pushed: 2 hours after an hour, 01:00 UTC+8 after a day. */
export function deadlineOf(rhythm: UsageRhythm, now: Date): Date | null {
  if (rhythm === 'monthly') return null
  const due = dueBefore(rhythm, now).getTime()
  if (rhythm === 'hourly') return new Date(due + 2 * HOUR)
  const deadline = due + HOUR
  return new Date(deadline > now.getTime() ? deadline : deadline + DAY)
}

/** Use that ended until then should have been pushed by `now`: the hours and days whose deadline is over, of a month a day later. */
export function overdueBefore(rhythm: UsageRhythm, now: Date): Date {
  const ms = now.getTime()
  if (rhythm === 'hourly') return dueBefore('hourly', new Date(ms - 2 * HOUR))
  if (rhythm === 'daily') return dueBefore('daily', new Date(ms - HOUR))
  const there = new Date(ms - DAY + BEIJING)
  return new Date(Date.UTC(there.getUTCFullYear(), there.getUTCMonth(), 1) - BEIJING)
}
