export { rebuildTenant, tenantState } from './rebuild'
export { pruneLogins } from './sessions'
export { syncTenant, type TenantCommand } from './sync'
