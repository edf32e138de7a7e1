import { z } from 'zod'
import { countedPageOf, pageOf } from '@/lib/http/paging'
import {
  lookedUpOrderSchema,
  noteSupervisionSchema,
  orderFilter,
  orderItem,
  orderQuery,
  orderSettings,
  orderViewSchema,
  supervisionNote,
} from '@/lib/orders'
import {
  acceptSchema,
  driftItem,
  driftQuery,
  IMPORT_BYTES,
  importFileSchema,
  importItem,
  importQuery,
  importRow,
  importRowQuery,
  orderComparison,
  orderDossier,
  takeOverSchema,
} from '@/lib/reconcile'
import { defineOperation } from '../operation'
import { byId } from './shared'

const tag = 'Orders'
const params = z.object({ orderId: z.string().min(1).max(64) })
const instanceParams = z.object({ instanceId: z.string().min(1).max(64) })
const queued = z.object({ queued: z.int() })

export const listOrders = defineOperation({
  method: 'GET',
  path: '/orders',
  tag,
  summary: 'Stored orders, newest first',
  role: 'viewer',
  query: orderQuery,
  answer: countedPageOf(orderItem),
})

export const ordersCsv = defineOperation({
  method: 'GET',
  path: '/orders.csv',
  tag,
  summary: 'The same as a CSV file',
  role: 'viewer',
  query: orderFilter,
  answerType: 'text/csv',
})

export const getOrder = defineOperation({
  method: 'GET',
  path: '/orders/{orderId}',
  tag,
  summary: 'An order, stored or fresh from the marketplace',
  description:
    'With `refresh=1` the marketplace is asked also when the order is stored; that needs an operator. When it does not tell, ' +
    'the stored order is answered with `refreshFailure`.',
  role: 'viewer',
  params,
  query: z.strictObject({ orderLineId: z.string().max(64).optional(), refresh: z.enum(['0', '1']).optional() }),
  answer: lookedUpOrderSchema.meta({ id: 'Order', description: 'An order as the marketplace told it.' }),
  failures: [404, 503],
})

export const getOrderDossier = defineOperation({
  method: 'GET',
  path: '/orders/{orderId}/dossier',
  tag,
  summary:
    'What the desk knows of an order: messages, instances, what is expected, drifts, notes, look-ups, earlier answers',
  role: 'viewer',
  params,
  answer: orderDossier,
})

export const revealOrder = defineOperation({
  method: 'POST',
  path: '/orders/{orderId}/reveal',
  tag,
  summary: 'The buyer with phone and mail; leaves an audit entry',
  role: 'admin',
  params,
  answer: z.object({ buyer: orderViewSchema.shape.buyer }),
  failures: [404],
})

export const noteSupervision = defineOperation({
  method: 'POST',
  path: '/orders/{orderId}/supervision',
  tag,
  summary: 'Notes where the service supervision (服务监管) of an order stands',
  role: 'operator',
  params,
  body: noteSupervisionSchema.omit({ orderId: true }).strict(),
  answer: supervisionNote,
  status: 201,
})

export const getOrderSettings = defineOperation({
  method: 'GET',
  path: '/order-settings',
  tag,
  summary: 'How orders are read',
  role: 'viewer',
  answer: orderSettings.meta({ id: 'OrderSettings' }),
})

export const changeOrderSettings = defineOperation({
  method: 'PUT',
  path: '/order-settings',
  tag,
  summary: 'Changes how orders are read',
  role: 'admin',
  body: orderSettings,
  answer: orderSettings,
})

export const listOrderDrifts = defineOperation({
  method: 'GET',
  path: '/order-drifts',
  tag,
  summary: 'What orders and the desk do not agree about, newest first',
  role: 'viewer',
  query: driftQuery,
  answer: countedPageOf(driftItem),
})

export const checkOrders = defineOperation({
  method: 'POST',
  path: '/order-drifts/check',
  tag,
  summary: 'Compares everything again, in the background',
  role: 'operator',
  answer: z.object({ queued: z.literal(true) }),
})

