export { type AppInfo, appInfoSchema } from './app-info'
export { importPool, type PoolImport, poolLeft, takePoolAccount, takePoolLicense } from './pool'
export { needsOrder, renderTemplate } from './template'
export type { DeliveryFacts, DeliveryResult } from './types'
export {
  announceToWebhook,
  callDeliveryWebhook,
  type InstanceNews,
  postSigned,
  readObject,
  type WebhookEvent,
} from './webhook'
