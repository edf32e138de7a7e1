import type { LicenseFact, LicenseKind, LicenseReason, LicenseState, NextEvent } from './types'

/** What the facts of a licence come to. */
export type Projection = {
  state: LicenseState
  reason: LicenseReason
  productId: string | null
  skuCode: string | null
  orderId: string | null
  orderLineId: string | null
  customerId: string | null
  customerName: string | null
  amount: number | null
  hint: string | null
  errorCode: string | null
  error: string | null
  effectiveAt: Date | null
  expiresAt: Date | null
  issuedAt: Date | null
  deliveredAt: Date | null
  activatedAt: Date | null
  queriedAt: Date | null
  releasedAt: Date | null
}

/** What is carried along to the end; `inner` is not told. */
type Course = Omit<Projection, 'state' | 'reason'> & {
  inner: {
    estimated: boolean
    waits: LicenseReason | null
    denied: boolean
    code: 'unseen' | 'generated' | 'collected' | 'active' | 'expired'
    renewed: boolean
    frozen: 'expired' | 'frozen' | null
    released: LicenseReason | null
    upload: LicenseReason
  }
}

/**
 * The state of a licence. Facts are taken in the order in which they happened at the marketplace, whatever the order in
 * which they came, and a repeat counts by its earliest time: so late, repeated and concurrent calls cannot change the end.
 */
export function project(kind: LicenseKind, facts: LicenseFact[]): Projection {
  const ordered = inOrder(facts)
  const refunded = new Set(ordered.filter(({ type }) => type === 'renewal-refunded').map(({ key }) => key))
  const course = start()
  for (const fact of ordered) take(course, fact, kind, refunded)
  const { inner: _, ...told } = course
  return { ...told, ...stateOf(kind, course) }
}

const start = (): Course => ({
  productId: null,
  skuCode: null,
  orderId: null,
  orderLineId: null,
  customerId: null,
  customerName: null,
  amount: null,
  hint: null,
  errorCode: null,
  error: null,
  effectiveAt: null,
  expiresAt: null,
  issuedAt: null,
  deliveredAt: null,
  activatedAt: null,
  queriedAt: null,
  releasedAt: null,
  inner: {
    estimated: true,
    waits: null,
    denied: false,
    code: 'unseen',
    renewed: false,
    frozen: null,
    released: null,
    upload: 'uploading',
  },
})

function inOrder(facts: LicenseFact[]): LicenseFact[] {
  const earliest = new Map<string, LicenseFact>()
  for (const fact of facts) {
    const name = `${fact.type}:${fact.key}`
    const known = earliest.get(name)
    if (!known || fact.occurredAt < known.occurredAt) earliest.set(name, fact)
  }
  const place = (fact: LicenseFact) => `${fact.type}:${fact.key}`
  return [...earliest.values()].sort(
    (a, b) => a.occurredAt.getTime() - b.occurredAt.getTime() || (place(a) < place(b) ? -1 : 1),
  )
}

function take(course: Course, fact: LicenseFact, kind: LicenseKind, refunded: Set<string>): void {
  const { type, key, occurredAt, data } = fact
  switch (type) {
    case 'requested':
    case 'known':
      learn(course, fact)
      if (data.effectiveAt) course.effectiveAt = new Date(data.effectiveAt)
      if (data.expiresAt && course.inner.estimated) course.expiresAt = new Date(data.expiresAt)
      if (data.expiresAt && !data.estimated) course.inner.estimated = false
      return
    case 'waits':
      course.inner.waits = data.reason ?? null
      complain(course, fact)
      return
    case 'issued':
      course.issuedAt = occurredAt
      course.inner.denied = false
      course.inner.waits = null
      course.inner.upload = 'uploading'
      course.hint = data.hint ?? course.hint
      complain(course, null)
      return
    case 'fetched':
    case 'uploaded':
      course.deliveredAt ??= occurredAt
      complain(course, null)
      return
    case 'upload-failed':
      course.inner.upload = data.final ? 'upload-refused' : 'upload-failed'
      complain(course, fact)
      return
    case 'denied':
      if (!course.issuedAt) course.inner.denied = true
      complain(course, fact)
      return
    case 'renewed':
      if (!refunded.has(key)) renew(course, fact, kind)
      return
    case 'renewal-refunded': {
      const until = data.expiresAt ? new Date(data.expiresAt) : null
      if (until && (!course.expiresAt || course.inner.estimated || until < course.expiresAt)) course.expiresAt = until
      course.inner.estimated = false
      return
    }
    case 'expired':
      course.inner.frozen = 'expired'
      return
    case 'frozen':
      course.inner.frozen = 'frozen'
      return
    case 'unfrozen':
      course.inner.frozen = null
      return
    case 'released':
      course.inner.released = 'release-call'
      course.releasedAt ??= occurredAt
      return
    case 'activated':
      found(course, { ...fact, data: { ...data, status: 'ALIVE' } })
      return
    case 'queried':
      found(course, fact)
      return
    case 'usage-reported':
      return
  }
}

function learn(course: Course, { data }: LicenseFact): void {
  course.productId = data.productId ?? course.productId
  course.skuCode = data.skuCode ?? course.skuCode
  course.orderId ??= data.orderId ?? null
  course.orderLineId ??= data.orderLineId ?? null
  course.customerId ??= data.customerId ?? null
  course.customerName ??= data.customerName ?? null
  course.amount = data.amount ?? course.amount
  course.hint ??= data.hint ?? null
}

