import { createHash } from 'node:crypto'
import type { RawTx } from '@/lib/db/direct'
import type { AllOrgSync, ApplicationSync, AuthSync, KitCommand, SingleOrgSync, TenantSync } from '@/lib/marketplace'
import {
  type App,
  type MemberFacts,
  mergeApp,
  mergeBinding,
  mergeDepartment,
  mergeDepartments,
  mergeMember,
  mergeProfile,
} from './merge'
import {
  type LockedTenant,
  loadApp,
  loadBindings,
  loadDepartments,
  loadMembers,
  lockTenant,
  removeDepartments,
  saveApp,
  saveBinding,
  saveDepartments,
  saveEvent,
  saveMembers,
  saveOrgsAsOf,
  saveProfile,
} from './store'

/** What changed, for staff: no secret, no phone or mail. */
export type TenantChange = { field: string; from: unknown; to: unknown }

/** A kit command whose client secret was opened. */
export type TenantCommand =
  | Exclude<KitCommand, ApplicationSync>
  | (Omit<ApplicationSync, 'clientSecret'> & { clientSecret: string | null; keyName: string | null })

export type SyncOrigin = {
  /** the marketplace's own time of the change, never in the future */
  at: Date
  now: Date
  callId: string | null
  actor: string | null
}

type Effect = { changes: TenantChange[]; changed: boolean; late: boolean }

const SHOWN_CHANGES = 100
const LATE = 'older than what was applied already'

/**
 * Applies a kit command inside the caller's transaction, under the lock of its enterprise, which it makes known if need
 * be: any order of arrival, repeats and concurrent calls end in the same state. Records one event for what changed
 * something, and one for what came too late to.
 */
export async function syncTenant(
  tx: RawTx,
  command: TenantCommand,
  origin: SyncOrigin,
): Promise<{ tenantRef: string; changes: TenantChange[] }> {
  const tenant = await lockTenant(tx, command.tenantId, command.test, origin.now)
  const effect = await applySync(tx, tenant, command, origin.at)
  if (effect.changed || effect.late) {
    const digest = createHash('sha256')
      .update(JSON.stringify([command, origin.at]))
      .digest('base64url')
    await saveEvent(tx, tenant.id, {
      type: command.activity,
      dedupeKey: effect.changed && origin.callId ? `call:${origin.callId}` : `content:${digest}`,
      applied: effect.changed,
      reason: effect.late ? LATE : null,
      occurredAt: origin.at,
      recordedAt: origin.now,
      data: { changes: effect.changes },
      content: { command, at: origin.at },
      callId: origin.callId,
      actor: origin.actor,
    })
  }
  return { tenantRef: tenant.id, changes: effect.changes }
}

/** The effect alone, without an event: what a rebuild repeats. */
export function applySync(tx: RawTx, tenant: LockedTenant, command: TenantCommand, at: Date): Promise<Effect> {
  switch (command.activity) {
    case 'tenantSync':
      return applyTenant(tx, tenant, command, at)
    case 'applicationSync':
      return applyApplication(tx, tenant, command, at)
    case 'authSync':
      return applyMembers(tx, tenant, command, at)
    case 'singleOrgSync':
      return applyDepartment(tx, tenant, command, at)
    case 'allOrgSync':
      return applyDepartments(tx, tenant, command, at)
  }
}

async function applyTenant(tx: RawTx, tenant: LockedTenant, command: TenantSync, at: Date): Promise<Effect> {
  const { tenantCode, name, domainName, change, orderId } = command
  const instanceId = command.instanceId ?? ''
  const before = { ...tenant }
  const bindings = await loadBindings(tx, tenant.id)
  const known = bindings.find((binding) => binding.instanceId === instanceId) ?? null
  const binding = mergeBinding(known, { change, instanceId, orderId }, at)
  const profile = change === 'delete' ? null : mergeProfile(profileOf(tenant), { tenantCode, name, domainName }, at)
  if (profile) Object.assign(tenant, profile.next)
  if (binding.changed) await saveBinding(tx, tenant.id, binding.next)
  const others = bindings.filter((other) => other !== known)
  tenant.state = [...others, binding.next].some(({ active }) => active) ? 'bound' : 'unbound'
  const changed = binding.changed || (profile?.changed ?? false)
  if (changed) await saveProfile(tx, tenant)
  const fields = (['state', 'tenantCode', 'name', 'domainName'] as const).flatMap((field) =>
    difference(field, before[field], tenant[field]),
  )
  const bound = difference(`binding ${instanceId || '-'}`, word(known?.active), word(binding.next.active))
  return { changes: [...fields, ...bound], changed, late: binding.late || (profile?.late ?? false) }
}

const word = (active: boolean | undefined) => (active === undefined ? null : active ? 'bound' : 'unbound')

function profileOf({ tenantCode, name, domainName, profileAsOf }: LockedTenant) {
  return { tenantCode, name, domainName, profileAsOf }
}

