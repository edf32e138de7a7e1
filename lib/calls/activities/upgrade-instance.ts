import { type Quantity, upgrade } from '@/lib/instances'
import type { UpgradeInstance } from '@/lib/marketplace'
import { type Activity, announce, done, releasedAnswer, withInstance } from './scene'

/** A bigger specification under the same instance: V1 says which, V2 leaves it to the order query. */
export const upgradeInstance: Activity<UpgradeInstance> = {
  businessKey: (command) => `${order(command)}:${command.instanceId}`,
  touches: (command) => ({ instanceIds: [command.instanceId], dedupeKeys: [`upgrade:${order(command)}`] }),
  decide: (command, scene) =>
    withInstance(scene, command, (change) => {
      if (change.state.state === 'released' && !command.test) return { answer: releasedAnswer(change.state) }
      const event = upgrade(change.state, {
        order: order(command),
        productId: command.productId,
        skuCode: command.skuCode,
        quantity: quantityOf(command),
        sentAt: scene.sentAt,
      })
      if (!scene.book.record(change, event, scene.origin)) return { answer: done }
      if (event.applied && scene.protocol === 'saas-v2' && scene.canQueryOrders) {
        const { orderId, orderLineId } = command
        const { instanceId } = command
        scene.jobs.push({ name: 'learn-upgrade', data: { instanceId, orderId, orderLineId } })
      } else if (event.applied) announce(scene, change, 'instance.upgraded')
      return { answer: done }
    }),
}

function order(command: UpgradeInstance): string {
  return command.orderLineId ?? command.orderId
}

function quantityOf(command: UpgradeInstance): Quantity | null {
  const sizes = { amount: command.amount, diskSize: command.diskSize, bandWidth: command.bandWidth }
  const sent = Object.entries(sizes).filter(([, size]) => size !== null)
  return sent.length > 0 ? (Object.fromEntries(sent) as Quantity) : null
}
