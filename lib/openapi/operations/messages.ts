import { z } from 'zod'
import { bulkReplaySchema, replaySchema } from '@/lib/calls'
import { bulkItem } from '@/lib/calls/bulk-items'
import { messageDetail } from '@/lib/calls/message-detail'
import { messageItem, messageQuery } from '@/lib/calls/queries'
import { countedPageOf, pageOf, pageQuery } from '@/lib/http/paging'
import { defineOperation } from '../operation'
import { byId, time } from './shared'

const tag = 'Messages'

const change = z.object({ field: z.string(), from: z.unknown(), to: z.unknown() })

export const listMessages = defineOperation({
  method: 'GET',
  path: '/messages',
  tag,
  summary: 'Messages, the one with the newest call first',
  role: 'viewer',
  query: messageQuery,
  answer: countedPageOf(messageItem),
})

export const getMessage = defineOperation({
  method: 'GET',
  path: '/messages/{id}',
  tag,
  summary: 'A message with its attempts, notices, instance and order',
  role: 'viewer',
  params: byId,
  answer: messageDetail,
  failures: [404],
})

export const replayMessage = defineOperation({
  method: 'POST',
  path: '/messages/{id}/replay',
  tag,
  summary: 'Runs the newest call of a message again',
  description:
    'With the present code and configuration. `payload` edits the request; `dryRun` tells what would change and changes nothing.',
  role: 'operator',
  params: byId,
  body: replaySchema.omit({ messageId: true }).strict(),
  answer: z
    .object({
      replayId: z.guid().nullable().describe('the call the replay became; null after a dry run'),
      resultCode: z.string(),
      resultMsg: z.string(),
      changes: z.array(change),
    })
    .meta({ id: 'Replay' }),
  failures: [404, 409],
})

export const resolveMessage = defineOperation({
  method: 'POST',
  path: '/messages/{id}/resolve',
  tag,
  summary: 'Closes an open message with a note',
  role: 'operator',
  params: byId,
  body: z.strictObject({ note: z.string().trim().min(1, 'say why nothing more is to be done').max(2000) }),
  answer: messageItem,
  failures: [404, 409],
})

export const reopenMessage = defineOperation({
  method: 'POST',
  path: '/messages/{id}/reopen',
  tag,
  summary: 'Opens a resolved message again',
  role: 'operator',
  params: byId,
  answer: messageItem,
  failures: [404, 409],
})

export const partnerMail = defineOperation({
  method: 'GET',
  path: '/messages/{id}/partner-mail',
  tag,
  summary: "A draft of the mail to the marketplace's partner desk",
  role: 'operator',
  params: byId,
  answer: z.object({ to: z.string(), subject: z.string(), zh: z.string(), en: z.string() }).meta({ id: 'PartnerMail' }),
  failures: [404],
})

export const sendNotice = defineOperation({
  method: 'POST',
  path: '/messages/{id}/notices',
  tag,
  summary: 'Sends the mail, or records that it was copied and sent by hand',
  role: 'operator',
  params: byId,
  description:
    '`send: false` records that the text was copied and sent by other means. It goes to the partner desk only.',
  body: z.strictObject({
    to: z.email().optional(),
    subject: z.string(),
    zh: z.string(),
    en: z.string(),
    send: z.boolean(),
  }),
  answer: z.object({ id: z.guid(), state: z.enum(['sent', 'copied', 'failed']), error: z.string().optional() }),
  failures: [404, 409],
})

const bulkReplay = z
  .object({
    id: z.guid().describe('nil after a dry run'),
    state: z.enum(['planned', 'running', 'done', 'cancelled']),
    total: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    skipped: z.int(),
    counts: z.record(z.string(), z.int()).describe('messages by activity'),
    note: z.string().nullable(),
    createdBy: z.string(),
    createdAt: time,
    startedAt: time.nullable(),
    finishedAt: time.nullable(),
    oldest: time.nullable(),
    newest: time.nullable(),
    skippedReasons: z.array(z.object({ reason: z.string(), count: z.int() })),
  })
  .meta({ id: 'BulkReplay' })

export const createBulkReplay = defineOperation({
  method: 'POST',
  path: '/bulk-replays',
  tag: 'Bulk replays',
  summary: 'Replays every message that matches a filter, in the background',
  description: 'With `dryRun` only the plan is answered. Times in the filter are frozen now.',
  role: 'operator',
  body: bulkReplaySchema.strict(),
  answer: bulkReplay,
  failures: [409],
})

export const getBulkReplay = defineOperation({
  method: 'GET',
  path: '/bulk-replays/{id}',
  tag: 'Bulk replays',
  summary: 'The progress of a bulk replay',
  role: 'viewer',
  params: byId,
  answer: bulkReplay,
  failures: [404],
})

export const cancelBulkReplay = defineOperation({
  method: 'POST',
  path: '/bulk-replays/{id}/cancel',
  tag: 'Bulk replays',
  summary: 'Stops a bulk replay after the message it is at',
  role: 'operator',
  params: byId,
  answer: bulkReplay,
  failures: [404, 409],
})

export const bulkReplayItems = defineOperation({
  method: 'GET',
  path: '/bulk-replays/{id}/items',
  tag: 'Bulk replays',
  summary: 'What became of each message',
  role: 'viewer',
  params: byId,
  query: z.strictObject(pageQuery),
  answer: pageOf(bulkItem),
  failures: [404],
})

export const bulkReplayCsv = defineOperation({
  method: 'GET',
  path: '/bulk-replays/{id}/items.csv',
  tag: 'Bulk replays',
  summary: 'The same as a CSV file',
  role: 'viewer',
  params: byId,
  answerType: 'text/csv',
  failures: [404],
})
