import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import type { Context } from '@/lib/users/context'

/** Writes one audit entry inside the caller's transaction. `data` never holds a secret. */
export async function recordAudit(
  tx: RawTx,
  ctx: Context,
  entry: { action: string; subject: string; target?: string | null; data?: Record<string, unknown> },
): Promise<void> {
  const { action, subject, target = null, data = {} } = entry
  await tx.$executeRaw`
    INSERT INTO audit_entries (id, at, actor, via, action, subject, target, data)
    VALUES (${newId()}::uuid, ${new Date()}, ${ctx.actor.name}, ${ctx.actor.via}, ${action}, ${subject}, ${target},
      ${JSON.stringify(data)}::jsonb)`
}
