import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'

/** The nodes of 服务监管 that the guides name; the marketplace tells none of them to the seller's software. */
export const supervisionStates = [
  'not-applicable',
  'buyer-submits',
  'seller-confirms',
  'in-service',
  'code-to-collect',
  'code-to-activate',
  'proof-to-upload',
  'marketplace-reviews',
  'buyer-accepts',
  'appealed',
  'completed',
] as const

export const supervisionNote = z
  .object({
    id: z.guid(),
    state: z.enum(supervisionStates),
    note: z.string().nullable(),
    actor: z.string(),
    at: z.iso.datetime(),
  })
  .meta({ id: 'SupervisionNote' })
type Note = z.output<typeof supervisionNote>

export const noteSupervisionSchema = z.strictObject({
  orderId: z.string().regex(/^[\w.-]{1,64}$/),
  state: z.enum(supervisionStates),
  note: z.string().trim().max(2000).optional(),
})

/** Notes where the service supervision of an order stands. Operators and above; audited. */
export async function noteSupervision({ ctx, input }: { ctx: Context; input: unknown }): Promise<Note> {
  requireRole(ctx, 'operator')
  const { orderId, state, note } = parseInput(noteSupervisionSchema, input)
  const row = { id: newId(), orderId, state, note: note || null, actor: ctx.actor.name, at: new Date() }
  await prisma().$transaction(async (tx) => {
    await tx.supervisionNote.create({ data: row })
    await recordAudit(tx, ctx, { action: 'order.supervision', subject: 'order', target: orderId, data: { state } })
  })
  return show(row)
}

/** Newest first; the first one counts. */
export async function supervisionOf(orderId: string): Promise<Note[]> {
  const rows = await prisma().supervisionNote.findMany({
    where: { orderId },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: 50,
  })
  return rows.map(show)
}

function show({ id, state, note, actor, at }: Omit<Note, 'at' | 'state'> & { at: Date; state: string }): Note {
  return { id, state: state as Note['state'], note, actor, at: at.toISOString() }
}
