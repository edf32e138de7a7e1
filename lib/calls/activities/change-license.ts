import { changeLicenseCode, codePrint, endLicense, type License, renewLicense } from '@/lib/licenses'
import {
  type ChangeLicenseCodeStatus,
  type EndLicense,
  type RefreshLicense,
  type RefreshLicenseCode,
  type ReleaseLicenseCode,
  ResultCode,
} from '@/lib/marketplace'
import { idsOf } from './get-license'
import { type Activity, type Decision, done } from './scene'

/** Licence 1.0: the expiry moves on. */
export const refreshLicense: Activity<RefreshLicense> = {
  businessKey: (command) => `${command.orderId}:${command.instanceId}`,
  touches: () => ({}),
  decide: async (command, scene) => answer(await renewLicense(command, scene), command),
}

/** Licence 1.0: expired, or past its retention. */
export const endOfLicense: Activity<EndLicense> = {
  businessKey: (command) => command.instanceId ?? command.orderId ?? '',
  touches: () => ({}),
  decide: async (command, scene) => answer(await endLicense(command, scene), command),
}

/** Licence 2.0: renewed or a renewal refunded. A code is a secret, so its messages are named by a keyed hash of it. */
export const refreshLicenseCode: Activity<RefreshLicenseCode> = {
  businessKey: (command) => `${command.orderLineId ?? command.orderId}:${codePrint(command.license)}`,
  touches: () => ({}),
  decide: async (command, scene) => answer(await changeLicenseCode(command, scene), {}),
}

/** Licence 2.0: frozen or unfrozen. */
export const updateLicenseCodeStatus: Activity<ChangeLicenseCodeStatus> = {
  businessKey: (command) => `${codePrint(command.license)}:${command.status}`,
  touches: () => ({}),
  decide: async (command, scene) => answer(await changeLicenseCode(command, scene), {}),
}

/** Licence 2.0: the end of a code. */
export const releaseLicenseCode: Activity<ReleaseLicenseCode> = {
  businessKey: (command) => codePrint(command.license),
  touches: () => ({}),
  decide: async (command, scene) => answer(await changeLicenseCode(command, scene), {}),
}

function answer(license: License | null, named: { instanceId?: string | null; orderId?: string | null }): Decision {
  if (license) return { ...idsOf(license), customerId: license.customerId, answer: done }
  const { instanceId, orderId } = named
  const about = instanceId ? `instanceId: no licence "${instanceId}"` : `orderId: no licence of order "${orderId}"`
  return { answer: { code: ResultCode.unknownInstance, message: `${about} was issued here` }, instanceId }
}
