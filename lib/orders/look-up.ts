import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog, refreshCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import type { OrderErrorFamily, OrderQueryError } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { fetchOrder, type KnownOrder } from './client'
import { findOrder, saveOrder } from './store'
import { orderViewSchema, viewOrder } from './view'

const id = z
  .string()
  .trim()
  .regex(/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')

export const lookUpOrderSchema = z.strictObject({
  orderId: id,
  orderLineId: id.optional(),
  /** asks the marketplace also when the order is stored */
  refresh: z.boolean().default(false),
})

export const lookedUpOrderSchema = orderViewSchema.extend({
  /** why the stored order is shown although a fresh one was asked for */
  refreshError: z.string().optional(),
})
export type LookedUpOrder = z.infer<typeof lookedUpOrderSchema>

const TIMEOUT_MS = 10_000

/**
 * An order, stored or fresh from the marketplace, with the buyer's phone and mail masked. Viewers see what is stored and
 * may ask for what is not; `refresh` needs an operator. What the marketplace was asked is audited. Throws 'not-found'
 * when the order is not ours, 'unavailable' with the reason when the marketplace does not tell and nothing is stored.
 */
export async function lookUpOrder({ ctx, input }: { ctx: Context; input: unknown }): Promise<LookedUpOrder> {
  requireRole(ctx, 'viewer')
  const { orderId, orderLineId, refresh } = parseInput(lookUpOrderSchema, input)
  if (refresh) requireRole(ctx, 'operator')
  const stored = await findOrder(orderId)
  if (stored && !refresh && (!orderLineId || hasLine(stored, orderLineId))) return view(stored, orderLineId)

  // The AK/SK may have been added a moment ago.
  await refreshCatalog()
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs: TIMEOUT_MS })
  if (fetched.ok) {
    await prisma().$transaction(async (tx) => {
      await saveOrder(tx, fetched.value)
      const data = { orderLineId: orderLineId ?? null, refresh }
      await recordAudit(tx, ctx, { action: 'order.look-up', subject: 'order', target: orderId, data })
    })
    return view((await findOrder(orderId)) ?? fetched.value, orderLineId)
  }
  if (!stored) throw explain(fetched.error)
  return { ...(await view(stored, orderLineId)), refreshError: sentence(fetched.error) }
}

function hasLine(order: KnownOrder, orderLineId: string): boolean {
  return order.lines.some((line) => line.orderLineId === orderLineId)
}

async function view(order: KnownOrder, orderLineId?: string): Promise<LookedUpOrder> {
  if (orderLineId && !hasLine(order, orderLineId)) {
    throw new DeskError('not-found', `Order ${order.orderId} has no line ${orderLineId}.`, { field: 'orderLineId' })
  }
  const config = await catalog()
  const bought = order.lines.flatMap((line) => line.products)
  const product = bought.map(({ productId, skuCode }) => config.find(productId, skuCode)).find(Boolean)
  const timeZone = (product ?? config.defaultProduct)?.timeZone ?? 'UTC'
  const shown = viewOrder(order, { timeZone, masked: true })
  return orderLineId ? { ...shown, lines: shown.lines.filter((line) => line.orderLineId === orderLineId) } : shown
}

function explain(error: OrderQueryError): DeskError {
  const { family, code, status } = error
  const kind = family === 'not-found-or-not-yours' ? 'not-found' : 'unavailable'
  return new DeskError(kind, sentence(error), { details: { family, code, status } })
}

const causes: Record<OrderErrorFamily, string> = {
  auth: 'The marketplace did not accept any AK/SK; check them under Settings, Credentials',
  'clock-skew': 'The marketplace refused the question because the clock of this machine is wrong',
  'not-found-or-not-yours': 'The marketplace does not show this order to this seller',
  invalid: 'The marketplace refused the question',
  'rate-limited': 'The marketplace wants to be asked less often; try again in a minute',
  marketplace: 'The marketplace has an internal error; try again later',
  gateway: 'The marketplace cannot be reached',
  unreadable: 'The marketplace answered something that cannot be read',
}

function sentence({ family, code, message, skewMs }: OrderQueryError): string {
  const skew = skewMs === undefined ? '' : ` by ${Math.round(Math.abs(skewMs) / 60_000)} minutes`
  const told = [code, message].filter(Boolean).join(' ').replace(/\.$/, '')
  return `${causes[family]}${skew}${told ? ` (${told})` : ''}.`
}
