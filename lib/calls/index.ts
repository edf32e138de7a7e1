export {
  bulkReplaySchema,
  cancelBulkReplay,
  createBulkReplay,
  getBulkReplay,
  runBulkReplay,
} from './bulk-replay'
export { settleApplication } from './license-delivery'
export { lostOrders, monthStart } from './lost-orders'
export { reopenMessage, resolveMessage, settleMessages } from './messages'
export { watchMissed } from './missed'
export { openPayload } from './payload'
export { countOpenMessages, messageItem, urgentMessages } from './queries'
export { afterCalls, receive } from './receive'
export { flushRefusals } from './refusals'
export { REHEARSAL_HEADER, rehearsalMark } from './rehearsal-mark'
export { replayMessage, replaySchema } from './replay'

export * from './types'
