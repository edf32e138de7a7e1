import type { InstanceState } from '@/lib/instances'
import { eventOf, findLicense, licenseOfEvent, licensesOfInstance, lockLicenses, refusal } from '@/lib/licenses'
import { type Answer, type GetLicenseAsync, ResultCode } from '@/lib/marketplace'
import { type Activity, done, productOf, releasedAnswer, type Scene, unknownInstance } from './scene'

/** A device applies for an online licence: accepted now, made and uploaded later (zh-cn_topic_0070649255). */
export const getLicenseAsync: Activity<GetLicenseAsync> = {
  businessKey: (command) => eventOf(command.eventId, command.deviceFingerprint),
  // Locked, so that an application and the release of its instance cannot pass each other by.
  touches: ({ instanceId }) => ({ instanceIds: [instanceId] }),
  async decide(command, scene) {
    const { instanceId } = command
    const state = scene.book.find(instanceId)?.state
    if (!state || state.test !== command.test) return unknownInstance(instanceId)
    const about = { instanceId, customerId: state.customerId, productRef: state.productRef }
    await lockLicenses(scene.tx)
    const refused = (await findLicense(scene.tx, command)) ? null : await refuse(command, state, scene)
    if (refused) return { ...about, answer: refused }
    const { license } = await licenseOfEvent(command, state, scene)
    const shown = { ...about, licenseId: license.id }
    if (state.state === 'released' && !license.deliveredAt) return { ...shown, answer: releasedAnswer(state) }
    if (license.state === 'denied') {
      const { code = ResultCode.internalError, error } = refusal(license)
      return { ...shown, answer: { code, message: error ?? undefined } }
    }
    if (license.deliveredAt) return { ...shown, answer: done }
    return { ...shown, answer: { code: ResultCode.processing, message: 'the licence is being made' } }
  },
}

/** Why an application is refused, or null. One for a released instance is kept, as one is that came before the release. */
async function refuse(command: GetLicenseAsync, state: InstanceState, scene: Scene): Promise<Answer | null> {
  if (state.state === 'released') return null
  const rules = productOf(scene, state)?.licenseRules
  const { expireTime, effectiveTime, deviceFingerprint } = command
  if (rules?.needsDevice && !deviceFingerprint) return { code: ResultCode.licenseNeedsDevice }
  if (rules?.checkDates) {
    if (!expireTime && state.chargingMode === 'PERIOD') return { code: ResultCode.licenseNeedsExpiry }
    const outside = expireTime && state.expiresAt && expireTime.getTime() > state.expiresAt.getTime() + dayMs
    const early = effectiveTime.getTime() < state.createdAt.getTime() - dayMs
    if (outside || early) return { code: ResultCode.licenseOutsideOrder }
  }
  const quota = state.quantity?.amount
  if (rules?.checkQuota && quota && (await licensesOfInstance(scene.tx, state.instanceId)) >= quota)
    return { code: ResultCode.licenseQuotaUsed }
  return null
}

/** The days of an order and of a licence may be counted in different zones. */
const dayMs = 86_400_000
