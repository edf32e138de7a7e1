import { z } from 'zod'
import { catalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { orderErrorFamilies } from '@/lib/marketplace'
import { unseal } from '@/lib/secrets'
import type { KnownOrder } from './client'
import { type OrderView, viewOrder } from './view'
import { orderZone } from './zone'

const time = z.iso.datetime().describe('ISO 8601, UTC')

export const orderAnswer = z
  .object({
    since: time.describe('when the marketplace said so first'),
    until: time.describe('when it said so last'),
    changes: z
      .array(z.object({ path: z.string(), from: z.unknown(), to: z.unknown() }))
      .describe('against the answer before it; phone and mail masked'),
  })
  .meta({ id: 'OrderAnswer' })
type Answer = z.output<typeof orderAnswer>

export const orderLookUp = z
  .object({
    id: z.guid(),
    at: time,
    actor: z.string(),
    orderLineId: z.string().nullable(),
    outcome: z.enum(['new', 'changed', 'unchanged', 'failed']),
    family: z.enum(orderErrorFamilies).nullable(),
    status: z.int().nullable(),
    code: z.string().nullable(),
    message: z.string().nullable(),
    skewMs: z.int().nullable(),
    durationMs: z.int(),
  })
  .meta({ id: 'OrderLookUp' })

const KEPT = 50

/** What the marketplace told of an order over time, newest first, each with what was new in it. */
export async function answersOf(orderId: string): Promise<Answer[]> {
  const [current, earlier] = await Promise.all([
    prisma().order.findUnique({ where: { orderId } }),
    prisma().orderAnswer.findMany({ where: { orderId }, orderBy: { toldUntil: 'desc' }, take: KEPT }),
  ])
  if (!current) return []
  const config = await catalog()
  const read = (payload: Uint8Array, fetchedAt: Date) => {
    const order = { ...(JSON.parse(unseal(payload)) as KnownOrder), fetchedAt }
    return viewOrder(order, { timeZone: orderZone(order, config), masked: true })
  }
  const told = [{ ...current, toldUntil: current.fetchedAt }, ...earlier].map(({ payload, toldSince, toldUntil }) => ({
    view: read(payload, toldUntil),
    toldSince,
    toldUntil,
  }))
  return told.map(({ view, toldSince, toldUntil }, at) => {
    const before = told[at + 1]
    return {
      since: toldSince.toISOString(),
      until: toldUntil.toISOString(),
      changes: before ? changesOf(before.view, view) : [],
    }
  })
}

/** Members that differ, by path: `lines[CS1-000001].expiresAt`, `lines[CS1-000001].products[0].skuCode`. */
export function changesOf(before: OrderView, after: OrderView): Answer['changes'] {
  const [from, to] = [leavesOf(before), leavesOf(after)]
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((path) => path !== 'fetchedAt' && from.get(path) !== to.get(path))
    .map((path) => ({ path, from: from.get(path) ?? null, to: to.get(path) ?? null }))
}

function leavesOf(value: unknown, path = '', found = new Map<string, unknown>()): Map<string, unknown> {
  if (Array.isArray(value)) {
    value.forEach((entry, at) => {
      const name =
        (entry as { orderLineId?: string; name?: string })?.orderLineId ?? (entry as { name?: string })?.name ?? at
      leavesOf(entry, `${path}[${name}]`, found)
    })
  } else if (value !== null && typeof value === 'object') {
    for (const [name, member] of Object.entries(value)) leavesOf(member, path ? `${path}.${name}` : name, found)
  } else if (value !== null && value !== undefined) found.set(path, value)
  return found
}

/** The newest questions about an order, newest first. */
export async function lookUpsOf(orderId: string): Promise<z.output<typeof orderLookUp>[]> {
  const rows = await prisma().orderLookUp.findMany({
    where: { orderId },
    orderBy: [{ at: 'desc' }, { id: 'desc' }],
    take: KEPT,
  })
  return rows.map(({ orderId: _, at, ...row }) => orderLookUp.parse({ ...row, at: at.toISOString() }))
}
