export { rebuildTenant, tenantState } from './rebuild'
export { type SyncOrigin, syncTenant, type TenantChange, type TenantCommand } from './sync'
