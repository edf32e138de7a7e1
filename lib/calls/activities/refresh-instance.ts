import { refresh } from '@/lib/instances'
import type { RefreshInstance } from '@/lib/marketplace'
import { type Activity, announce, done, productOf, readTime, releasedAnswer, withInstance } from './scene'

/** A renewal, a trial turned formal, a refunded renewal: the expiry becomes what the call says, never twice per order. */
export const refreshInstance: Activity<RefreshInstance> = {
  businessKey: (command) => `${order(command)}:${command.instanceId}`,
  touches: (command) => ({
    instanceIds: [command.instanceId],
    dedupeKeys: [`refresh:${order(command)}`, `refund:${order(command)}`],
  }),
  decide: (command, scene) =>
    withInstance(scene, command, (change) => {
      if (change.state.state === 'released' && !command.test) return { answer: releasedAnswer(change.state) }
      const event = refresh(change.state, {
        scene: command.scene,
        order: order(command),
        expiresAt: readTime(command.expireTime, productOf(scene, change.state)),
        productId: command.productId,
        periodType: command.periodType,
        periodNumber: command.periodNumber,
        liftsExpiry: scene.protocol === 'saas-v1',
        sentAt: scene.sentAt,
      })
      const isNew = scene.book.record(change, event, scene.origin)
      if (isNew && event.applied) announce(scene, change, 'instance.renewed')
      return { answer: done }
    }),
}

function order(command: RefreshInstance): string {
  return command.orderLineId ?? command.orderId
}
