import { isDeepStrictEqual } from 'node:util'
import type { Tx } from '@/lib/db/client'
import { unseal } from '@/lib/secrets'
import { loadBindings, loadDepartments, lockTenant, openContact, unpack } from './store'
import { applySync, type TenantCommand } from './sync'

/** Everything that is known of an enterprise, secrets open: what events must lead to. */
export async function tenantState(tx: Tx, tenantRef: string) {
  const by = { where: { tenantRef } }
  const tenant = await tx.tenant.findUniqueOrThrow({ where: { id: tenantRef } })
  const apps = await tx.tenantApp.findMany({ ...by, orderBy: [{ instanceId: 'asc' }, { appId: 'asc' }] })
  const members = await tx.tenantMember.findMany({ ...by, orderBy: [{ appId: 'asc' }, { userName: 'asc' }] })
  const bindings = await loadBindings(tx, tenantRef)
  const departments = await loadDepartments(tx, tenantRef, null)
  const { state, tenantCode, name, domainName, profileAsOf, orgsAsOf } = tenant
  return {
    tenant: { state, tenantCode, name, domainName, profileAsOf, orgsAsOf },
    bindings: bindings.sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1)),
    apps: apps.map(({ clientSecret, ...app }) => ({ ...app, clientSecret: clientSecret && unseal(clientSecret) })),
    members: members.map(({ contact, ...member }) => ({ ...member, contact: openContact(contact) })),
    // What a whole list does not name is forgotten, whether or not it was deleted on its own before.
    departments: departments
      .filter(({ deleted }) => !deleted)
      .map((one) => ({ ...one, asOf: orgsAsOf && orgsAsOf > one.asOf ? orgsAsOf : one.asOf }))
      .sort((a, b) => (a.orgCode < b.orgCode ? -1 : 1)),
  }
}

/** Folds the events of an enterprise into what is known of it again and says whether that differed. */
export async function rebuildTenant(tx: Tx, tenantRef: string): Promise<{ differed: boolean }> {
  const { tenantId, test, lastSyncAt } = await tx.tenant.findUniqueOrThrow({ where: { id: tenantRef } })
  await lockTenant(tx, tenantId, test, lastSyncAt)
  const before = await tenantState(tx, tenantRef)
  const events = await tx.tenantEvent.findMany({ where: { tenantRef, applied: true }, orderBy: { position: 'asc' } })
  const by = { where: { tenantRef } }
  await tx.tenantBinding.deleteMany(by)
  await tx.tenantApp.deleteMany(by)
  await tx.tenantMember.deleteMany(by)
  await tx.tenantDepartment.deleteMany(by)
  await tx.tenant.update({
    where: { id: tenantRef },
    data: { state: 'announced', tenantCode: null, name: null, domainName: null, profileAsOf: null, orgsAsOf: null },
  })
  for (const { sealed } of events) {
    const { command, at } = unpack(sealed) as { command: TenantCommand; at: string }
    const tenant = await lockTenant(tx, tenantId, test, lastSyncAt)
    await applySync(tx, tenant, command, new Date(at))
  }
  return { differed: !isDeepStrictEqual(await tenantState(tx, tenantRef), before) }
}
