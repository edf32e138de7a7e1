import { beijing14, DAY, HOUR, MINUTE, seeded } from './believable'

type Metered = { instanceId: string; openedAt: Date }

type UsageRecord = { meteringSn: string; instanceId: string; beginAt: string; endAt: string; value: string }

/** What the seller's collector reports after a day is over, and whether staff push what came in so far. */
export type UsageDay = { at: Date; records: UsageRecord[]; push: boolean }

/** The marketplace takes no record older than 21 days: a month is pushed in three parts. */
const PUSHED_ON = ['01', '11', '21']

/**
 * The last 50 days in Beijing of instances that are paid by use, oldest first. The collector forgot the fourth instance, and
 * two days of every fifth.
 */
export function usageDays(instances: Metered[], until: Date): UsageDay[] {
  const random = seeded(20_250_607)
  const levels = instances.map(() => random.int(40, 1600))
  const today = Math.floor((until.getTime() + 8 * HOUR) / DAY) * DAY - 8 * HOUR
  return Array.from({ length: 50 }, (_, index) => {
    const begin = new Date(today - (50 - index) * DAY)
    const end = new Date(begin.getTime() + DAY)
    const weekend = [6, 0].includes(new Date(begin.getTime() + 8 * HOUR).getUTCDay())
    const used = instances.map((_, at) =>
      Math.round((levels[at] ?? 0) * (weekend ? 4 : 10) * (0.7 + 0.6 * random.next())),
    )
    const records = instances.flatMap(({ instanceId, openedAt }, at) => {
      const forgotten = at === 3 || (at % 5 === 1 && (index === 41 || index === 42))
      if (forgotten || openedAt > begin) return []
      const meteringSn = `${instanceId.slice(-12)}-${beijing14(begin).slice(0, 8)}`
      return [
        { meteringSn, instanceId, beginAt: begin.toISOString(), endAt: end.toISOString(), value: String(used[at]) },
      ]
    })
    const at = new Date(end.getTime() + 90 * MINUTE)
    return { at, records, push: PUSHED_ON.includes(beijing14(at).slice(6, 8)) }
  }).filter(({ at }) => at < until)
}
