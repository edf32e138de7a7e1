import type { Catalog } from '@/lib/catalog'
import { Prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { takePoolLicense } from '@/lib/delivery'
import { enqueue } from '@/lib/jobs'
import type { Product } from '@/lib/products'
import { applyFacts, hintOfContent, type License, type LicenseContent, type Origin, writeContent } from './store'
import type { LicenseKind, LicenseReason } from './types'

/** The product a licence belongs to; one that no id names belongs to the only product of its kind. */
export function productFor(
  catalog: Catalog,
  kind: LicenseKind,
  { productRef, productId, skuCode }: { productRef?: string | null; productId: string | null; skuCode: string | null },
): Product | null {
  const own = catalog.products.find(({ id }) => id === productRef) ?? catalog.find(productId, skuCode)
  if (own) return own
  const { defaultProduct } = catalog
  if (defaultProduct?.kind === kind) return defaultProduct
  const [only, ...others] = catalog.products.filter((product) => product.kind === kind)
  return others.length === 0 ? (only ?? null) : null
}

/**
 * Issues a licence: the first one given stays. Only what the marketplace refused to take may be replaced. An online licence
 * is uploaded by a job.
 */
export async function issue(
  tx: RawTx,
  license: License,
  content: LicenseContent,
  { via, at, origin }: { via: string; at: Date; origin: Origin },
): Promise<{ license: License; isFirst: boolean }> {
  if (!isOpen(license)) return { license, isFirst: false }
  await writeContent(tx, license.id, content)
  const key = license.issuedAt ? String(at.getTime()) : ''
  const fact = { type: 'issued', key, occurredAt: at, data: { via, hint: hintOfContent(content) } } as const
  const changed = (await applyFacts(tx, license, [fact], origin)).license
  if (license.kind === 'license-online') await upload(tx, license.id)
  return { license: { ...changed, content }, isFirst: true }
}

/** Nothing was issued, or what was issued was refused. */
export function isOpen({ issuedAt, reason, state }: License): boolean {
  return state !== 'released' && (!issuedAt || reason === 'upload-refused')
}

export async function upload(tx: RawTx, licenseId: string): Promise<void> {
  await enqueue(tx, 'upload-license', { licenseId }, { key: licenseId })
}

/** Takes a prepared licence of the product's pool. */
export async function issueFromPool(
  tx: RawTx,
  license: License,
  product: Product,
  at: Date,
  origin: Origin,
): Promise<License> {
  const bound = license.asked.identificationCode ?? license.asked.deviceFingerprint ?? null
  const text = await takePoolLicense(tx, product.id, license.id, bound)
  if (text === null) return waits(tx, license, { reason: 'pool-empty' }, at, origin)
  return (await issue(tx, license, { type: 'text', text }, { via: 'pool', at, origin })).license
}

type Trouble = { reason: LicenseReason; code?: string | null; message?: string | null }

/** Notes why a licence is not issued yet, once. */
export async function waits(
  tx: RawTx,
  license: License,
  { reason, code = null, message = null }: Trouble,
  at: Date,
  origin: Origin,
): Promise<License> {
  const same = license.reason === reason && license.errorCode === code && license.error === message
  if (same || license.issuedAt) return license
  const fact = { type: 'waits', key: String(at.getTime()), occurredAt: at, data: { reason, code, message } } as const
  return (await applyFacts(tx, license, [fact], origin)).license
}

/** Condition: this licence and no other. */
export function only(id: string): Prisma.Sql {
  return Prisma.sql`id = ${id}::uuid`
}
