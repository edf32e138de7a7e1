import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { seal, unseal } from '@/lib/secrets'
import type { App, Binding, Department, Member, MemberFacts, Profile } from './merge'

/** An enterprise while its lock is held. */
export type LockedTenant = Profile & {
  id: string
  tenantId: string
  test: boolean
  state: 'announced' | 'bound' | 'unbound'
  orgsAsOf: Date | null
}

const tenantColumns = `id, tenant_id AS "tenantId", test, state, tenant_code AS "tenantCode", name,
  domain_name AS "domainName", profile_as_of AS "profileAsOf", orgs_as_of AS "orgsAsOf"`

/** Makes the enterprise known and keeps every other writer of it away until the transaction ends. */
export async function lockTenant(tx: RawTx, tenantId: string, test: boolean, now: Date): Promise<LockedTenant> {
  const [row] = await tx.$queryRawUnsafe<LockedTenant[]>(
    `INSERT INTO tenants (id, tenant_id, test, created_at, last_sync_at) VALUES ($1::uuid, $2, $3::boolean, $4::timestamptz, $4::timestamptz)
    ON CONFLICT (tenant_id, test) DO UPDATE SET last_sync_at = greatest(tenants.last_sync_at, excluded.last_sync_at)
    RETURNING ${tenantColumns}`,
    newId(),
    tenantId,
    test,
    now,
  )
  return row as LockedTenant
}

export async function saveProfile(tx: RawTx, tenant: LockedTenant): Promise<void> {
  await tx.$executeRaw`
    UPDATE tenants SET state = ${tenant.state}, tenant_code = ${tenant.tenantCode}, name = ${tenant.name},
      domain_name = ${tenant.domainName}, profile_as_of = ${tenant.profileAsOf}::timestamptz
    WHERE id = ${tenant.id}::uuid`
}

export async function loadBindings(tx: RawTx, tenantRef: string): Promise<Binding[]> {
  return tx.$queryRaw<Binding[]>`
    SELECT instance_id AS "instanceId", order_id AS "orderId", active, as_of AS "asOf"
    FROM tenant_bindings WHERE tenant_ref = ${tenantRef}::uuid`
}

export async function saveBinding(tx: RawTx, tenantRef: string, binding: Binding): Promise<void> {
  const { instanceId, orderId, active, asOf } = binding
  await tx.$executeRaw`
    INSERT INTO tenant_bindings (tenant_ref, instance_id, order_id, active, as_of)
    VALUES (${tenantRef}::uuid, ${instanceId}, ${orderId}, ${active}::boolean, ${asOf}::timestamptz)
    ON CONFLICT (tenant_ref, instance_id)
    DO UPDATE SET order_id = excluded.order_id, active = excluded.active, as_of = excluded.as_of`
}

export async function loadApp(
  tx: RawTx,
  tenantRef: string,
  key: { instanceId: string; appId: string },
): Promise<App | null> {
  const [row] = await tx.$queryRaw<(Omit<App, 'clientSecret'> & { sealed: Uint8Array | null })[]>`
    SELECT instance_id AS "instanceId", app_id AS "appId", client_id AS "clientId", client_secret AS sealed,
      key_name AS "keyName", active, as_of AS "asOf"
    FROM tenant_apps
    WHERE tenant_ref = ${tenantRef}::uuid AND instance_id = ${key.instanceId} AND app_id = ${key.appId}`
  if (!row) return null
  const { sealed, ...app } = row
  return { ...app, clientSecret: sealed && unseal(sealed) }
}

export async function saveApp(tx: RawTx, tenantRef: string, app: App): Promise<void> {
  const secret = app.clientSecret === null ? null : Buffer.from(seal(app.clientSecret))
  await tx.$executeRaw`
    INSERT INTO tenant_apps (tenant_ref, instance_id, app_id, client_id, client_secret, key_name, active, as_of)
    VALUES (${tenantRef}::uuid, ${app.instanceId}, ${app.appId}, ${app.clientId}, ${secret}::bytea, ${app.keyName},
      ${app.active}::boolean, ${app.asOf}::timestamptz)
    ON CONFLICT (tenant_ref, instance_id, app_id) DO UPDATE SET client_id = excluded.client_id,
      client_secret = excluded.client_secret, key_name = excluded.key_name, active = excluded.active,
      as_of = excluded.as_of`
}

type MemberRow = Omit<Member, 'facts'> & Omit<MemberFacts, 'mobile' | 'email'> & { contact: Uint8Array | null }

export async function loadMembers(
  tx: RawTx,
  tenantRef: string,
  appId: string,
  userNames: string[],
): Promise<Map<string, Member>> {
  const rows = await tx.$queryRaw<MemberRow[]>`
    SELECT user_name AS "userName", access, access_as_of AS "accessAsOf", name, org_code AS "orgCode", role, enabled,
      position, employee_code AS "employeeCode", employee_type AS "employeeType", work_place AS "workPlace",
      entry_date AS "entryDate", contact, facts_as_of AS "factsAsOf"
    FROM tenant_members
    WHERE tenant_ref = ${tenantRef}::uuid AND app_id = ${appId} AND user_name = ANY(${userNames})`
  return new Map(rows.map((row) => [row.userName, memberOf(row)]))
}

function memberOf({ userName, access, accessAsOf, factsAsOf, contact, ...facts }: MemberRow): Member {
  const known = factsAsOf ? { ...facts, ...openContact(contact) } : null
  return { userName, access, accessAsOf, facts: known, factsAsOf }
}

