import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { usageApis, usageRhythms } from './types'

export const usageSettingsSchema = z.strictObject({
  api: z.enum(usageApis).describe('which interface of the marketplace takes the usage: new (signature), old (AK/SK)'),
  rhythm: z
    .enum(usageRhythms)
    .describe('hourly and daily push by themselves, monthly waits for a push somebody asks for'),
})
export type UsageSettings = z.output<typeof usageSettingsSchema>

/** Nothing is billed before somebody said how. */
export const defaultSettings: UsageSettings = { api: 'new', rhythm: 'monthly' }

/** What is set, by product of the desk; one without an entry has the default. */
export async function usageSettings(): Promise<Map<string, UsageSettings>> {
  const rows = await prisma().usageSetting.findMany()
  return new Map(rows.map(({ productRef, api, rhythm }) => [productRef, { api, rhythm } as UsageSettings]))
}

/** How the usage of a product is pushed from now on. Admins; audited. Errors: not-found. */
export async function setUsageSettings({
  ctx,
  productRef,
  input,
}: {
  ctx: Context
  productRef: string
  input: z.input<typeof usageSettingsSchema>
}): Promise<UsageSettings> {
  requireRole(ctx, 'admin')
  const settings = parseInput(usageSettingsSchema, input)
  await prisma().$transaction(async (tx) => {
    const product = await tx.product.findUnique({ where: { id: productRef }, select: { name: true } })
    if (!product) throw new DeskError('not-found', `There is no product ${productRef}.`)
    const data = { ...settings, updatedAt: new Date() }
    await tx.usageSetting.upsert({ where: { productRef }, create: { productRef, ...data }, update: data })
    // What waits already follows the new rhythm; a push that is under way keeps its own.
    const [from, to] = settings.rhythm === 'monthly' ? ['queued', 'draft'] : ['draft', 'queued']
    await tx.$executeRaw`UPDATE usage_records SET state = ${to}, changed_at = now()
      WHERE product_ref = ${productRef}::uuid AND state = ${from} AND push_id IS NULL`
    await recordAudit(tx, ctx, {
      action: 'usage.settings',
      subject: 'product',
      target: productRef,
      data: { name: product.name, ...settings },
    })
  })
  return settings
}
