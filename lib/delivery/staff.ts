import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { refreshCatalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import type { DeliveryFacts, DeliveryResult } from './types'
import { callDeliveryWebhook } from './webhook'

const productInput = z.strictObject({ productRef: z.guid() })

/** How many accounts of a product's pool are left and taken. Throws 'not-found'. */
export async function countPool({
  ctx,
  input,
}: {
  ctx: Context
  input: unknown
}): Promise<{ left: number; taken: number }> {
  requireRole(ctx, 'viewer')
  const { productRef } = parseInput(productInput, input)
  const product = await prisma().product.findUnique({ where: { id: productRef }, select: { id: true } })
  if (!product) throw new DeskError('not-found', 'There is no such product.', { field: 'productRef' })
  const [all, left] = await Promise.all([
    prisma().poolAccount.count({ where: { productRef } }),
    prisma().poolAccount.count({ where: { productRef, takenBy: null } }),
  ])
  return { left, taken: all - left }
}

export type WebhookTrial = {
  outcome: DeliveryResult['type']
  /** what the seller's software said, or why it could not be understood; holds no password */
  message: string | null
  durationMs: number
}

/**
 * Calls a product's webhook with an invented test purchase and tells what came of it; nothing is delivered.
 * Administrators only; audited. Errors: not-found, conflict when the product has no webhook.
 */
export async function tryWebhook({ ctx, input }: { ctx: Context; input: unknown }): Promise<WebhookTrial> {
  requireRole(ctx, 'admin')
  const { productRef } = parseInput(productInput, input)
  const product = (await refreshCatalog()).products.find(({ id }) => id === productRef)
  if (!product) throw new DeskError('not-found', 'There is no such product.', { field: 'productRef' })
  if (product.delivery.type !== 'webhook') {
    throw new DeskError('conflict', `${product.name} is not delivered by a webhook.`, { field: 'productRef' })
  }
  const instance = inventedPurchase(product.productIds[0] ?? null, product.skuCodes[0] ?? null)
  const event = { type: 'instance.requested', instance, order: null } as const
  const began = Date.now()
  const result = await callDeliveryWebhook(product, event, { timeoutMs: product.delivery.timeoutSeconds * 1000 })
  const data = { product: product.name, outcome: result.type }
  await recordAudit(prisma(), ctx, { action: 'product.try-webhook', subject: 'product', target: productRef, data })
  return { outcome: result.type, message: inWords(result), durationMs: Date.now() - began }
}

function inventedPurchase(productId: string | null, skuCode: string | null): DeliveryFacts {
  const id = newId()
  return {
    instanceId: `test-${id}`,
    businessId: id,
    orderId: `TEST${id.replaceAll('-', '').slice(-12).toUpperCase()}`,
    orderLineId: null,
    productId,
    skuCode,
    customerId: 'test-customer',
    customerName: 'Test customer',
    userId: null,
    userName: null,
    test: true,
    trial: false,
    expiresAt: null,
    quantity: null,
    extendParams: [],
  }
}

function inWords(result: DeliveryResult): string | null {
  if (result.type === 'delivered') return result.appInfo.frontEndUrl
  if (result.type === 'waiting') return result.reason
  if (result.type === 'failed') return result.error
  return [result.code, result.message].filter(Boolean).join(' ')
}
