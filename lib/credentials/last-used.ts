import { prisma } from '@/lib/db/client'
import { once } from '@/lib/db/once'
import { log } from '@/lib/log'

const everyMs = 30_000
const state = () =>
  once('credentials-used', () => ({ at: new Map<string, Date>(), timer: null as NodeJS.Timeout | null }))

/** Remembers that a credential just fitted a call; written at most every 30 s. Costs nothing on the way of a call. */
export function noteUsed(id: string): void {
  const { at, timer } = state()
  at.set(id, new Date())
  if (!timer) state().timer = setTimeout(() => void flushUsed(), everyMs).unref()
}

/** Writes what was remembered; the stop of the process calls it. Never throws: what could not be written is kept. */
export async function flushUsed(): Promise<void> {
  const pending = state()
  if (pending.timer) clearTimeout(pending.timer)
  pending.timer = null
  const used = [...pending.at]
  pending.at.clear()
  try {
    for (const [id, lastUsedAt] of used) {
      await prisma().credential.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: lastUsedAt } }] },
        data: { lastUsedAt },
      })
    }
  } catch (error) {
    log.warn({ err: error }, 'the last use of credentials was not written')
    for (const [id, lastUsedAt] of used) if (!pending.at.has(id)) pending.at.set(id, lastUsedAt)
  }
}
