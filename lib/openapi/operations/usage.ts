import { z } from 'zod'
import { countedPageOf, pageOf } from '@/lib/http/paging'
import { FILE_BYTES, fileQuery, usageImport, usageReconciliation } from '@/lib/usage/files'
import { mendSchema, requeueSchema, settleSchema } from '@/lib/usage/mend'
import {
  usageDays,
  usageDaysQuery,
  usageGaps,
  usageMonthFilter,
  usageMonthItem,
  usageMonthQuery,
  usageProductMonth,
} from '@/lib/usage/months'
import { newPushSchema, usagePush, usagePushQuery } from '@/lib/usage/pushes'
import { monthText, usageRecordFilter, usageRecordItem, usageRecordQuery } from '@/lib/usage/queries'
import { newRecordsSchema, recordResult } from '@/lib/usage/records'
import { usageSettingsSchema } from '@/lib/usage/settings'
import { defineOperation } from '../operation'
import { byId, time } from './shared'

const tag = 'Usage'
const fileBody = { limit: FILE_BYTES }

export const addUsageRecords = defineOperation({
  method: 'POST',
  path: '/usage-records',
  tag,
  summary: 'Takes in up to 1000 metering records',
  description:
    'Each record has a result of its own: `created`, `unchanged` when its `meteringSn` is known already, or `refused` with the rule it breaks; the answer is 200 in each case.',
  role: 'operator',
  body: newRecordsSchema,
  answer: z.object({ results: z.array(recordResult) }),
})

export const listUsageRecords = defineOperation({
  method: 'GET',
  path: '/usage-records',
  tag,
  summary: 'Metering records, newest first',
  role: 'viewer',
  query: usageRecordQuery,
  answer: countedPageOf(usageRecordItem),
})

export const usageRecordsCsv = defineOperation({
  method: 'GET',
  path: '/usage-records.csv',
  tag,
  summary: 'The same as a CSV file, all of them',
  role: 'viewer',
  query: usageRecordFilter,
  answerType: 'text/csv',
})

export const mendUsageRecord = defineOperation({
  method: 'POST',
  path: '/usage-records/{id}/mend',
  tag,
  summary: 'Corrects a rejected record and queues it again',
  description: 'Under another number where the rejection demands one.',
  role: 'operator',
  params: byId,
  body: mendSchema,
  answer: usageRecordItem,
  failures: [404, 409],
})

export const requeueUsageRecords = defineOperation({
  method: 'POST',
  path: '/usage-records/requeue',
  tag,
  summary: 'Queues rejected records again as they are, at most 10,000',
  role: 'operator',
  body: requeueSchema,
  answer: z.object({ queued: z.int(), left: z.int().describe('that match and stay rejected') }),
})

export const importUsage = defineOperation({
  method: 'POST',
  path: '/usage-imports',
  tag,
  summary: 'Takes in the records of a CSV or XLSX file, or only checks them',
  description: 'At most 20 MiB and 200,000 rows. Columns in any order, in Chinese or English.',
  role: 'operator',
  query: fileQuery,
  fileBody,
  answer: usageImport,
  failures: [413],
})

export const usageImportErrors = defineOperation({
  method: 'POST',
  path: '/usage-imports/errors',
  tag,
  summary: 'The rows of a file that would be refused, with their reasons, as a CSV file',
  role: 'operator',
  query: fileQuery,
  fileBody,
  answerType: 'text/csv',
  failures: [413],
})

export const reconcileUsage = defineOperation({
  method: 'POST',
  path: '/usage-reconciliations',
  tag,
  summary: 'Takes over later rejections from the list exported under 话单管理',
  role: 'operator',
  query: fileQuery,
  fileBody,
  answer: usageReconciliation,
  failures: [413],
})

export const createUsagePush = defineOperation({
  method: 'POST',
  path: '/usage-pushes',
  tag,
  summary: 'Pushes what is collected and not pushed yet, in the background',
  description:
    'Takes every draft and queued record of the filter, also of products whose use waits for a review; without a filter those of ' +
    'all products and months. With `dryRun` it only counts.',
  role: 'operator',
  body: newPushSchema,
  answer: usagePush,
})

export const listUsagePushes = defineOperation({
  method: 'GET',
  path: '/usage-pushes',
  tag,
  summary: 'Pushes, newest first',
  role: 'viewer',
  query: usagePushQuery,
  answer: pageOf(usagePush),
})

export const usagePushesCsv = defineOperation({
  method: 'GET',
  path: '/usage-pushes.csv',
  tag,
  summary: 'The same as a CSV file, all of them',
  role: 'viewer',
  query: z.strictObject({ state: usagePushQuery.shape.state }),
  answerType: 'text/csv',
})

export const getUsagePush = defineOperation({
  method: 'GET',
  path: '/usage-pushes/{id}',
  tag,
  summary: 'The progress of a push',
  role: 'viewer',
  params: byId,
  answer: usagePush,
  failures: [404],
})

export const cancelUsagePush = defineOperation({
  method: 'POST',
  path: '/usage-pushes/{id}/cancel',
  tag,
  summary: 'Stops a push after the requests under way',
  role: 'operator',
  params: byId,
  answer: usagePush,
  failures: [404, 409],
})

export const listUsageMonths = defineOperation({
  method: 'GET',
  path: '/usage-months',
  tag,
  summary: "A month's use by instance",
  role: 'viewer',
  query: usageMonthQuery,
  answer: countedPageOf(usageMonthItem),
})

export const usageMonthsCsv = defineOperation({
  method: 'GET',
  path: '/usage-months.csv',
  tag,
  summary: 'The same as a CSV file, all of them',
  role: 'viewer',
  query: usageMonthFilter,
  answerType: 'text/csv',
})

export const usageOverview = defineOperation({
  method: 'GET',
  path: '/usage-overview',
  tag,
  summary: "A month's use by product, with what waits and until when",
  role: 'viewer',
  query: z.strictObject({ month: monthText }),
  answer: z.object({ items: z.array(usageProductMonth), nextCursor: z.null() }),
})

export const listUsageDays = defineOperation({
  method: 'GET',
  path: '/usage-days',
  tag,
  summary: 'Use by day of a month and of the month before',
  role: 'viewer',
  query: usageDaysQuery,
  answer: usageDays,
})

export const usageGapsOfInstance = defineOperation({
  method: 'GET',
  path: '/usage-gaps',
  tag,
  summary: 'When an instance was open and no use is recorded',
  role: 'viewer',
  query: z.strictObject({ instanceId: z.string().min(1).max(64), month: monthText }),
  answer: usageGaps,
})

export const setUsageSettings = defineOperation({
  method: 'PUT',
  path: '/usage-settings/{id}',
  tag,
  summary: 'How the usage of a product is pushed',
  role: 'admin',
  params: byId,
  body: usageSettingsSchema,
  answer: usageSettingsSchema,
  failures: [404],
})

export const settleUsage = defineOperation({
  method: 'POST',
  path: '/usage-settlements',
  tag,
  summary: 'Closes the month of a product',
  role: 'operator',
  body: settleSchema,
  answer: z.object({ settledAt: time }),
  failures: [409],
})
