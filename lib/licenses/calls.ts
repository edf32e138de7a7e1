import type { Catalog } from '@/lib/catalog'
import { Prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { enqueue } from '@/lib/jobs'
import type {
  ChangeLicenseCodeStatus,
  EndLicense,
  GetLicense,
  GetLicenseAsync,
  RefreshLicense,
  RefreshLicenseCode,
  ReleaseLicenseCode,
} from '@/lib/marketplace'
import { parseWireTime } from '@/lib/marketplace'
import { issueFromPool, productFor, upload, waits } from './issue'
import {
  adoptProduct,
  applyFacts,
  hintOf,
  type License,
  lockLicenses,
  lockWhere,
  type Origin,
  openLicense,
  requestKeys,
} from './store'
import type { LicenseFact } from './types'

/** What a call of the marketplace is carried out with; times are the marketplace's own where it sends one. */
export type Circumstances = { tx: RawTx; catalog: Catalog; receivedAt: Date; sentAt: Date; origin: Origin }

/** A little more than a call may wait for its own licence. */
const HEAD_START_MS = 16_000

export type Provided = { license: License; isNew: boolean; asks: boolean }

/** The licence of an order: found or made, issued where the pool has one. `asks`: the webhook is to be asked. */
export async function licenseOfOrder(command: GetLicense, by: Circumstances): Promise<Provided> {
  const { tx, catalog, receivedAt, sentAt, origin } = by
  await lockLicenses(tx)
  const product = productFor(catalog, 'license-id', command)
  const { identificationCode, userId, userName, extendParams } = command
  const opened = await openLicense(
    tx,
    {
      requestKey: requestKeys.order(command.orderId, command.test),
      kind: 'license-id',
      test: command.test,
      productRef: product?.id ?? null,
      asked: { identificationCode, userId, userName, extendParams },
      at: receivedAt,
      first: {
        type: 'requested',
        occurredAt: sentAt,
        data: {
          productId: command.productId,
          skuCode: command.skuCode,
          orderId: command.orderId,
          customerId: command.customerId,
          customerName: command.customerName,
          amount: command.amount,
          expiresAt: readTime(command.expireTime, product?.timeZone),
          // Only the expiry call decides (zh-cn_topic_0000001353181669).
          estimated: true,
        },
      },
    },
    origin,
  )
  return provide(opened, by)
}

/** A device's application: found or made, issued where the pool has one. */
export async function licenseOfEvent(
  command: GetLicenseAsync,
  instance: { productRef: string | null; productId: string | null; skuCode: string | null } & {
    orderId: string
    orderLineId: string | null
    customerId: string | null
    customerName: string | null
    releasedAt: Date | null
  },
  by: Circumstances,
): Promise<Provided> {
  const { tx, catalog, receivedAt, sentAt, origin } = by
  await lockLicenses(tx)
  const product = productFor(catalog, 'license-online', instance)
  const { productId, skuCode, orderId, orderLineId, customerId, customerName } = instance
  const opened = await openLicense(
    tx,
    {
      requestKey: requestKeys.event(command.eventId, command.deviceFingerprint, command.test),
      kind: 'license-online',
      test: command.test,
      productRef: product?.id ?? null,
      instanceId: command.instanceId,
      eventId: command.eventId,
      asked: { deviceFingerprint: command.deviceFingerprint },
      at: receivedAt,
      first: {
        type: 'requested',
        occurredAt: sentAt,
        data: {
          ...{ productId, skuCode, orderId, orderLineId, customerId, customerName },
          effectiveAt: command.effectiveTime.toISOString(),
          expiresAt: command.expireTime?.toISOString() ?? null,
        },
      },
    },
    origin,
  )
  if (instance.releasedAt) {
    const license = await released(opened.license, instance.releasedAt, by)
    return { ...opened, license, asks: false }
  }
  const provided = await provide(opened, by)
  // Asked again after an upload: its answer was lost on the way, so the same licence is sent once more.
  if (provided.license.state === 'active' && !opened.isNew) await upload(tx, provided.license.id)
  return provided
}

/** An instance was released, and its online licences with it. */
export async function releaseLicensesOf(instanceId: string, releasedAt: Date, by: Circumstances): Promise<void> {
  await lockLicenses(by.tx)
  const ofInstance = Prisma.sql`kind = 'license-online' AND instance_id = ${instanceId}`
  for (const license of await lockWhere(by.tx, ofInstance)) await released(license, releasedAt, by)
}

async function released(license: License, releasedAt: Date, { tx, origin }: Circumstances): Promise<License> {
  const fact = { type: 'released', key: '', occurredAt: releasedAt, data: {} } as const
  return (await applyFacts(tx, license, [fact], origin)).license
}

async function provide(opened: { license: License; isNew: boolean }, by: Circumstances): Promise<Provided> {
  const { tx, catalog, receivedAt, origin } = by
  const { isNew } = opened
  const { kind } = opened.license
  const found = productFor(catalog, kind, opened.license)
  const license = await adoptProduct(tx, opened.license, found?.id ?? null)
  const known = { license, isNew, asks: false }
  if (license.state !== 'waiting') return known
  if (!found) return { ...known, license: await waits(tx, license, { reason: 'no-product' }, receivedAt, origin) }
  if (found.delivery.type === 'pool')
    return { ...known, license: await issueFromPool(tx, license, found, receivedAt, origin) }
  if (found.delivery.type !== 'webhook')
    return { ...known, license: await waits(tx, license, { reason: 'waits-for-staff' }, receivedAt, origin) }
  if (isNew || license.reason === 'no-product') {
    const startAfter = kind === 'license-id' ? new Date(Date.now() + HEAD_START_MS) : undefined
    await enqueue(tx, 'issue-license', { licenseId: license.id }, { key: license.id, startAfter })
  }
  return { license, isNew, asks: true }
}

/** The marketplace was answered the licence. */
export async function noteFetched(license: License, { tx, receivedAt, origin }: Circumstances): Promise<License> {
  const fact = { type: 'fetched', key: '', occurredAt: receivedAt, data: {} } as const
  return (await applyFacts(tx, license, [fact], origin)).license
}

/** Licence 1.0: a renewal. Null: there is no such licence. */
export async function renewLicense(command: RefreshLicense, by: Circumstances): Promise<License | null> {
  const license = await namedLicense(command, by)
  if (!license) return null
  const product = productFor(by.catalog, license.kind, license)
  return change(by, license, 'license.renewed', {
    type: 'renewed',
    key: command.orderId,
    occurredAt: by.sentAt,
    data: {
      orderId: command.orderId,
      productId: command.productId,
      expiresAt: readTime(command.expireTime, product?.timeZone),
    },
  })
}

/** Licence 1.0: the expiry or the release. Null: there is no such licence. */
export async function endLicense(command: EndLicense, by: Circumstances): Promise<License | null> {
  const license = await namedLicense(command, by)
  if (!license) return null
  const fact: LicenseFact =
    command.activity === 'releaseLicense'
      ? { type: 'released', key: '', occurredAt: by.sentAt, data: { orderId: command.orderId } }
      : { type: 'expired', key: String(by.sentAt.getTime()), occurredAt: by.sentAt, data: {} }
  return change(by, license, fact.type === 'released' ? 'license.released' : 'license.expired', fact)
}

// Licences sold before these calls existed have no instance id; their purchase order tells which is meant.
async function namedLicense(
  { instanceId, orderId, test }: { instanceId: string | null; orderId: string | null; test: boolean },
  { tx }: Circumstances,
): Promise<License | null> {
  await lockLicenses(tx)
  const named = (by: Prisma.Sql) => lockWhere(tx, Prisma.sql`kind = 'license-id' AND test = ${test} AND ${by}`)
  const byId = instanceId ? await named(Prisma.sql`instance_id = ${instanceId}`) : []
  if (byId[0] || !orderId) return byId[0] ?? null
  return (await named(Prisma.sql`order_id = ${orderId}`))[0] ?? null
}

/** Licence 2.0: a change of a code. The marketplace made the code, so one that is new to the desk becomes known by it. */
export async function changeLicenseCode(
  command: RefreshLicenseCode | ChangeLicenseCodeStatus | ReleaseLicenseCode,
  by: Circumstances,
): Promise<License> {
  const { tx, catalog, receivedAt, sentAt, origin } = by
  await lockLicenses(tx)
  const productId = command.activity === 'refreshLicenseCode' ? command.productId : null
  const product = productFor(catalog, 'license-code', { productId, skuCode: null })
  const { license } = await openLicense(
    tx,
    {
      requestKey: requestKeys.code(command.license, command.test),
      kind: 'license-code',
      test: command.test,
      productRef: product?.id ?? null,
      content: { type: 'text', text: command.license },
      at: receivedAt,
      first: { type: 'known', occurredAt: sentAt, data: { via: 'callback', hint: hintOf(command.license) } },
    },
    origin,
  )
  const at = String(sentAt.getTime())
  if (command.activity === 'updateLicenseCodeStatus') {
    const type = command.status === 'FREEZE' ? 'frozen' : 'unfrozen'
    return change(by, license, `license.${type}`, { type, key: at, occurredAt: sentAt, data: {} })
  }
  const { orderId, orderLineId } = command
  if (command.activity === 'releaseLicenseCode')
    return change(by, license, 'license.released', {
      type: 'released',
      key: '',
      occurredAt: sentAt,
      data: { orderId, orderLineId },
    })
  const refund = command.scene === 'UNSUBSCRIBE_RENEWAL_PERIOD'
  return change(by, license, 'license.renewed', {
    type: refund ? 'renewal-refunded' : 'renewed',
    key: orderLineId ?? orderId ?? '',
    occurredAt: sentAt,
    data: {
      ...{ orderId, orderLineId, productId, scene: command.scene },
      expiresAt: readTime(command.expireTime, product?.timeZone),
    },
  })
}

export type LicenseNews =
  | 'license.renewed'
  | 'license.expired'
  | 'license.frozen'
  | 'license.unfrozen'
  | 'license.released'

async function change(by: Circumstances, license: License, news: LicenseNews, fact: LicenseFact): Promise<License> {
  const { tx, catalog, origin } = by
  const applied = await applyFacts(tx, license, [fact], origin)
  const product = productFor(catalog, license.kind, applied.license)
  const changed = await adoptProduct(tx, applied.license, product?.id ?? null)
  if (applied.news > 0 && product?.delivery.type === 'webhook')
    await enqueue(tx, 'announce-license', {
      licenseId: license.id,
      type: news,
      eventId: origin.callId ?? `${fact.type}:${fact.key}`,
    })
  return changed
}

function readTime(text: string | null, timeZone: 'UTC' | 'Asia/Shanghai' = 'UTC'): string | null {
  const read = text ? parseWireTime(text, timeZone) : null
  return read?.ok ? read.value.toISOString() : null
}
