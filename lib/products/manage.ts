import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma, type Tx } from '@/lib/db/client'
import { newId } from '@/lib/db/ids'
import { lockFor } from '@/lib/db/lock'
import { DeskError } from '@/lib/errors'
import type { Product as ProductRow } from '@/lib/generated/prisma/client'
import { parseInput } from '@/lib/input'
import { type Context, requireRole } from '@/lib/users/context'
import { type NewProduct, newProductSchema, type ProductView, productChangeSchema } from './schema'
import { deliveryColumns, deliveryToStore, sameDelivery, storedDelivery, viewProduct } from './stored'

/** By name; secrets of the delivery are only said to be there. */
export async function listProducts({ ctx }: { ctx: Context }): Promise<ProductView[]> {
  requireRole(ctx, 'viewer')
  const [rows, pools] = await Promise.all([
    prisma().product.findMany({ orderBy: { name: 'asc' } }),
    prisma().poolAccount.groupBy({ by: ['productRef'], where: { takenBy: null }, _count: true }),
  ])
  const left = new Map(pools.map(({ productRef, _count }) => [productRef, _count]))
  return rows.map((row) => viewProduct(row, left.get(row.id) ?? 0))
}

/** Errors: invalid (with field); conflict when the name or one of the ids belongs to another product, which it names. */
export async function createProduct({ ctx, input }: { ctx: Context; input: unknown }): Promise<ProductView> {
  requireRole(ctx, 'admin')
  const wanted = parseInput(newProductSchema, input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    await requireFree(tx, wanted, null)
    const { row } = await writeProduct(tx, ctx, null, wanted)
    return viewProduct(row, 0)
  })
}

/** Replaces a product by what is given; secrets left out stay. Errors as at creation, and not-found. */
export async function updateProduct({ ctx, input }: { ctx: Context; input: unknown }): Promise<ProductView> {
  requireRole(ctx, 'admin')
  const { id, ...wanted } = parseInput(productChangeSchema, input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const stored = await existing(tx, id)
    await requireFree(tx, wanted, id)
    const { row } = await writeProduct(tx, ctx, stored, wanted)
    return viewProduct(row, await tx.poolAccount.count({ where: { productRef: id, takenBy: null } }))
  })
}

/** Deletes a product with its pool; instances stay. `wasDefault`: unconfigured purchases now wait for staff. */
export async function deleteProduct({
  ctx,
  input,
}: {
  ctx: Context
  input: unknown
}): Promise<{ id: string; name: string; wasDefault: boolean }> {
  requireRole(ctx, 'admin')
  const { id } = parseInput(z.strictObject({ id: z.uuid() }), input)
  return await prisma().$transaction(async (tx) => {
    await lockFor(tx, 'configuration')
    const { name, isDefault } = await existing(tx, id)
    await tx.product.delete({ where: { id } })
    await recordAudit(tx, ctx, { action: 'product.delete', subject: 'product', target: id, data: { name, isDefault } })
    return { id, name, wasDefault: isDefault }
  })
}

/**
 * Writes a product where it differs from `stored`. Inside a transaction that holds the lock of the configuration; whether
 * its name and ids are free is the caller's to check.
 */
export async function writeProduct(
  tx: Tx,
  ctx: Context,
  stored: ProductRow | null,
  { delivery: deliveryInput, isDefault = stored?.isDefault ?? false, ...facts }: NewProduct,
): Promise<{ row: ProductRow; changed: boolean }> {
  if (facts.kind !== 'saas' && deliveryInput.type === 'template')
    throw new DeskError('invalid', 'delivery.type: a licence is not made from a template', { field: 'delivery.type' })
  const before = stored && openStored(stored)
  const delivery = deliveryToStore(deliveryInput, before)
  if (!stored) {
    const row = await tx.product.create({ data: { id: newId(), ...facts, ...deliveryColumns(delivery) } })
    await recordAudit(tx, ctx, {
      action: 'product.create',
      subject: 'product',
      target: row.id,
      data: { ...facts, delivery: { type: delivery.deliveryType, ...delivery.delivery }, isDefault },
    })
    return { row: isDefault ? await setDefault(tx, row) : row, changed: true }
  }
  const changed: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(facts)) {
    if (!isDeepStrictEqual(value, stored[name as keyof ProductRow])) changed[name] = value
  }
  const deliveryChanged = !before || !sameDelivery(before, delivery)
  if (!deliveryChanged && isDefault === stored.isDefault && Object.keys(changed).length === 0) {
    return { row: stored, changed: false }
  }
  const row = await tx.product.update({
    where: { id: stored.id },
    data: { ...changed, ...(deliveryChanged && deliveryColumns(delivery)), isDefault },
  })
  await recordAudit(tx, ctx, {
    action: 'product.update',
    subject: 'product',
    target: stored.id,
    data: {
      name: stored.name,
      ...changed,
      ...(deliveryChanged && { delivery: { type: delivery.deliveryType, ...delivery.delivery } }),
      ...(isDefault !== stored.isDefault && { isDefault }),
    },
  })
  return { row: isDefault && !stored.isDefault ? await setDefault(tx, row) : row, changed: true }
}

async function setDefault(tx: Tx, row: ProductRow): Promise<ProductRow> {
  await tx.product.updateMany({ where: { isDefault: true, id: { not: row.id } }, data: { isDefault: false } })
  return row.isDefault ? row : await tx.product.update({ where: { id: row.id }, data: { isDefault: true } })
}

function openStored(row: ProductRow) {
  try {
    return storedDelivery(row)
  } catch {
    // Sealed under another DESK_SECRET: nothing to keep, entering it again repairs it.
    return null
  }
}

async function existing(tx: Tx, id: string): Promise<ProductRow> {
  const row = await tx.product.findUnique({ where: { id } })
  if (!row) throw new DeskError('not-found', 'There is no such product.', { field: 'id' })
  return row
}

async function requireFree(tx: Tx, wanted: NewProduct, ownId: string | null): Promise<void> {
  const others = (await tx.product.findMany()).filter(({ id }) => id !== ownId)
  if (others.some(({ name }) => name === wanted.name)) {
    throw new DeskError('conflict', `There is a product named ${wanted.name} already.`, { field: 'name' })
  }
  for (const field of ['productIds', 'skuCodes'] as const) {
    const claim = findClaim(wanted[field], others, field)
    if (claim) {
      throw new DeskError('conflict', `${claim.id} belongs to the product ${claim.owner} already.`, {
        field: `${field}[${claim.index}]`,
        details: { product: claim.owner },
      })
    }
  }
}

/** The first of `ids` that one of `others` has, if any. */
export function findClaim(
  ids: string[],
  others: ProductRow[],
  field: 'productIds' | 'skuCodes',
): { id: string; index: number; owner: string } | null {
  for (const [index, id] of ids.entries()) {
    const owner = others.find((other) => other[field].includes(id))
    if (owner) return { id, index, owner: owner.name }
  }
  return null
}
