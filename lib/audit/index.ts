import type { Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import type { Context } from '@/lib/users/context'

/** Writes one audit entry inside the caller's transaction. `data` never holds a secret. */
export async function recordAudit(
  tx: Tx,
  ctx: Context,
  entry: { action: string; subject: string; target?: string | null; data?: Record<string, unknown> },
): Promise<void> {
  await tx.auditEntry.create({
    data: {
      id: newId(),
      at: new Date(),
      actor: ctx.actor.name,
      via: ctx.actor.via,
      action: entry.action,
      subject: entry.subject,
      target: entry.target ?? null,
      data: (entry.data ?? {}) as object,
    },
  })
}
