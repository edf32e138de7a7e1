import { Prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { fingerprint, seal, unseal } from '@/lib/secrets'
import { project } from './state'
import type { FactData, LicenseEventType, LicenseFact, LicenseKind, LicenseReason, LicenseState } from './types'

export type License = {
  id: string
  requestKey: string
  kind: LicenseKind
  state: LicenseState
  reason: LicenseReason
  productRef: string | null
  productId: string | null
  skuCode: string | null
  orderId: string | null
  orderLineId: string | null
  instanceId: string | null
  customerId: string | null
  customerName: string | null
  eventId: string | null
  test: boolean
  amount: number | null
  hint: string | null
  asked: Asked
  content: LicenseContent | null
  errorCode: string | null
  error: string | null
  effectiveAt: Date | null
  expiresAt: Date | null
  issuedAt: Date | null
  deliveredAt: Date | null
  activatedAt: Date | null
  queriedAt: Date | null
  releasedAt: Date | null
  createdAt: Date
  callId: string | null
}

/** What the licence is bound to and what else only the request says. */
export type Asked = {
  identificationCode?: string | null
  deviceFingerprint?: string | null
  userId?: string | null
  userName?: string | null
  extendParams?: { name: string; value: string }[]
}

/** The licence itself; a file as base64. */
export type LicenseContent = { type: 'text'; text: string } | { type: 'file'; fileName: string; base64: string }

export type Origin = { callId: string | null; actor: string | null }

type Row = Omit<License, 'asked' | 'content'> & { asked: Uint8Array; content: Uint8Array | null }

const columns = Prisma.raw(`
  id, request_key AS "requestKey", kind, state, reason, product_ref AS "productRef", product_id AS "productId",
  sku_code AS "skuCode", order_id AS "orderId", order_line_id AS "orderLineId", instance_id AS "instanceId",
  customer_id AS "customerId", customer_name AS "customerName", event_id AS "eventId", test, amount, hint, asked, content,
  error_code AS "errorCode", error, effective_at AS "effectiveAt", expires_at AS "expiresAt", issued_at AS "issuedAt",
  delivered_at AS "deliveredAt", activated_at AS "activatedAt", queried_at AS "queriedAt", released_at AS "releasedAt",
  created_at AS "createdAt", call_id AS "callId"`)

/**
 * Lets one writer after the other at the licences until the transaction ends: several calls of a group lock several of
 * them, and in whatever order they come two groups must not wait for each other.
 */
export async function lockLicenses(tx: RawTx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('seller-desk:licenses'))`
}

/** The licences a condition finds, locked, oldest first. */
export async function lockWhere(tx: RawTx, condition: Prisma.Sql): Promise<License[]> {
  const rows = await tx.$queryRaw<Row[]>(
    Prisma.sql`SELECT ${columns} FROM licenses WHERE ${condition} ORDER BY id FOR UPDATE`,
  )
  return rows.map(opened)
}

export async function lockLicense(tx: RawTx, id: string): Promise<License | null> {
  return (await lockWhere(tx, Prisma.sql`id = ${id}::uuid`))[0] ?? null
}

/** Licences as they are, without a lock. */
export async function readWhere(tx: RawTx, condition: Prisma.Sql): Promise<License[]> {
  const rows = await tx.$queryRaw<Row[]>(Prisma.sql`SELECT ${columns} FROM licenses WHERE ${condition} ORDER BY id`)
  return rows.map(opened)
}

function opened({ asked, content, ...row }: Row): License {
  return {
    ...row,
    asked: JSON.parse(unseal(asked)) as Asked,
    content: content && (JSON.parse(unseal(content)) as LicenseContent),
  }
}

export type NewLicense = {
  requestKey: string
  kind: LicenseKind
  test: boolean
  productRef: string | null
  instanceId?: string | null
  eventId?: string | null
  asked?: Asked
  content?: LicenseContent | null
  at: Date
  first: { type: 'requested' | 'known'; data: FactData; occurredAt: Date }
}

/** The licence of a request, made at the first one. Locked either way. */
export async function openLicense(
  tx: RawTx,
  wanted: NewLicense,
  origin: Origin,
): Promise<{ license: License; isNew: boolean }> {
  const known = await lockWhere(tx, Prisma.sql`request_key = ${wanted.requestKey}`)
  if (known[0]) return { license: known[0], isNew: false }
  const { requestKey, kind, test, productRef, at, first } = wanted
  const id = newId(at.getTime())
  // 1.0 names the licence to the marketplace by its own id; an imported one keeps the id it was sold under.
  const instanceId = wanted.instanceId ?? (kind === 'license-id' ? id : null)
  const content = wanted.content ? Buffer.from(seal(JSON.stringify(wanted.content))) : null
  const made = await tx.$executeRaw`
    INSERT INTO licenses (id, request_key, kind, state, reason, product_ref, instance_id, event_id, test, asked, content,
      created_at, call_id)
    VALUES (${id}::uuid, ${requestKey}, ${kind}, 'waiting', 'waits-for-staff', ${productRef}::uuid, ${instanceId},
      ${wanted.eventId ?? null}, ${test}, ${Buffer.from(seal(JSON.stringify(wanted.asked ?? {})))}::bytea,
      ${content}::bytea, ${at}::timestamptz, ${origin.callId}::uuid)
    ON CONFLICT (request_key) DO NOTHING`
  const [license] = await lockWhere(tx, Prisma.sql`request_key = ${requestKey}`)
  if (!license) throw new Error('a licence that was just made is not there')
  if (made === 0) return { license, isNew: false }
  const { type, data, occurredAt } = first
  const changed = await applyFacts(tx, license, [{ type, key: '', occurredAt, data }], origin)
  return { license: changed.license, isNew: true }
}

/** Records what happened and brings the licence up to date. `news`: how many of the facts were not known before. */
export async function applyFacts(
  tx: RawTx,
  license: License,
  facts: LicenseFact[],
  origin: Origin,
): Promise<{ license: License; news: number }> {
  const known = await factsOf(tx, license.id)
  const fresh = facts.filter(
    (fact) =>
      !known.some((other) => other.type === fact.type && other.key === fact.key && other.occurredAt <= fact.occurredAt),
  )
  if (fresh.length === 0) return { license, news: 0 }
  const recordedAt = new Date()
  for (const fact of fresh) {
    const base = `${fact.type}:${fact.key}`
    const repeated = known.some((other) => other.type === fact.type && other.key === fact.key)
    // An earlier time of something known is kept beside it: events are never changed.
    const dedupeKey = repeated ? `${base}@${fact.occurredAt.getTime()}` : base
    await tx.$executeRaw`
      INSERT INTO license_events (id, license_id, type, dedupe_key, occurred_at, recorded_at, data, call_id, actor)
      VALUES (${newId()}::uuid, ${license.id}::uuid, ${fact.type}, ${dedupeKey}, ${fact.occurredAt}::timestamptz,
        ${recordedAt}::timestamptz, ${JSON.stringify(fact.data)}::jsonb, ${origin.callId}::uuid, ${origin.actor})
      ON CONFLICT (license_id, dedupe_key) DO NOTHING`
  }
  const changed = { ...license, ...project(license.kind, [...known, ...fresh]) }
  await writeProjection(tx, changed)
  const repeats = fresh.filter((fact) =>
    known.some((other) => other.type === fact.type && other.key === fact.key),
  ).length
  return { license: changed, news: fresh.length - repeats }
}

async function writeProjection(tx: RawTx, license: License): Promise<void> {
  await tx.$executeRaw`
    UPDATE licenses SET state = ${license.state}, reason = ${license.reason}, product_id = ${license.productId},
      sku_code = ${license.skuCode}, order_id = ${license.orderId}, order_line_id = ${license.orderLineId},
      customer_id = ${license.customerId}, customer_name = ${license.customerName}, amount = ${license.amount}::int,
      hint = ${license.hint}, error_code = ${license.errorCode}, error = ${license.error},
      effective_at = ${license.effectiveAt}::timestamptz, expires_at = ${license.expiresAt}::timestamptz,
      issued_at = ${license.issuedAt}::timestamptz, delivered_at = ${license.deliveredAt}::timestamptz,
      activated_at = ${license.activatedAt}::timestamptz, queried_at = ${license.queriedAt}::timestamptz,
      released_at = ${license.releasedAt}::timestamptz
    WHERE id = ${license.id}::uuid`
}

type EventRow = { type: string; key: string; occurredAt: Date; data: FactData }

/** Every fact of a licence. */
export async function factsOf(tx: RawTx, licenseId: string): Promise<LicenseFact[]> {
  const rows = await tx.$queryRaw<EventRow[]>`
    SELECT type, regexp_replace(substr(dedupe_key, length(type) + 2), '@[0-9]+$', '') AS key,
      occurred_at AS "occurredAt", data
    FROM license_events WHERE license_id = ${licenseId}::uuid ORDER BY position`
  return rows.map((row) => ({ ...row, type: row.type as LicenseEventType }))
}

/** Folds the events of a licence again and says whether what is stored differed. */
export async function rebuildLicense(tx: RawTx, id: string): Promise<{ license: License; differed: boolean }> {
  const stored = await lockLicense(tx, id)
  if (!stored) throw new Error(`no licence ${id}`)
  const license = { ...stored, ...project(stored.kind, await factsOf(tx, id)) }
  const differed = JSON.stringify(license) !== JSON.stringify(stored)
  if (differed) await writeProjection(tx, license)
  return { license, differed }
}

/** Puts the licence itself in; that it was issued is a fact besides. */
export async function writeContent(tx: RawTx, id: string, content: LicenseContent): Promise<void> {
  const sealed = Buffer.from(seal(JSON.stringify(content)))
  await tx.$executeRaw`UPDATE licenses SET content = ${sealed}::bytea WHERE id = ${id}::uuid`
}

export async function adoptProduct(tx: RawTx, license: License, productRef: string | null): Promise<License> {
  if (!productRef || license.productRef === productRef) return license
  await tx.$executeRaw`UPDATE licenses SET product_ref = ${productRef}::uuid WHERE id = ${license.id}::uuid`
  return { ...license, productRef }
}

/** Under which a request is found again. */
export const requestKeys = {
  order: (orderId: string, test: boolean) => `${test ? 'test:' : ''}order:${orderId}`,
  code: (code: string, test: boolean) => `${test ? 'test:' : ''}code:${codePrint(code)}`,
  event: (eventId: string, deviceFingerprint: string | null, test: boolean) =>
    `${test ? 'test:' : ''}event:${eventOf(eventId, deviceFingerprint)}`,
}

/** An activation code where it must be recognised but not be read. */
export function codePrint(code: string): string {
  return fingerprint('license-code', code.trim())
}

/** One application of a device: the event and a short hash of the fingerprint. */
export function eventOf(eventId: string, deviceFingerprint: string | null): string {
  return `${eventId}:${deviceFingerprint ? fingerprint('device', deviceFingerprint).slice(0, 16) : ''}`
}

/** What may be shown of a licence: enough to tell it from others. */
export function hintOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ')
  if (line.length < 8) return '••••'
  const kept = line.length >= 12 ? 4 : 2
  return `••••${line.slice(-kept)}`
}

export function hintOfContent(content: LicenseContent): string {
  return content.type === 'text' ? hintOf(content.text) : content.fileName
}
