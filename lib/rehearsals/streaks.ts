import { z } from 'zod'
import { prisma } from '@/lib/db/client'
import { type Context, requireRole } from '@/lib/users/context'
import { probeStates } from './probes'

export const probeStreak = z
  .object({
    productRef: z.guid().nullable(),
    productName: z.string().nullable(),
    failingDays: z.int().describe('days in a row, up to the newest day with a probe; five freeze the product'),
    failing: z.boolean().describe('the newest probe failed'),
    lastAt: z.iso.datetime(),
    lastCode: z.string().nullable(),
    lastMessage: z.string().nullable(),
    activity: z.string(),
    rehearsed: z.boolean().describe("the newest was a rehearsal of the desk, not the marketplace's probe"),
  })
  .meta({ id: 'ProbeStreak' })

/** How probes and scheduled rehearsals went of late, by product; the worst first. */
export async function listStreaks({ ctx }: { ctx: Context }): Promise<z.output<typeof probeStreak>[]> {
  requireRole(ctx, 'viewer')
  const [states, products] = await Promise.all([
    probeStates(),
    prisma().product.findMany({ select: { id: true, name: true } }),
  ])
  const names = new Map(products.map(({ id, name }) => [id, name]))
  return states
    .map((state) => ({
      ...state,
      productName: state.productRef && (names.get(state.productRef) ?? null),
      lastAt: state.lastAt.toISOString(),
    }))
    .sort((a, b) => b.failingDays - a.failingDays || (a.lastAt < b.lastAt ? 1 : -1))
}