export function openContact(sealed: Uint8Array | null): { mobile: string | null; email: string | null } {
  const { mobile = null, email = null } = sealed ? JSON.parse(unseal(sealed)) : {}
  return { mobile, email }
}

const memberRecord = `"userName" text, access text, "accessAsOf" timestamptz, name text, "orgCode" text, role text,
  enabled boolean, position text, "employeeCode" text, "employeeType" int, "workPlace" text, "entryDate" text, contact text,
  "factsAsOf" timestamptz`
const upsertMembers = `
  INSERT INTO tenant_members (tenant_ref, app_id, user_name, access, access_as_of, name, org_code, role, enabled, position,
    employee_code, employee_type, work_place, entry_date, contact, facts_as_of)
  SELECT $1::uuid, $2::text, "userName", access, "accessAsOf", name, "orgCode", role, enabled, position, "employeeCode",
    "employeeType", "workPlace", "entryDate", decode(contact, 'base64'), "factsAsOf"
  FROM json_to_recordset($3::json) AS m(${memberRecord})
  ON CONFLICT (tenant_ref, app_id, user_name) DO UPDATE SET access = excluded.access,
    access_as_of = excluded.access_as_of, name = excluded.name, org_code = excluded.org_code, role = excluded.role,
    enabled = excluded.enabled, position = excluded.position, employee_code = excluded.employee_code,
    employee_type = excluded.employee_type, work_place = excluded.work_place, entry_date = excluded.entry_date,
    contact = excluded.contact, facts_as_of = excluded.facts_as_of`

export async function saveMembers(tx: RawTx, tenantRef: string, appId: string, members: Member[]): Promise<void> {
  if (members.length === 0) return
  const rows = members.map(({ facts, ...member }) => {
    const { mobile = null, email = null, ...plain } = facts ?? {}
    const contact = mobile === null && email === null ? null : base64(seal(JSON.stringify({ mobile, email })))
    return { ...member, ...plain, contact }
  })
  await tx.$executeRawUnsafe(upsertMembers, tenantRef, appId, JSON.stringify(rows))
}

/** All of them, or the named one; with what was deleted. */
export async function loadDepartments(tx: RawTx, tenantRef: string, orgCode: string | null): Promise<Department[]> {
  return tx.$queryRaw<Department[]>`
    SELECT org_code AS "orgCode", name, parent_code AS "parentCode", deleted, as_of AS "asOf"
    FROM tenant_departments
    WHERE tenant_ref = ${tenantRef}::uuid AND (${orgCode}::text IS NULL OR org_code = ${orgCode})`
}

const upsertDepartments = `
  INSERT INTO tenant_departments (tenant_ref, org_code, name, parent_code, deleted, as_of)
  SELECT $1::uuid, "orgCode", name, "parentCode", deleted, "asOf"
  FROM json_to_recordset($2::json)
    AS d("orgCode" text, name text, "parentCode" text, deleted boolean, "asOf" timestamptz)
  ON CONFLICT (tenant_ref, org_code) DO UPDATE SET name = excluded.name, parent_code = excluded.parent_code,
    deleted = excluded.deleted, as_of = excluded.as_of`

export async function saveDepartments(tx: RawTx, tenantRef: string, departments: Department[]): Promise<void> {
  if (departments.length > 0) await tx.$executeRawUnsafe(upsertDepartments, tenantRef, JSON.stringify(departments))
}

export async function removeDepartments(tx: RawTx, tenantRef: string, orgCodes: string[]): Promise<void> {
  if (orgCodes.length === 0) return
  await tx.$executeRaw`
    DELETE FROM tenant_departments WHERE tenant_ref = ${tenantRef}::uuid AND org_code = ANY(${orgCodes})`
}

export async function saveOrgsAsOf(tx: RawTx, tenantRef: string, at: Date): Promise<void> {
  await tx.$executeRaw`UPDATE tenants SET orgs_as_of = ${at}::timestamptz WHERE id = ${tenantRef}::uuid`
}

export type TenantEventDraft = {
  type: string
  dedupeKey: string
  applied: boolean
  reason: string | null
  occurredAt: Date
  recordedAt: Date
  data: object
  content: object
  callId: string | null
  actor: string | null
}

/** Records an event unless it is recorded already. */
export async function saveEvent(tx: RawTx, tenantRef: string, event: TenantEventDraft): Promise<void> {
  const { type, dedupeKey, applied, reason, occurredAt, recordedAt, callId, actor } = event
  await tx.$executeRaw`
    INSERT INTO tenant_events (id, tenant_ref, type, dedupe_key, applied, reason, occurred_at, recorded_at, data, sealed,
      call_id, actor)
    VALUES (${newId(recordedAt.getTime())}::uuid, ${tenantRef}::uuid, ${type}, ${dedupeKey}, ${applied}::boolean, ${reason},
      ${occurredAt}::timestamptz, ${recordedAt}::timestamptz, ${JSON.stringify(event.data)}::jsonb,
      ${pack(event.content)}::bytea, ${callId}::uuid, ${actor})
    ON CONFLICT (tenant_ref, dedupe_key) DO NOTHING`
}

// What is sealed cannot be compressed any more, so it is before.
function pack(content: object): Buffer {
  return Buffer.from(seal(deflateRawSync(JSON.stringify(content), { level: 1 }).toString('base64')))
}

export function unpack(sealed: Uint8Array): unknown {
  return JSON.parse(inflateRawSync(Buffer.from(unseal(sealed), 'base64')).toString('utf8'))
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64')
}
