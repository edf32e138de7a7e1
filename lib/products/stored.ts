import { isDeepStrictEqual } from 'node:util'
import { DeskError } from '@/lib/errors'
import type { Product as ProductRow } from '@/lib/generated/prisma/client'
import { seal, unseal } from '@/lib/secrets'
import type {
  Delivery,
  DeliveryInput,
  EncryptType,
  LicenseRules,
  Product,
  ProductKind,
  ProductView,
  TimeZone,
} from './schema'

type Secrets = { password?: string; secret?: string }

/** Columns of a delivery: what may be read, and what is sealed. */
export type StoredDelivery = { deliveryType: Delivery['type']; delivery: object; secrets: Secrets }

/** `stored` is the product's present delivery, whose secrets stay where the input leaves them out. */
export function deliveryToStore(input: DeliveryInput, stored: StoredDelivery | null): StoredDelivery {
  const kept = stored?.deliveryType === input.type ? stored.secrets : {}
  if (input.type === 'template') {
    const { type, password, passwordSet, ...delivery } = input
    if (password === 'generate') return { deliveryType: type, delivery: { ...delivery, password }, secrets: {} }
    if (password) return { deliveryType: type, delivery, secrets: { password } }
    return { deliveryType: type, delivery, secrets: passwordSet === false ? {} : kept }
  }
  if (input.type === 'webhook') {
    const secret = input.secret ?? kept.secret
    if (!secret) throw new DeskError('invalid', 'delivery.secret: is missing', { field: 'delivery.secret' })
    return {
      deliveryType: 'webhook',
      delivery: { url: input.url, timeoutSeconds: input.timeoutSeconds },
      secrets: { secret },
    }
  }
  return { deliveryType: input.type, delivery: {}, secrets: {} }
}

/** Throws when the secrets were sealed under another DESK_SECRET. */
export function storedDelivery(row: ProductRow): StoredDelivery {
  const secrets = row.deliverySealed ? (JSON.parse(unseal(row.deliverySealed)) as Secrets) : {}
  return { deliveryType: row.deliveryType as Delivery['type'], delivery: row.delivery as object, secrets }
}

export function deliveryColumns({ deliveryType, delivery, secrets }: StoredDelivery) {
  return {
    deliveryType,
    delivery,
    deliverySealed: Object.keys(secrets).length > 0 ? seal(JSON.stringify(secrets)) : null,
  }
}

/** Undefined members are not stored, so they do not count. */
export function sameDelivery(a: StoredDelivery, b: StoredDelivery): boolean {
  return isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)))
}

/** The product as the desk uses it, secrets open. Throws like `storedDelivery`. */
export function openProduct(row: ProductRow): Product {
  const { deliveryType, delivery, secrets } = storedDelivery(row)
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as ProductKind,
    productIds: row.productIds,
    skuCodes: row.skuCodes,
    delivery: { type: deliveryType, ...delivery, ...secrets } as Delivery,
    timeZone: row.timeZone as TimeZone,
    encryptType: row.encryptType as EncryptType,
    licenseRules: row.licenseRules as LicenseRules,
    isDefault: row.isDefault,
  }
}

/** The product as staff see it: secrets are only said to be there. */
export function viewProduct(row: ProductRow, poolLeft: number): ProductView {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind as ProductKind,
    productIds: row.productIds,
    skuCodes: row.skuCodes,
    delivery: viewDelivery(row),
    timeZone: row.timeZone as TimeZone,
    encryptType: row.encryptType as EncryptType,
    licenseRules: row.licenseRules as LicenseRules,
    isDefault: row.isDefault,
    poolLeft: row.deliveryType === 'pool' ? poolLeft : null,
  }
}

function viewDelivery(row: ProductRow): ProductView['delivery'] {
  const type = row.deliveryType as Delivery['type']
  const sealed = row.deliverySealed !== null
  const stored = row.delivery as Record<string, string | number | undefined>
  if (type === 'template') {
    return {
      type,
      frontEndUrl: String(stored.frontEndUrl),
      adminUrl: (stored.adminUrl as string | undefined) ?? null,
      userName: (stored.userName as string | undefined) ?? null,
      password: stored.password === 'generate' ? 'generate' : null,
      passwordSet: sealed,
      memo: (stored.memo as string | undefined) ?? null,
    }
  }
  if (type === 'webhook') {
    return { type, url: String(stored.url), secretSet: sealed, timeoutSeconds: Number(stored.timeoutSeconds) }
  }
  return { type }
}
