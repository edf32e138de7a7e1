import { type License, licenseOfOrder, noteFetched, refusal } from '@/lib/licenses'
import { type Answer, type GetLicense, ResultCode } from '@/lib/marketplace'
import type { Activity, Decision } from './scene'

/** A licence 1.0 purchase: one order gets one licence, however often it is asked for (zh-cn_topic_0000001353181669). */
export const getLicense: Activity<GetLicense> = {
  businessKey: (command) => command.orderId,
  touches: () => ({}),
  async decide(command, scene) {
    const { license, asks } = await licenseOfOrder(command, scene)
    const about = { ...idsOf(license), customerId: command.customerId }
    if (license.state === 'denied') {
      const { code = ResultCode.internalError, error } = refusal(license)
      return { ...about, answer: { code, instanceId: license.instanceId ?? undefined, message: error ?? undefined } }
    }
    if (license.content) {
      // A replay is not sent to the marketplace: only its own call fetches.
      if (!scene.origin.actor) await noteFetched(license, scene)
      return { ...about, answer: licenseAnswer(license) }
    }
    if (asks) return { ...about, answer: waiting(license), awaits: license.id }
    if (license.reason !== 'pool-empty') return { ...about, answer: waiting(license) }
    const message = 'no prepared licence is left'
    return { ...about, answer: { code: ResultCode.noResource, instanceId: license.instanceId ?? undefined, message } }
  },
}

/** Calls and messages of a licence are found by its own id. */
export function idsOf(license: License): Pick<Decision, 'instanceId' | 'productRef'> & { licenseId: string } {
  return { licenseId: license.id, instanceId: license.instanceId ?? license.id, productRef: license.productRef }
}

export function licenseAnswer({ content, instanceId }: License): Answer {
  if (content?.type === 'text')
    return { code: ResultCode.success, instanceId: instanceId ?? undefined, license: content.text }
  return { code: ResultCode.internalError, message: 'the licence was issued as a file; this interface takes a text' }
}

function waiting({ instanceId }: License): Answer {
  return {
    code: ResultCode.processing,
    instanceId: instanceId ?? undefined,
    message: 'the licence is being made; please ask again',
  }
}