function complain(course: Course, fact: LicenseFact | null): void {
  course.errorCode = fact?.data.code ?? null
  course.error = fact?.data.message ?? null
}

// An old renewal that comes late must not shorten a newer one; a conversion says what the formal order has.
function renew(course: Course, { data }: LicenseFact, kind: LicenseKind): void {
  const until = data.expiresAt ? new Date(data.expiresAt) : null
  const sets = !course.expiresAt || course.inner.estimated || data.scene === 'TRIAL_TO_FORMAL'
  if (until && (sets || until > (course.expiresAt as Date))) course.expiresAt = until
  course.inner.estimated = false
  if (data.productId) course.productId = data.productId
  // Licence 1.0 has no call that lifts an expiry: its renewal does.
  if (kind === 'license-id' && course.inner.frozen === 'expired') course.inner.frozen = null
  if (course.inner.code === 'expired') course.inner.code = 'active'
  course.inner.renewed = true
}

/** What an activation or a query told. */
function found(course: Course, fact: LicenseFact): void {
  const { data, occurredAt, type } = fact
  if (data.status) {
    learn(course, fact)
    if (data.activatedAt) course.activatedAt = new Date(data.activatedAt)
    else if (type === 'activated') course.activatedAt ??= occurredAt
    // "An estimate: trust the query" (zh-cn_topic_0070649244).
    if (data.expiresAt && (type === 'queried' || course.inner.estimated)) course.expiresAt = new Date(data.expiresAt)
    if (data.expiresAt && type === 'queried') course.inner.estimated = false
    course.inner.code = data.status === 'EXPIRED' ? 'expired' : 'active'
    if (data.status === 'RELEASED') {
      course.inner.released ??= 'release-query'
      course.releasedAt ??= occurredAt
    }
    if (type === 'queried') course.queriedAt = occurredAt
    complain(course, null)
    return
  }
  const seen = course.inner.code === 'active' || course.inner.code === 'expired'
  if (data.code === '92020004' && !seen) course.inner.code = 'generated'
  if (data.code === '92020011' && !seen) course.inner.code = 'collected'
  complain(course, fact)
}

function stateOf(kind: LicenseKind, course: Course): { state: LicenseState; reason: LicenseReason } {
  if (course.inner.released) return { state: 'released', reason: course.inner.released }
  if (kind === 'license-code') {
    if (course.inner.frozen) return { state: 'frozen', reason: 'freeze-call' }
    if (course.inner.code === 'expired') return { state: 'expired', reason: 'expiry-query' }
    if (course.inner.code === 'active') return { state: 'active', reason: course.inner.renewed ? 'renewed' : 'in-use' }
    if (course.inner.code === 'collected') return { state: 'collected', reason: 'not-activated' }
    return { state: 'generated', reason: course.inner.code === 'generated' ? 'not-collected' : 'not-seen' }
  }
  if (course.inner.denied) return { state: 'denied', reason: 'denied' }
  if (!course.issuedAt) return { state: 'waiting', reason: course.inner.waits ?? 'waits-for-staff' }
  if (course.inner.frozen) return { state: 'expired', reason: 'expiry-call' }
  if (course.deliveredAt) return { state: 'active', reason: course.inner.renewed ? 'renewed' : 'in-use' }
  return { state: 'issued', reason: kind === 'license-online' ? course.inner.upload : 'not-fetched' }
}

type Seen = Pick<Projection, 'state' | 'reason' | 'expiresAt' | 'queriedAt' | 'activatedAt'> & {
  kind: LicenseKind
  createdAt: Date
}

const hour = 3_600_000
const day = 24 * hour
/** getLicense: three hours, once an hour (zh-cn_topic_0000001353181669). */
const RETRY_HOURS = 3
/** A seller keeps the data of a frozen code for up to 15 days (zh-cn_topic_0070649172). */
const FREEZE_DAYS = 15

/** The next event to expect of a licence, or null when there is none. */
export function nextEvent(license: Seen, now: Date): NextEvent | null {
  const { state, kind, reason, expiresAt } = license
  switch (state) {
    case 'waiting':
      return { type: 'issue', at: null }
    case 'issued':
      return kind === 'license-online'
        ? { type: reason === 'upload-refused' ? 'issue' : 'upload', at: null }
        : nextRetry(license.createdAt, now)
    case 'generated':
      return { type: reason === 'not-seen' ? 'activate' : 'collect', at: null }
    case 'collected':
      return { type: 'activate', at: null }
    case 'active': {
      const asked = license.queriedAt ?? license.activatedAt
      const query = kind === 'license-code' && asked ? new Date(startOfNextDay(asked)) : null
      if (query && (!expiresAt || query < expiresAt)) return { type: 'query', at: query }
      return expiresAt ? { type: 'expire', at: expiresAt } : null
    }
    case 'expired':
    case 'frozen':
      return { type: 'release', at: expiresAt ? new Date(expiresAt.getTime() + FREEZE_DAYS * day) : null }
    default:
      return null
  }
}

function nextRetry(since: Date, now: Date): NextEvent {
  const passed = Math.floor((now.getTime() - since.getTime()) / hour) + 1
  if (passed > RETRY_HOURS) return { type: 'restart', at: null }
  return { type: 'retry', at: new Date(since.getTime() + passed * hour) }
}

const beijing = 8 * hour

/** Midnight in China after a time, in Unix ms: the daily query goes by the marketplace's days. */
export function startOfNextDay(at: Date): number {
  return (Math.floor((at.getTime() + beijing) / day) + 1) * day - beijing
}
