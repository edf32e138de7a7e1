export { rebuildTenant, tenantState } from './rebuild'
export { pruneLogins } from './sessions'
export { type SyncOrigin, syncTenant, type TenantChange, type TenantCommand } from './sync'
