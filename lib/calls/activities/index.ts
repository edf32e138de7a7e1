import type { Command } from '@/lib/marketplace'
import { changeInstanceCheck } from './change-instance-check'
import {
  endOfLicense,
  refreshLicense,
  refreshLicenseCode,
  releaseLicenseCode,
  updateLicenseCodeStatus,
} from './change-license'
import { changeStatus, expireInstance } from './change-status'
import { getLicense } from './get-license'
import { getLicenseAsync } from './get-license-async'
import { allOrgSync, applicationSync, authSync, singleOrgSync, tenantSync } from './kit'
import { newInstance } from './new-instance'
import { orderNotify } from './order-notify'
import { queryInstance } from './query-instance'
import { refreshInstance } from './refresh-instance'
import { releaseInstance } from './release-instance'
import type { Activity } from './scene'
import { upgradeInstance } from './upgrade-instance'

/** Every activity the desk serves. */
const registry: Record<Command['activity'], Activity> = {
  newInstance,
  queryInstance,
  refreshInstance,
  updateInstanceStatus: changeStatus,
  instanceStatus: changeStatus,
  expireInstance,
  releaseInstance,
  upgradeInstance,
  upgrade: upgradeInstance,
  changeInstanceCheck,
  orderNotify,
  tenantSync,
  applicationSync,
  authSync,
  singleOrgSync,
  allOrgSync,
  getLicense,
  refreshLicense,
  expireLicense: endOfLicense,
  releaseLicense: endOfLicense,
  refreshLicenseCode,
  updateLicenseCodeStatus,
  releaseLicenseCode,
  getLicenseAsync,
}

export function activityOf(command: Command): Activity {
  return registry[command.activity]
}

export { type Decision, InstanceBook, type Scene } from './scene'
