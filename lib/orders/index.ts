export { fetchOrder, type KnownOrder } from './client'
export { type LookedUpOrder, lookedUpOrderSchema, lookUpOrder } from './look-up'
export { findOrder, findOrders, orderWithLine, saveOrder, saveOrders } from './store'
export { type OrderView, orderViewSchema, viewOrder } from './view'
