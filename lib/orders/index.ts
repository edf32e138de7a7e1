export { fetchOrder, type KnownOrder } from './client'
export { answersOf, lookUpsOf, orderAnswer, orderLookUp } from './history'
export { chargingModes, everyOrder, listOrders, orderFilter, orderItem, orderQuery, orderTypes, sumOf } from './list'
export {
  keepOrder,
  type LookedUpOrder,
  lookedUpOrderSchema,
  lookUpOrder,
  lookUpOrderSchema,
  revealBuyer,
} from './look-up'
export { changeOrderSettings, getOrderSettings, orderSettings } from './settings'
export { findOrder, findOrders, orderWithLine, saveOrder, saveOrders } from './store'
export {
  noteSupervision,
  noteSupervisionSchema,
  supervisionNote,
  supervisionOf,
  supervisionStates,
} from './supervision'
export { type OrderView, orderViewSchema, viewOrder } from './view'
export { orderZone } from './zone'