export const fetchMissingOrders = defineOperation({
  method: 'POST',
  path: '/order-drifts/fetch-missing',
  tag,
  summary: 'Asks the marketplace for the orders that calls were about and that are not stored, 200 at most',
  role: 'operator',
  answer: queued,
  failures: [409],
})

export const acceptOrderDrift = defineOperation({
  method: 'POST',
  path: '/order-drifts/{id}/accept',
  tag,
  summary: 'Records that a drift is handled outside the desk',
  role: 'operator',
  params: byId,
  body: acceptSchema,
  answer: driftItem,
  failures: [404, 409],
})

export const reopenOrderDrift = defineOperation({
  method: 'POST',
  path: '/order-drifts/{id}/reopen',
  tag,
  summary: 'Takes that back',
  role: 'operator',
  params: byId,
  answer: driftItem,
  failures: [404, 409],
})

export const compareInstance = defineOperation({
  method: 'GET',
  path: '/instances/{instanceId}/order-comparison',
  tag: 'Instances',
  summary: 'An instance beside its purchase order, field by field',
  description: 'With `refresh=1` the marketplace is asked first; that needs an operator.',
  role: 'viewer',
  params: instanceParams,
  query: z.strictObject({ refresh: z.enum(['0', '1']).optional() }),
  answer: orderComparison,
  failures: [404],
})

export const takeOverOrder = defineOperation({
  method: 'POST',
  path: '/instances/{instanceId}/take-over-order',
  tag: 'Instances',
  summary: 'Takes fields over from the stored order, where they differ',
  role: 'operator',
  params: instanceParams,
  body: takeOverSchema,
  answer: orderComparison,
  failures: [404, 409],
})

export const listOrderImports = defineOperation({
  method: 'GET',
  path: '/order-imports',
  tag,
  summary: 'Imported files, newest first',
  role: 'viewer',
  query: importQuery,
  answer: pageOf(importItem),
})

export const importOrders = defineOperation({
  method: 'POST',
  path: '/order-imports',
  tag,
  summary: "Imports a file of the console's transaction details or bills and matches its rows",
  description:
    'CSV or XLSX, at most 20 MiB and 20,000 rows. Columns may stand in any order and be headed in Chinese or English; one of order numbers is needed.',
  role: 'operator',
  query: importFileSchema,
  fileBody: { limit: IMPORT_BYTES },
  answer: importItem,
  status: 201,
  failures: [409, 413],
})

export const getOrderImport = defineOperation({
  method: 'GET',
  path: '/order-imports/{id}',
  tag,
  summary: 'An imported file',
  role: 'viewer',
  params: byId,
  answer: importItem,
  failures: [404],
})

export const listOrderImportRows = defineOperation({
  method: 'GET',
  path: '/order-imports/{id}/rows',
  tag,
  summary: 'Its rows in the order of the file, with what was found',
  role: 'viewer',
  params: byId,
  query: importRowQuery,
  answer: countedPageOf(importRow),
  failures: [404],
})

export const orderImportCsv = defineOperation({
  method: 'GET',
  path: '/order-imports/{id}/rows.csv',
  tag,
  summary: 'The same as a CSV file',
  role: 'viewer',
  params: byId,
  query: importRowQuery.pick({ result: true }),
  answerType: 'text/csv',
  failures: [404],
})

export const matchOrderImport = defineOperation({
  method: 'POST',
  path: '/order-imports/{id}/match',
  tag,
  summary: 'Matches its rows again, with what the desk knows by now',
  role: 'operator',
  params: byId,
  answer: importItem,
  failures: [404],
})

export const fetchOrderImport = defineOperation({
  method: 'POST',
  path: '/order-imports/{id}/fetch',
  tag,
  summary: 'Asks the marketplace for the orders in it that the desk does not know, 200 at most',
  role: 'operator',
  params: byId,
  answer: queued,
  failures: [404],
})
