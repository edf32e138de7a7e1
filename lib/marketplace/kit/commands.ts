/** What every kit call says. */
type KitBase = {
  tenantId: string
  /** Null when the call comes from the application for credentials, or a debug case leaves it blank. */
  instanceId: string | null
  test: boolean
  /** The marketplace's own time of the change, UTC; null where it sends none that can be read. */
  changedAt: Date | null
}

/** `add` and `modify` carry all facts, `delete` and `revoke` only the keys. */
export type TenantSync = KitBase & {
  activity: 'tenantSync'
  change: 'add' | 'modify' | 'delete'
  orderId: string | null
  tenantCode: string | null
  /** Null in a delete that does not say it. */
  name: string | null
  /** An http(s) origin with path, without a slash at the end; null where none was sent. */
  domainName: string | null
}

export type ApplicationSync = KitBase & {
  activity: 'applicationSync'
  change: 'add' | 'modify' | 'delete'
  appId: string
  clientId: string | null
  /** Ciphertext as received, see `openClientSecret`. */
  clientSecret: string | null
}

export type KitUser = {
  userName: string
  name: string
  orgCode: string | null
  position: string | null
  employeeCode: string | null
  employeeType: number | null
  role: 'user' | 'admin'
  enabled: boolean
  mobile: string | null
  email: string | null
  workPlace: string | null
  /** As sent, `yyyy-MM-d` by the documents. */
  entryDate: string | null
}

export type AuthSync = KitBase & {
  activity: 'authSync'
  change: 'add' | 'modify' | 'delete' | 'revoke'
  appId: string
  /** Each user once; of two entries the later one counts. Facts are null in `delete` and `revoke`. */
  users: { userName: string; facts: Omit<KitUser, 'userName'> | null }[]
}

export type KitDepartment = { orgCode: string; name: string; parentCode: string | null }

export type SingleOrgSync = KitBase & {
  activity: 'singleOrgSync'
  change: 'add' | 'modify' | 'delete'
  orgCode: string
  /** Null in a delete that does not say it. */
  name: string | null
  parentCode: string | null
}

export type AllOrgSync = KitBase & {
  activity: 'allOrgSync'
  /** The whole of the tenant's departments, each once. */
  departments: KitDepartment[]
}

/** What a kit call of either version asks for. */
export type KitCommand = TenantSync | ApplicationSync | AuthSync | SingleOrgSync | AllOrgSync