async function applyApplication(
  tx: RawTx,
  tenant: LockedTenant,
  command: TenantCommand & { activity: 'applicationSync' },
  at: Date,
): Promise<Effect> {
  const key = { instanceId: command.instanceId ?? '', appId: command.appId }
  const known = await loadApp(tx, tenant.id, key)
  const removed = command.change === 'delete'
  const next: App = {
    ...key,
    clientId: removed ? null : command.clientId,
    clientSecret: removed ? null : command.clientSecret,
    keyName: removed ? null : command.keyName,
    active: !removed,
    asOf: at,
  }
  const merged = mergeApp(known, next)
  if (merged.changed) await saveApp(tx, tenant.id, merged.next)
  const changes = merged.changed
    ? [
        ...difference(`app ${key.appId}`, word(known?.active), word(next.active)),
        ...difference('clientId', known?.clientId ?? null, next.clientId),
        ...(known?.clientSecret === next.clientSecret
          ? []
          : difference('clientSecret', hint(known?.clientSecret), next.clientSecret ? 'new' : null)),
      ]
    : []
  return { changes, changed: merged.changed, late: merged.late }
}

const hint = (secret: string | null | undefined) => (secret ? '••••' : null)

async function applyMembers(tx: RawTx, tenant: LockedTenant, command: AuthSync, at: Date): Promise<Effect> {
  const { appId, users, change } = command
  const known = await loadMembers(
    tx,
    tenant.id,
    appId,
    users.map(({ userName }) => userName),
  )
  const merged = users.map((user) => mergeMember(known.get(user.userName) ?? null, user, change, at))
  const changed = merged.filter((one) => one.changed)
  await saveMembers(
    tx,
    tenant.id,
    appId,
    changed.map(({ next }) => next),
  )
  const changes = changed.flatMap(({ next }) => {
    const before = known.get(next.userName)
    const field = `member ${next.userName}`
    const access = difference(field, before?.access ?? null, next.access)
    return access.length > 0 ? access : factChanges(field, before?.facts ?? null, next.facts)
  })
  return { changes: shown(changes), changed: changed.length > 0, late: merged.some((one) => one.late) }
}

const shownFacts = [
  'name',
  'orgCode',
  'role',
  'enabled',
  'position',
  'employeeCode',
  'employeeType',
  'workPlace',
] as const

/** Of phone and mail only that they are others now. */
function factChanges(field: string, before: MemberFacts | null, next: MemberFacts | null): TenantChange[] {
  const same = before?.mobile === next?.mobile && before?.email === next?.email
  return [
    ...shownFacts.flatMap((fact) => difference(`${field} ${fact}`, before?.[fact] ?? null, next?.[fact] ?? null)),
    ...(same ? [] : [{ field: `${field} contact`, from: null, to: 'new' }]),
  ]
}

async function applyDepartment(tx: RawTx, tenant: LockedTenant, command: SingleOrgSync, at: Date): Promise<Effect> {
  const [known = null] = await loadDepartments(tx, tenant.id, command.orgCode)
  const merged = mergeDepartment(known, tenant.orgsAsOf, command, at)
  if (!merged.changed || !merged.next) return { changes: [], changed: false, late: merged.late }
  await saveDepartments(tx, tenant.id, [merged.next])
  const live = known && !known.deleted ? known : null
  const next = merged.next.deleted ? null : merged.next
  const field = `department ${command.orgCode}`
  const changes = [
    ...difference(field, live?.name ?? null, next?.name ?? null),
    ...difference(`${field} parentCode`, live?.parentCode ?? null, next?.parentCode ?? null),
  ]
  return { changes, changed: true, late: false }
}

async function applyDepartments(tx: RawTx, tenant: LockedTenant, command: AllOrgSync, at: Date): Promise<Effect> {
  const known = await loadDepartments(tx, tenant.id, null)
  const merged = mergeDepartments(known, tenant.orgsAsOf, command.departments, at)
  if (merged.late) return { changes: [], changed: false, late: true }
  const isNewer = tenant.orgsAsOf === null || at > tenant.orgsAsOf
  const changed = isNewer || merged.set.length > 0 || merged.removed.length > 0
  await removeDepartments(tx, tenant.id, merged.removed)
  await saveDepartments(tx, tenant.id, merged.set)
  if (isNewer) await saveOrgsAsOf(tx, tenant.id, at)
  const byCode = new Map(known.map((department) => [department.orgCode, department]))
  const live = (code: string) => {
    const found = byCode.get(code)
    return found && !found.deleted ? found : null
  }
  const changes = [
    ...merged.set.flatMap(({ orgCode, name }) =>
      difference(`department ${orgCode}`, live(orgCode)?.name ?? null, name),
    ),
    ...merged.removed.flatMap((orgCode) => difference(`department ${orgCode}`, live(orgCode)?.name ?? null, null)),
  ]
  return { changes: shown(changes), changed, late: false }
}

function difference(field: string, from: unknown, to: unknown): TenantChange[] {
  return from === to ? [] : [{ field, from, to }]
}

function shown(changes: TenantChange[]): TenantChange[] {
  if (changes.length <= SHOWN_CHANGES) return changes
  const more = changes.length - SHOWN_CHANGES
  return [...changes.slice(0, SHOWN_CHANGES), { field: '…', from: null, to: `+ ${more}` }]
}
