export { appInfoSchema } from '@/lib/delivery'
export { correctInstance, enterAppInfo, requestDelivery, revealAppInfo } from './actions'
export { announceInstance, type DeliveryEnd, deliverInstance, deliverInstances, learnUpgradeOrder } from './deliver'
export { factsOf, factsOfOrder } from './facts'
export {
  countWaitingDeliveries,
  findInstance,
  findInstanceOfOrderLine,
  findInstances,
  type InstanceItem,
  instanceItem,
} from './queries'
export type {
  EventDraft,
  InstanceState,
  PurchaseDetails,
  Quantity,
} from './state'
export {
  addEvent,
  changeOf,
  type InstanceChange,
  knownEvents,
  loadAppInfos,
  loadInstances,
  openChange,
  rebuildInstance,
  saveChanges,
} from './store'
export { changeStatus, correct, deliver, deliveryTrouble, refresh, release, upgrade } from './transitions'
