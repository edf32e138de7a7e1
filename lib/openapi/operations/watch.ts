import { z } from 'zod'
import { alertItem, alertQuery, alertSettingsInput, alertSettingsSchema, alertTestSchema } from '@/lib/alerts'
import { auditQuerySchema } from '@/lib/audit/queries'
import { acknowledgeSchema, causeId, causeItem } from '@/lib/calls/causes'
import { messageFilter } from '@/lib/calls/filters'
import { pageOf } from '@/lib/http/paging'
import { instanceQuery } from '@/lib/instances/queries'
import { overviewSchema } from '@/lib/overview'
import { retentionSchema } from '@/lib/retention'
import { searchHit, searchQuery } from '@/lib/search'
import { newViewSchema, viewSchema } from '@/lib/views'
import { defineOperation } from '../operation'
import { byId } from './shared'

const listOf = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), nextCursor: z.null() })

export const getOverview = defineOperation({
  method: 'GET',
  path: '/overview',
  tag: 'Desk',
  summary: 'What is urgent, how far each product is from being delisted, what is stuck',
  role: 'viewer',
  answer: overviewSchema,
})

export const search = defineOperation({
  method: 'GET',
  path: '/search',
  tag: 'Desk',
  summary: 'Finds messages, calls, instances, orders and customers by the beginning of an id or name',
  role: 'viewer',
  query: searchQuery,
  answer: listOf(searchHit),
})

const cause = z.object({ id: causeId })

export const listCauses = defineOperation({
  method: 'GET',
  path: '/causes',
  tag: 'Causes',
  summary: 'What open failed messages have in common, what nobody took note of first',
  role: 'viewer',
  query: messageFilter,
  answer: listOf(causeItem),
})

export const acknowledgeCause = defineOperation({
  method: 'POST',
  path: '/causes/{id}/acknowledge',
  tag: 'Causes',
  summary: 'Takes note of a cause until another message fails for it',
  role: 'operator',
  params: cause,
  body: acknowledgeSchema,
  answer: causeItem,
  failures: [404, 409],
})

export const reopenCause = defineOperation({
  method: 'POST',
  path: '/causes/{id}/reopen',
  tag: 'Causes',
  summary: 'Takes an acknowledgement back',
  role: 'operator',
  params: cause,
  answer: causeItem,
  failures: [404, 409],
})

export const listViews = defineOperation({
  method: 'GET',
  path: '/views',
  tag: 'Saved views',
  summary: 'Own and shared views of a page, by name',
  role: 'viewer',
  query: z.strictObject({ page: newViewSchema.shape.page }),
  answer: listOf(viewSchema),
})

export const saveView = defineOperation({
  method: 'POST',
  path: '/views',
  tag: 'Saved views',
  summary: 'Keeps a filter under a name; the same name again replaces it',
  role: 'viewer',
  body: newViewSchema,
  answer: viewSchema,
  failures: [409],
})

export const deleteView = defineOperation({
  method: 'DELETE',
  path: '/views/{id}',
  tag: 'Saved views',
  summary: 'Deletes a view',
  role: 'viewer',
  params: byId,
  status: 204,
  failures: [404],
})

export const listAlerts = defineOperation({
  method: 'GET',
  path: '/alerts',
  tag: 'Alerts',
  summary: 'What the staff were told about, newest first',
  role: 'viewer',
  query: alertQuery,
  answer: pageOf(alertItem),
})

export const getAlertSettings = defineOperation({
  method: 'GET',
  path: '/alert-settings',
  tag: 'Alerts',
  summary: 'Who is told what, and when not',
  role: 'admin',
  answer: alertSettingsSchema,
})

export const saveAlertSettings = defineOperation({
  method: 'PUT',
  path: '/alert-settings',
  tag: 'Alerts',
  summary: 'Replaces the settings of the alerts',
  role: 'admin',
  body: alertSettingsInput,
  answer: alertSettingsSchema,
})

export const testAlerts = defineOperation({
  method: 'POST',
  path: '/alert-settings/test',
  tag: 'Alerts',
  summary: 'Sends a test over every channel that is set up',
  role: 'admin',
  answer: alertTestSchema,
})

export const getRetention = defineOperation({
  method: 'GET',
  path: '/retention',
  tag: 'Retention',
  summary: 'How long calls and their contents are kept',
  role: 'admin',
  answer: retentionSchema,
})

export const saveRetention = defineOperation({
  method: 'PUT',
  path: '/retention',
  tag: 'Retention',
  summary: 'Changes how long they are kept; what is gone stays gone',
  role: 'admin',
  body: retentionSchema,
  answer: retentionSchema,
})

export const auditCsv = defineOperation({
  method: 'GET',
  path: '/audit.csv',
  tag: 'Audit',
  summary: 'The audit log as a CSV file, newest first',
  role: 'admin',
  query: auditQuerySchema.omit({ limit: true, cursor: true }),
  answerType: 'text/csv',
})

export const instancesCsv = defineOperation({
  method: 'GET',
  path: '/instances.csv',
  tag: 'Instances',
  summary: 'Instances that match as a CSV file, newest first',
  role: 'viewer',
  query: instanceQuery.omit({ limit: true, cursor: true }),
  answerType: 'text/csv',
})
