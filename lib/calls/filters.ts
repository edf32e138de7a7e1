import { z } from 'zod'
import { Prisma } from '@/lib/db/client'
import { idFloor, isId } from '@/lib/db/ids'
import { anyOf, productsNamed, startsWith } from '@/lib/db/where'
import { flagSchema } from '@/lib/input'
import { lostOrders } from './lost-orders'
import { callOutcomes, callSources, messageStates } from './types'

// A call still being worked on is shown as processing.
const outcomes = callOutcomes.filter((outcome) => outcome !== 'received')

const shortText = (what: string) =>
  z
    .string()
    .trim()
    .min(1)
    .max(64)
    .regex(/^\P{Cc}*$/u, 'holds a control character')
    .describe(what)
const instant = (what: string) =>
  z.iso
    .datetime({ offset: true, error: 'is not an ISO 8601 time with a zone, such as 2026-01-31T16:00:00Z' })
    .transform((text) => new Date(text).toISOString())
    .describe(what)

const common = {
  activity: shortText('what the call asks for, such as newInstance').optional(),
  outcome: z.enum(outcomes).optional(),
  resultCode: z
    .string()
    .regex(/^\d{6}$/, 'must be six digits')
    .optional(),
  orderId: shortText('exactly this order').optional(),
  instanceId: shortText('exactly this instance').optional(),
  q: shortText('an id, or the start of one: order, order line, instance, customer, business, call, message').optional(),
  from: instant('not before this time').optional(),
  to: instant('before this time').optional(),
  test: flagSchema.describe('true: only test calls, false: only real ones').optional(),
}

export const callFilter = z.strictObject({
  ...common,
  messageId: z.guid('must be a UUID').optional(),
  source: z.enum(callSources).optional(),
})
export type CallFilter = z.output<typeof callFilter>

/** Also the filter of a bulk replay. Reading a filter that was read before gives the same again. */
export const messageFilter = z.strictObject({
  state: z.enum(messageStates).optional(),
  ...common,
  productId: shortText('a product of the desk by its id, or of the marketplace by its product id').optional(),
  cause: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'must be the id of a cause')
    .describe('open failed messages of this cause')
    .optional(),
  closingWithin: z.coerce
    .number()
    .int()
    .min(1)
    .max(1440)
    .describe('open failed messages whose retry window closes within so many minutes')
    .optional(),
  lostSince: instant('messages that cost their order since then, or are about to').optional(),
})
export type MessageFilter = z.output<typeof messageFilter>

const uuid = (id: string) => Prisma.sql`${id}::uuid`
const timestamp = (text: string) => Prisma.sql`${new Date(text)}::timestamptz`

/** Conditions on `calls`. Times become id ranges, so that only the months in question are read. */
export function callConditions(filter: CallFilter): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (filter.activity) is.push(Prisma.sql`activity = ${filter.activity}`)
  if (filter.outcome) is.push(outcomeIs(filter.outcome))
  if (filter.resultCode) is.push(Prisma.sql`result_code = ${filter.resultCode}`)
  if (filter.orderId) is.push(Prisma.sql`order_id = ${filter.orderId}`)
  if (filter.instanceId) is.push(Prisma.sql`instance_id = ${filter.instanceId}`)
  if (filter.messageId) is.push(Prisma.sql`message_id = ${uuid(filter.messageId)}`)
  if (filter.source) is.push(Prisma.sql`source = ${filter.source}`)
  if (filter.test !== undefined) is.push(Prisma.sql`test = ${filter.test}`)
  if (filter.from) is.push(Prisma.sql`id >= ${uuid(idFloor(Date.parse(filter.from)))}`)
  if (filter.to) is.push(Prisma.sql`id < ${uuid(idFloor(Date.parse(filter.to)))}`)
  if (filter.q) is.push(callMatches(filter.q))
  return is
}

