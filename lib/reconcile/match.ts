import { catalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import type { InstanceItem } from '@/lib/instances'
import { type OrderView, orderZone, sumOf, viewOrder } from '@/lib/orders'
import { type ImportField, inOurWords, readAmount, readConsoleTime, sameAmount } from './columns'
import { type KnownMessage, knowledgeOf } from './knowledge'

export const rowResults = ['matched', 'differs', 'no-order', 'no-call', 'missing', 'unreadable'] as const
export type RowResult = (typeof rowResults)[number]

export type Facts = Partial<Record<ImportField, string>>
export type FileRow = { position: number; facts: Facts }
export type Difference = { field: string; file: string | null; desk: string | null }
export type MatchedRow = FileRow & {
  orderId: string | null
  orderLineId: string | null
  instanceId: string | null
  result: RowResult
  differences: Difference[]
}

const TOGETHER = 500
const MINUTE_MS = 60_000

/** Finds the order and instance of each row, and what the file says otherwise than the desk. */
export async function matchRows(rows: FileRow[]): Promise<MatchedRow[]> {
  const groups = new Map<string, FileRow[]>()
  const matched: MatchedRow[] = []
  for (const row of rows) {
    const orderId = orderIdOf(row.facts)
    if (orderId === null) matched.push({ ...row, ...nothing, result: 'unreadable' })
    else groups.set(orderId, [...(groups.get(orderId) ?? []), row])
  }
  const ids = [...groups.keys()]
  const config = await catalog()
  for (let at = 0; at < ids.length; at += TOGETHER) {
    const some = ids.slice(at, at + TOGETHER)
    const known = await knowledgeOf(some)
    const notes = await prisma().$queryRaw<{ orderId: string; state: string }[]>`
      SELECT DISTINCT ON (order_id) order_id AS "orderId", state FROM supervision_notes
      WHERE order_id = ANY(${some}::text[]) ORDER BY order_id, at DESC, id DESC`
    const supervision = new Map(notes.map(({ orderId, state }) => [orderId, state]))
    for (const orderId of some) {
      const order = known.orders.get(orderId)
      const about = {
        orderId,
        order: order ? viewOrder(order, { timeZone: orderZone(order, config), masked: true }) : null,
        messages: known.messages.filter((message) => message.orderId === orderId),
        instances: known.instances.filter((instance) => instance.orderId === orderId),
        supervision: supervision.get(orderId) ?? null,
      }
      const inFile = groups.get(orderId) ?? []
      inFile.forEach((row, index) => {
        matched.push(matchRow(row, about, index === 0 ? inFile : null))
      })
    }
  }
  return matched.sort((a, b) => a.position - b.position)
}

const nothing = { orderId: null, orderLineId: null, instanceId: null, differences: [] }

/** Some consoles print the line only; its order is what stands before the last dash. */
function orderIdOf({ orderId, orderLineId }: Facts): string | null {
  const given = orderId ?? orderLineId?.replace(/-\d{1,8}$/, '')
  return given && /^[\w.-]{1,64}$/.test(given) ? given : null
}

type About = {
  orderId: string
  order: OrderView | null
  messages: KnownMessage[]
  instances: InstanceItem[]
  supervision: string | null
}

/** `group`: all rows of the order, given with the first of them, which answers for their sum. */
function matchRow(row: FileRow, about: About, group: FileRow[] | null): MatchedRow {
  const { facts } = row
  const { orderId, order, messages, instances } = about
  const orderLineId = facts.orderLineId ?? null
  const instance = instances.find((one) => !orderLineId || !one.orderLineId || one.orderLineId === orderLineId)
  const found = { ...row, orderId, orderLineId, instanceId: instance?.instanceId ?? null }
  const unheard = messages.length === 0 && instances.length === 0
  if (unheard && !order) return { ...found, result: 'no-order', differences: [] }
  const differences = [
    ...(order ? againstOrder(facts, order, orderLineId, group) : []),
    ...(instance ? againstInstance(facts, instance, order !== null) : []),
    ...againstNote(facts, about.supervision),
  ]
  if (unheard) return { ...found, result: 'no-call', differences }
  return { ...found, result: differences.length > 0 ? 'differs' : 'matched', differences }
}

function againstOrder(
  facts: Facts,
  order: OrderView,
  orderLineId: string | null,
  group: FileRow[] | null,
): Difference[] {
  const line = order.lines.find((one) => one.orderLineId === orderLineId)
  const lines = line ? [line] : order.lines
  const bought = lines.flatMap(({ products }) => products)
  const found: Difference[] = []
  const differ = (field: ImportField, desk: string | null) => found.push({ field, file: facts[field] ?? null, desk })

  if (orderLineId && !line) differ('orderLineId', order.lines.map((one) => one.orderLineId).join(', '))
  const type = facts.orderType && inOurWords('orderType', facts.orderType)
  if (type && type !== order.orderType) differ('orderType', order.orderType)
  const mode = facts.chargingMode && inOurWords('chargingMode', facts.chargingMode)
  if (mode && lines.every(({ chargingMode }) => chargingMode !== null && chargingMode !== mode))
    differ('chargingMode', lines[0]?.chargingMode ?? null)
  if (
    facts.customerName &&
    order.buyer?.customerName &&
    !sameText(facts.customerName, order.buyer.customerName, order.buyer.customerRealName)
  )
    differ('customerName', order.buyer.customerName)
  if (facts.customerId && order.buyer?.customerId && facts.customerId !== order.buyer.customerId)
    differ('customerId', order.buyer.customerId)
  for (const field of ['productId', 'skuCode'] as const) {
    const ids = bought.flatMap((product) => product[field] ?? [])
    if (facts[field] && ids.length > 0 && !ids.includes(facts[field])) differ(field, ids.join(', '))
  }
  const [only, ...others] = bought
  if (facts.quantity && others.length === 0 && only?.linearValue !== null && only?.linearValue !== undefined) {
    const quantity = readAmount(facts.quantity)
    if (quantity && !sameAmount(quantity, String(only.linearValue))) differ('quantity', String(only.linearValue))
  }
  const at = facts.createdAt ? readConsoleTime(facts.createdAt) : null
  if (at && order.createdAt && Math.abs(at.getTime() - Date.parse(order.createdAt)) >= MINUTE_MS)
    differ('createdAt', order.createdAt)
  for (const field of ['amount', 'amountAfterDiscount'] as const) {
    const desk = sumOf(lines.map((one) => one[field]))
    const told = line ? [facts[field]] : (group ?? []).map((one) => one.facts[field])
    const file = told.length > 0 ? sumOf(told.map((text) => (text ? readAmount(text) : null))) : null
    if (desk && file && !sameAmount(desk, file)) found.push({ field, file, desk })
  }
  return found
}

function againstInstance(facts: Facts, instance: InstanceItem, orderKnown: boolean): Difference[] {
  const found: Difference[] = []
  const { instanceId, customerName, customerId } = instance
  if (facts.instanceId && facts.instanceId !== instanceId)
    found.push({ field: 'instanceId', file: facts.instanceId, desk: instanceId })
  if (orderKnown) return found
  if (facts.customerName && customerName && !sameText(facts.customerName, customerName))
    found.push({ field: 'customerName', file: facts.customerName, desk: customerName })
  if (facts.customerId && customerId && facts.customerId !== customerId)
    found.push({ field: 'customerId', file: facts.customerId, desk: customerId })
  return found
}

function againstNote(facts: Facts, noted: string | null): Difference[] {
  const told = facts.supervision && inOurWords('supervision', facts.supervision)
  return told && noted && told !== noted ? [{ field: 'supervision', file: facts.supervision ?? null, desk: noted }] : []
}

/** Consoles mask parts of names with stars. */
function sameText(file: string, ...ours: (string | null)[]): boolean {
  if (file.includes('*')) {
    const pattern = new RegExp(`^${file.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*')}$`, 'u')
    return ours.some((text) => text !== null && pattern.test(text))
  }
  return ours.some((text) => text !== null && text.normalize('NFKC').trim() === file.normalize('NFKC').trim())
}

const MISSING_LIMIT = 1000

/**
 * The desk's real purchases in the time a file of transactions spans that it does not hold: at most 1000, oldest first.
 * Pay-per-use is left out: the console lists it in bills only.
 */
export async function missingFrom(rows: FileRow[]): Promise<MatchedRow[]> {
  const times = rows.flatMap(({ facts }) => (facts.createdAt ? (readConsoleTime(facts.createdAt) ?? []) : []))
  if (times.length === 0) return []
  const [from, to] = times.reduce(
    ([low, high], at) => [at < low ? at : low, at > high ? at : high],
    [times[0] as Date, times[0] as Date],
  )
  const ids = [...new Set(rows.flatMap(({ facts }) => orderIdOf(facts) ?? []))]
  const found = await prisma().$queryRaw<
    { instanceId: string; orderId: string; orderLineId: string | null; customerName: string | null; at: Date }[]
  >`
    SELECT instance_id AS "instanceId", order_id AS "orderId", order_line_id AS "orderLineId",
      customer_name AS "customerName", created_at AS at
    FROM instances
    WHERE created_at BETWEEN ${from} AND ${to} AND NOT test AND order_id <> ALL(${ids}::text[])
      AND charging_mode IS DISTINCT FROM 'ON_DEMAND'
    ORDER BY created_at, instance_id LIMIT ${MISSING_LIMIT}`
  const last = rows.reduce((most, { position }) => Math.max(most, position), 0)
  return found.map(({ instanceId, orderId, orderLineId, customerName, at }, index) => ({
    position: last + 1 + index,
    facts: {
      orderId,
      ...(orderLineId ? { orderLineId } : {}),
      ...(customerName ? { customerName } : {}),
      createdAt: at.toISOString(),
    },
    orderId,
    orderLineId,
    instanceId,
    result: 'missing',
    differences: [],
  }))
}
