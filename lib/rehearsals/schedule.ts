import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { begun, closeInterrupted, fire, firingOf } from './run'

const usual = ['07:30', '15:30']

export const scheduleSchema = z.strictObject({
  enabled: z.boolean(),
  times: z
    .array(z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 07:30'))
    .min(1, 'name at least one time')
    .max(12)
    .transform((times) => [...new Set(times)].sort())
    .describe('Beijing time'),
})
export type Schedule = z.output<typeof scheduleSchema>

/** When the scheduled cases run: before the marketplace's own probes of the morning and the afternoon, unless changed. */
export async function getSchedule({ ctx }: { ctx: Context }): Promise<Schedule> {
  requireRole(ctx, 'viewer')
  return schedule()
}

async function schedule(): Promise<Schedule> {
  const stored = await prisma().setting.findUnique({ where: { key: 'rehearsals' } })
  return stored ? scheduleSchema.parse(stored.value) : { enabled: true, times: usual }
}

/** Administrators only; audited. */
export async function changeSchedule({ ctx, input }: { ctx: Context; input: unknown }): Promise<Schedule> {
  requireRole(ctx, 'admin')
  const value = parseInput(scheduleSchema, input)
  await prisma().$transaction(async (tx) => {
    await tx.setting.upsert({ where: { key: 'rehearsals' }, create: { key: 'rehearsals', value }, update: { value } })
    await recordAudit(tx, ctx, { action: 'rehearsal.schedule', subject: 'rehearsal', data: value })
  })
  return value
}

const BEIJING_MS = 8 * 3_600_000
const DAY_MS = 86_400_000
/** A slot that was missed by more, because the desk was down, is left out. */
const LATE_MS = 60 * 60_000

/** The newest slot at `now` that is still worth running: `2026-11-21 07:30` in Beijing, or null. */
export function dueSlot(times: string[], now: number): string | null {
  const day = Math.floor((now + BEIJING_MS) / DAY_MS) * DAY_MS - BEIJING_MS
  const slots = [day - DAY_MS, day].flatMap((start) =>
    times.map((text) => {
      const [hour = 0, minute = 0] = text.split(':').map(Number)
      return start + (hour * 60 + minute) * 60_000
    }),
  )
  const due = slots.filter((at) => at <= now && now - at < LATE_MS).sort((a, b) => b - a)[0]
  if (due === undefined) return null
  return new Date(due + BEIJING_MS).toISOString().slice(0, 16).replace('T', ' ')
}

const order = ['newInstance', 'queryInstance', 'refreshInstance']

/**
 * Runs every scheduled case whose time has come and that did not run for it, once over all processes; of a product the
 * purchase first, whose instance the others speak of.
 */
export async function runDueRehearsals(now = Date.now(), signal?: AbortSignal): Promise<number> {
  await closeInterrupted(Date.now())
  const { enabled, times } = await schedule()
  const slot = enabled ? dueSlot(times, now) : null
  if (!slot) return 0
  const cases = await prisma().rehearsalCase.findMany({
    where: { scheduled: true, runs: { none: { slot } } },
    orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
  })
  const place = (activity: string) => (order.indexOf(activity) + order.length + 1) % (order.length + 1)
  cases.sort((a, b) => place(a.activity) - place(b.activity))
  const opened = new Map<string | null, string>()
  let ran = 0
  for (const one of cases) {
    if (signal?.aborted) break
    const firing = firingOf(one)
    const id = newId()
    const { count } = await prisma().rehearsalRun.createMany({
      data: [{ id, ...begun(firing, 'system', slot) }],
      skipDuplicates: true,
    })
    if (count === 0) continue
    ran += 1
    const instanceId = await fire(id, firing, opened.get(firing.productRef) ?? null)
    if (instanceId && firing.activity === 'newInstance') opened.set(firing.productRef, instanceId)
  }
  return ran
}
