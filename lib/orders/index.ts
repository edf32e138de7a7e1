export { fetchOrder, type KnownOrder } from './client'
export { answersOf, lookUpsOf, orderAnswer, orderLookUp } from './history'
export { everyOrder, listOrders, orderFilter, orderItem, orderQuery, sumOf } from './list'
export {
  keepOrder,
  type LookedUpOrder,
  lookedUpOrderSchema,
  lookUpOrder,
  revealBuyer,
} from './look-up'
export { changeOrderSettings, getOrderSettings, orderSettings } from './settings'
export { findOrder, findOrders, orderWithLine, saveOrder, saveOrders } from './store'
export {
  noteSupervision,
  noteSupervisionSchema,
  supervisionNote,
  supervisionOf,
} from './supervision'
export { type OrderView, orderViewSchema, viewOrder } from './view'
export { orderZone } from './zone'
