export {
  bulkReplayItems,
  bulkReplaySchema,
  cancelBulkReplay,
  createBulkReplay,
  getBulkReplay,
  runBulkReplay,
} from './bulk-replay'
export { reopenMessage, resolveMessage, settleMessages } from './messages'
export { openPayload } from './payload'
export { afterCalls, receive } from './receive'
export { flushRefusals, REFUSALS_KEPT } from './refusals'
export { replayMessage, replaySchema } from './replay'
export { retryUntil, retryWindowHours } from './retry-windows'
export * from './types'
