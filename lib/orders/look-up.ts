import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog, refreshCatalog } from '@/lib/catalog'
import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type OrderErrorFamily, type OrderQueryError, orderErrorFamilies } from '@/lib/marketplace'
import { type Context, requireRole, systemContext } from '@/lib/users/context'
import { fetchOrder, type KnownOrder, marketplaceSkewMs } from './client'
import { findOrder, saveOrder } from './store'
import { orderViewSchema, viewOrder } from './view'
import { orderZone } from './zone'

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

/** Why the marketplace did not tell; `skewMs` is our clock minus its. */
const lookUpFailure = z.object({
  family: z.enum(orderErrorFamilies),
  status: z.int().describe('HTTP status; 0 when nobody answered'),
  code: z.string().nullable(),
  message: z.string(),
  skewMs: z.number().optional().describe('our clock minus the one of the marketplace'),
})

export const lookedUpOrderSchema = orderViewSchema.extend({
  /** why the stored order is shown although a fresh one was asked for */
  refreshError: z.string().optional(),
  refreshFailure: lookUpFailure.optional(),
  clockSkewMs: z
    .number()
    .optional()
    .describe('set when our clock is more than a minute off the one of the marketplace'),
})
export type LookedUpOrder = z.infer<typeof lookedUpOrderSchema>

const TIMEOUT_MS = 10_000
const SKEW_TOLD_MS = 60_000

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
  const failure = await askAndKeep({ ctx, orderId, orderLineId: orderLineId ?? null, refresh })
  const known = await findOrder(orderId)
  if (!failure && known) return { ...(await view(known, orderLineId)), ...toldSkew() }
  if (!failure || !stored) throw explain(failure ?? { family: 'unreadable', status: 0, code: null, message: '' })
  const told = { refreshError: sentence(failure), refreshFailure: failureOf(failure) }
  return { ...(await view(stored, orderLineId)), ...told }
}

/** Asks the marketplace and keeps what it says, for the desk itself. Throws when it does not tell, to be repeated. */
export async function keepOrder({ orderId, orderLineId }: { orderId: string; orderLineId: string | null }) {
  const failure = await askAndKeep({ ctx: systemContext, orderId, orderLineId, refresh: true, timeoutMs: 30_000 })
  if (failure) throw new Error(`order query: ${failure.message}`)
}

async function askAndKeep({
  ctx,
  orderId,
  orderLineId,
  refresh,
  timeoutMs = TIMEOUT_MS,
}: {
  ctx: Context
  orderId: string
  orderLineId: string | null
  refresh: boolean
  timeoutMs?: number
}): Promise<OrderQueryError | null> {
  const at = new Date()
  const fetched = await fetchOrder({ orderId, orderLineId, timeoutMs })
  const failure = fetched.ok ? null : fetched.error
  await prisma().$transaction(async (tx) => {
    const before = await toldSinceOf(tx, orderId)
    if (fetched.ok) await saveOrder(tx, fetched.value)
    const after = await toldSinceOf(tx, orderId)
    const same = before?.getTime() === after?.getTime()
    await tx.orderLookUp.create({
      data: {
        id: newId(),
        orderId,
        orderLineId,
        at,
        actor: ctx.actor.name,
        outcome: failure ? 'failed' : !before ? 'new' : same ? 'unchanged' : 'changed',
        family: failure?.family ?? null,
        status: failure?.status ?? null,
        code: failure?.code ?? null,
        message: failure?.message ?? null,
        skewMs: failure?.skewMs ?? toldSkew().clockSkewMs ?? null,
        durationMs: Date.now() - at.getTime(),
      },
    })
    if (ctx.actor.via === 'system') return
    const data = { orderLineId, refresh, ...(failure ? { failure: failure.family } : {}) }
    await recordAudit(tx, ctx, { action: 'order.look-up', subject: 'order', target: orderId, data })
  })
  return failure
}

async function toldSinceOf(tx: Tx, orderId: string): Promise<Date | undefined> {
  return (await tx.order.findUnique({ where: { orderId }, select: { toldSince: true } }))?.toldSince
}

function toldSkew(): { clockSkewMs?: number } {
  const skewMs = marketplaceSkewMs()
  return skewMs !== null && Math.abs(skewMs) > SKEW_TOLD_MS ? { clockSkewMs: Math.round(skewMs) } : {}
}

/** The buyer with phone and mail, of an order that is stored. Administrators only; audited. Throws 'not-found'. */
export async function revealBuyer({ ctx, input }: { ctx: Context; input: { orderId: string } }) {
  requireRole(ctx, 'admin')
  const order = await findOrder(input.orderId)
  if (!order?.buyer) throw new DeskError('not-found', `No buyer of an order ${input.orderId} is known.`)
  await prisma().$transaction((tx) =>
    recordAudit(tx, ctx, { action: 'order.reveal', subject: 'order', target: input.orderId }),
  )
  return { buyer: order.buyer }
}

function hasLine(order: KnownOrder, orderLineId: string): boolean {
  return order.lines.some((line) => line.orderLineId === orderLineId)
}

async function view(order: KnownOrder, orderLineId?: string): Promise<LookedUpOrder> {
  if (orderLineId && !hasLine(order, orderLineId)) {
    throw new DeskError('not-found', `Order ${order.orderId} has no line ${orderLineId}.`, { field: 'orderLineId' })
  }
  const timeZone = orderZone(order, await catalog())
  const shown = viewOrder(order, { timeZone, masked: true })
  return orderLineId ? { ...shown, lines: shown.lines.filter((line) => line.orderLineId === orderLineId) } : shown
}

function explain(error: OrderQueryError): DeskError {
  const { family } = error
  const kind = family === 'not-found-or-not-yours' ? 'not-found' : 'unavailable'
  return new DeskError(kind, sentence(error), { details: failureOf(error) })
}

function failureOf({ family, status, code, message, skewMs }: OrderQueryError) {
  return { family, status, code, message, ...(skewMs === undefined ? {} : { skewMs }) }
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
