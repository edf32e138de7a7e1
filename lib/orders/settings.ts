import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog, refreshCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'

export const orderSettings = z.strictObject({
  timeZone: z
    .enum(['UTC', 'Asia/Shanghai'])
    .nullable()
    .describe('how the 14-digit times of orders are read; null: as the product says, else UTC'),
})
type Settings = z.output<typeof orderSettings>

/** How orders are read. */
export async function getOrderSettings({ ctx }: { ctx: Context }): Promise<Settings> {
  requireRole(ctx, 'viewer')
  return { timeZone: (await catalog()).orderTimeZone }
}

/** Changes it, for orders shown from now on and for purchases to come. Administrators only; audited. */
export async function changeOrderSettings({ ctx, input }: { ctx: Context; input: unknown }): Promise<Settings> {
  requireRole(ctx, 'admin')
  const value = parseInput(orderSettings, input)
  await prisma().$transaction(async (tx) => {
    await tx.setting.upsert({ where: { key: 'orders' }, create: { key: 'orders', value }, update: { value } })
    await recordAudit(tx, ctx, { action: 'order.settings', subject: 'order', data: value })
  })
  // Whoever saved it reads orders with it from now on, not a second later.
  await refreshCatalog()
  return value
}