/** Conditions on `messages m`. `from` and `to` speak of the newest call. */
export function messageConditions(filter: MessageFilter): Prisma.Sql[] {
  const is: Prisma.Sql[] = []
  if (filter.state) is.push(Prisma.sql`m.state = ${filter.state}`)
  if (filter.activity) is.push(Prisma.sql`m.activity = ${filter.activity}`)
  if (filter.outcome) is.push(outcomeIs(filter.outcome))
  if (filter.resultCode) is.push(Prisma.sql`m.result_code = ${filter.resultCode}`)
  if (filter.orderId) is.push(Prisma.sql`m.order_id = ${filter.orderId}`)
  if (filter.instanceId) is.push(Prisma.sql`m.instance_id = ${filter.instanceId}`)
  if (filter.test !== undefined) is.push(Prisma.sql`m.test = ${filter.test}`)
  if (filter.from) is.push(Prisma.sql`m.last_at >= ${timestamp(filter.from)}`)
  if (filter.to) is.push(Prisma.sql`m.last_at < ${timestamp(filter.to)}`)
  if (filter.productId) is.push(Prisma.sql`m.product_ref = ANY(${productsNamed(filter.productId)})`)
  const failing = Prisma.sql`m.state = 'open' AND m.outcome = 'failed'`
  if (filter.cause) {
    is.push(Prisma.sql`${failing} AND m.cause = ${filter.cause}`)
  }
  if (filter.closingWithin) {
    const until = Prisma.sql`now() + make_interval(mins => ${filter.closingWithin}::int)`
    is.push(Prisma.sql`${failing} AND coalesce(m.retry_until, 'infinity'::timestamptz) BETWEEN now() AND ${until}`)
  }
  if (filter.lostSince) {
    is.push(Prisma.sql`m.id = ANY(ARRAY(SELECT id FROM (${lostOrders(new Date(filter.lostSince))}) lost))`)
  }
  if (filter.q) is.push(messageMatches(filter.q))
  return is
}

function outcomeIs(outcome: string): Prisma.Sql {
  return outcome === 'processing' ? Prisma.sql`outcome IN ('processing', 'received')` : Prisma.sql`outcome = ${outcome}`
}

// Subqueries stand as arrays, so that the planner can join their matches with the other columns in one bitmap.
function callMatches(q: string): Prisma.Sql {
  const instances = Prisma.sql`ARRAY(SELECT instance_id FROM instances WHERE business_id = ${q} LIMIT 100)`
  const messages = Prisma.sql`ARRAY(SELECT m.id FROM messages m WHERE ${messageMatches(q)} LIMIT 10000)`
  const either = [
    startsWith('order_id', q),
    startsWith('instance_id', q),
    Prisma.sql`instance_id = ANY(${instances})`,
    Prisma.sql`message_id = ANY(${messages})`,
    ...idMatches('id', q),
  ]
  return anyOf(either)
}

function messageMatches(q: string): Prisma.Sql {
  const either = [
    ...['m.order_id', 'm.order_line_id', 'm.instance_id', 'm.customer_id'].map((column) => startsWith(column, q)),
    ...idMatches('m.id', q),
    ...idMatches('id', q).map(
      (is) => Prisma.sql`m.id = ANY(ARRAY(SELECT message_id FROM calls WHERE ${is} LIMIT 100))`,
    ),
  ]
  return anyOf(either)
}

const lowest = '00000000-0000-0000-0000-000000000000'
const highest = 'ffffffff-ffff-ffff-ffff-ffffffffffff'

/** An id of ours by its first eight or more characters, as a range. */
function idMatches(column: string, q: string): Prisma.Sql[] {
  const start = q.toLowerCase()
  if (start.length < 8 || start.length > 36 || !isId(start + lowest.slice(start.length))) return []
  const [from, to] = [start + lowest.slice(start.length), start + highest.slice(start.length)]
  return [Prisma.sql`${Prisma.raw(column)} BETWEEN ${uuid(from)} AND ${uuid(to)}`]
}
