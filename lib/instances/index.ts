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
export {
  applyEvent,
  type EventDraft,
  type InstanceEventType,
  type InstanceState,
  type PurchaseDetails,
  type Quantity,
} from './state'
export {
  addEvent,
  changeOf,
  type InstanceChange,
  knownEvents,
  loadAppInfos,
  loadInstances,
  openChange,
  PurchaseConflict,
  rebuildInstance,
  saveChanges,
} from './store'
export { changeStatus, correct, deliver, deliveryTrouble, refresh, release, upgrade } from './transitions'
