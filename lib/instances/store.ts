import { isDeepStrictEqual } from 'node:util'
import { Prisma, prisma, type Tx } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import { newId } from '@/lib/db/ids'
import { type Columns, columnValue, insertRows, jsonRows, type Row, recordset } from '@/lib/db/rows'
import type { AppInfo } from '@/lib/marketplace'
import { seal, unseal } from '@/lib/secrets'
import {
  applyEvent,
  type EventDraft,
  type InstanceSet,
  type InstanceState,
  type PurchaseDetails,
  stateFromPurchase,
  writeSet,
} from './state'

/** Column and SQL type of every member of the projection. */
const columns = {
  instanceId: ['instance_id', 'text'],
  purchaseKey: ['purchase_key', 'text'],
  state: ['state', 'text'],
  protocol: ['protocol', 'text'],
  businessId: ['business_id', 'text'],
  productRef: ['product_ref', 'uuid'],
  productId: ['product_id', 'text'],
  skuCode: ['sku_code', 'text'],
  orderId: ['order_id', 'text'],
  orderLineId: ['order_line_id', 'text'],
  customerId: ['customer_id', 'text'],
  customerName: ['customer_name', 'text'],
  test: ['test', 'boolean'],
  trial: ['trial', 'boolean'],
  chargingMode: ['charging_mode', 'text'],
  periodType: ['period_type', 'text'],
  periodNumber: ['period_number', 'int'],
  quantity: ['quantity', 'jsonb'],
  expiresAt: ['expires_at', 'timestamptz'],
  expiryAsOf: ['expiry_as_of', 'timestamptz'],
  statusAsOf: ['status_as_of', 'timestamptz'],
  specAsOf: ['spec_as_of', 'timestamptz'],
  refundedOrders: ['refunded_orders', 'text[]'],
  frozenReason: ['frozen_reason', 'text'],
  frontEndUrl: ['front_end_url', 'text'],
  deliveryType: ['delivery_type', 'text'],
  deliveryState: ['delivery_state', 'text'],
  deliveryCode: ['delivery_code', 'text'],
  deliveryError: ['delivery_error', 'text'],
  createdAt: ['created_at', 'timestamptz'],
  deliveredAt: ['delivered_at', 'timestamptz'],
  releasedAt: ['released_at', 'timestamptz'],
} as const satisfies Record<keyof InstanceState, readonly [string, Columns[string]]>

const entries = Object.entries(columns)
type Member = keyof InstanceState
const selection = Prisma.raw(entries.map(([name, [column]]) => `"${column}" AS "${name}"`).join(', '))
const instanceColumns: Columns = {
  ...Object.fromEntries(entries.map(([, column]) => column)),
  app_info: 'bytea',
  last_call_at: 'timestamptz',
}

/** Reads instances by id and by purchase; with `lock` no other transaction changes them until this one ends. */
export async function loadInstances(
  tx: RawTx,
  wanted: { instanceIds: string[]; purchaseKeys?: string[]; lock: boolean },
): Promise<InstanceState[]> {
  const keys = wanted.purchaseKeys ?? []
  if (wanted.instanceIds.length + keys.length === 0) return []
  const by =
    keys.length === 0
      ? Prisma.sql`instance_id = ANY(${wanted.instanceIds})`
      : wanted.instanceIds.length === 0
        ? Prisma.sql`purchase_key = ANY(${keys})`
        : Prisma.sql`(instance_id = ANY(${wanted.instanceIds}) OR purchase_key = ANY(${keys}))`
  const lock = wanted.lock ? Prisma.sql`ORDER BY instance_id FOR UPDATE` : Prisma.empty
  return tx.$queryRaw<InstanceState[]>`SELECT ${selection} FROM instances WHERE ${by} ${lock}`
}

/** One locked instance, or null. */
export async function lockInstance(tx: RawTx, instanceId: string): Promise<InstanceState | null> {
  return (await loadInstances(tx, { instanceIds: [instanceId], lock: true }))[0] ?? null
}

/** Which of these changes are recorded already: the keys `instanceId dedupeKey`. */
export async function knownEvents(tx: RawTx, pairs: { instanceId: string; dedupeKey: string }[]): Promise<Set<string>> {
  if (pairs.length === 0) return new Set()
  const rows = await tx.$queryRaw<{ key: string }[]>`
    SELECT e.instance_id || ' ' || e.dedupe_key AS key
    FROM instance_events e
    JOIN unnest(${pairs.map((pair) => pair.instanceId)}::text[], ${pairs.map((pair) => pair.dedupeKey)}::text[])
      AS wanted(instance_id, dedupe_key) USING (instance_id, dedupe_key)`
  return new Set(rows.map((row) => row.key))
}

/** Opened access data of these instances. */
export async function loadAppInfos(tx: RawTx, instanceIds: string[]): Promise<Map<string, AppInfo>> {
  const rows = await tx.$queryRaw<{ instance_id: string; app_info: Uint8Array }[]>`
    SELECT instance_id, app_info FROM instances WHERE instance_id = ANY(${instanceIds}) AND app_info IS NOT NULL`
  return new Map(rows.map((row) => [row.instance_id, JSON.parse(unseal(row.app_info)) as AppInfo]))
}

export type InstanceChange = {
  state: InstanceState
  created: boolean
  touchedAt: Date | null
  /** its delivery was tried */
  attempted: boolean
  appInfo: AppInfo | null
  events: (EventDraft & { callId: string | null; actor: string | null })[]
}

