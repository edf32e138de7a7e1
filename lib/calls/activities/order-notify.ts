import type { OrderNotify } from '@/lib/marketplace'
import { orderWithLine } from '@/lib/orders'
import { type Activity, done } from './scene'

/** An order was placed: its content is fetched and kept, so that the purchase that follows finds it. */
export const orderNotify: Activity<OrderNotify> = {
  businessKey: (command) => command.orderLineId ?? command.orderId,
  touches: (command) => ({ orderIds: [command.orderId] }),
  decide(command, scene) {
    const { orderId, orderLineId } = command
    if (!orderWithLine(scene.orders, command) && scene.canQueryOrders)
      scene.jobs.push({ name: 'fetch-order', data: { orderId, orderLineId } })
    return { answer: done }
  },
}
