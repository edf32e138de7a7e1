export { appInfoSchema } from './app-info'
export { importPool, takePoolAccount, takePoolLicense } from './pool'
export { needsOrder, renderTemplate } from './template'
export type { DeliveryFacts, DeliveryResult } from './types'
export {
  announceToWebhook,
  callDeliveryWebhook,
  postSigned,
  readObject,
} from './webhook'