/** A change that opens an instance: its first event carries the whole state. */
export function openChange(
  state: InstanceState,
  origin: { callId: string | null; actor: string | null },
  details: PurchaseDetails | null = null,
): InstanceChange {
  const event: EventDraft = {
    type: 'purchased',
    dedupeKey: 'purchased',
    applied: true,
    occurredAt: state.createdAt,
    set: writeSet(state),
    ...(details ? { details } : {}),
  }
  return {
    state,
    created: true,
    touchedAt: state.createdAt,
    attempted: false,
    appInfo: null,
    events: [{ ...event, ...origin }],
  }
}

export function changeOf(state: InstanceState): InstanceChange {
  return { state, created: false, touchedAt: null, attempted: false, appInfo: null, events: [] }
}

/** Adds an event to a change and moves its state on. */
export function addEvent(
  change: InstanceChange,
  event: EventDraft,
  origin: { callId: string | null; actor: string | null },
): void {
  change.events.push({ ...event, ...origin })
  change.state = applyEvent(change.state, event)
  if (event.applied && event.appInfo) change.appInfo = event.appInfo
}

/** Writes events and projections of many instances at once. A purchase that another writer opened first collides. */
export async function saveChanges(tx: RawTx, changes: InstanceChange[], recordedAt: Date): Promise<void> {
  const created = changes.filter((change) => change.created)
  const changed = changes.filter((change) => !change.created && (change.events.length > 0 || change.attempted))
  const touched = changes.filter((change) => !changed.includes(change) && !change.created && change.touchedAt)
  const writes: Promise<unknown>[] = []
  if (created.length > 0) writes.push(insertRows(tx, 'instances', instanceColumns, inOrder(created).map(rowOf)))
  if (changed.length > 0) writes.push(tx.$executeRawUnsafe(updateInstances, jsonRows(changed.map(rowOf))))
  if (touched.length > 0) {
    const ids = touched.map((change) => change.state.instanceId).sort()
    writes.push(tx.$executeRaw`UPDATE instances SET last_call_at = ${recordedAt} WHERE instance_id = ANY(${ids})`)
  }
  const events = changes.flatMap((change) =>
    change.events.map((event) => ({
      id: newId(),
      instance_id: change.state.instanceId,
      type: event.type,
      dedupe_key: event.dedupeKey,
      applied: event.applied,
      reason: event.reason,
      occurred_at: event.occurredAt,
      recorded_at: recordedAt,
      data: { set: event.set },
      sealed: sealedPart(event),
      call_id: event.callId,
      actor: event.actor,
    })),
  )
  if (events.length > 0) writes.push(insertRows(tx, 'instance_events', eventColumns, events))
  await Promise.all(writes)
}

/** Two writers of the same purchases never wait for each other. */
function inOrder(created: InstanceChange[]): InstanceChange[] {
  return [...created].sort((a, b) => (a.state.purchaseKey < b.state.purchaseKey ? -1 : 1))
}

function rowOf(change: InstanceChange): Row {
  const row: Row = {}
  for (const [name, [column]] of entries) row[column] = change.state[name as Member]
  if (change.appInfo) row.app_info = seal(JSON.stringify(change.appInfo))
  row.last_call_at = change.touchedAt
  row.attempts = change.attempted ? 1 : 0
  return row
}

const updateInstances = `
  UPDATE instances i SET ${entries
    .filter(([name]) => name !== 'instanceId' && name !== 'purchaseKey' && name !== 'createdAt')
    .map(([, [column]]) => `${column} = ${columnValue(instanceColumns, column)}`)
    .join(', ')},
    app_info = coalesce(${columnValue(instanceColumns, 'app_info')}, i.app_info),
    last_call_at = greatest(r.last_call_at, i.last_call_at), version = i.version + 1,
    delivery_attempts = i.delivery_attempts + r.attempts
  FROM ${recordset({ ...instanceColumns, attempts: 'int' })} WHERE i.instance_id = r.instance_id`

const eventColumns: Columns = {
  id: 'uuid',
  instance_id: 'text',
  type: 'text',
  dedupe_key: 'text',
  applied: 'boolean',
  reason: 'text',
  occurred_at: 'timestamptz',
  recorded_at: 'timestamptz',
  data: 'jsonb',
  sealed: 'bytea',
  call_id: 'uuid',
  actor: 'text',
}

function sealedPart({ appInfo, details }: EventDraft): Uint8Array | undefined {
  const part = appInfo ?? details
  return part && seal(JSON.stringify(part))
}

/** What came with the purchase of an instance, where it was a V1 one. */
export async function loadPurchaseDetails(instanceId: string): Promise<PurchaseDetails | null> {
  const event = await prisma().instanceEvent.findUnique({
    where: { instanceId_dedupeKey: { instanceId, dedupeKey: 'purchased' } },
    select: { sealed: true },
  })
  return event?.sealed ? (JSON.parse(unseal(event.sealed)) as PurchaseDetails) : null
}

/** Folds the events of one instance into its projection again and says whether the stored one differed. */
export async function rebuildInstance(
  tx: Tx,
  instanceId: string,
): Promise<{ state: InstanceState; differed: boolean }> {
  const stored = await lockInstance(tx, instanceId)
  if (!stored) throw new Error(`no instance ${instanceId}`)
  const events = await tx.instanceEvent.findMany({ where: { instanceId }, orderBy: { position: 'asc' } })
  const drafts = events.map((event) => ({ applied: event.applied, set: (event.data as { set: InstanceSet }).set }))
  const [first, ...rest] = drafts
  if (!first) throw new Error(`no events of instance ${instanceId}`)
  const state = rest.reduce(applyEvent, stateFromPurchase(first))
  const differed = entries.some(([name]) => !isDeepStrictEqual(state[name as Member], stored[name as Member]))
  if (differed) await tx.$executeRawUnsafe(updateInstances, jsonRows([rowOf({ ...changeOf(state), touchedAt: null })]))
  return { state, differed }
}
