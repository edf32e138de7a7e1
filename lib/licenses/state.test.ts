import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nextEvent, project, startOfNextDay } from './state'
import type { LicenseFact } from './types'

const at = (minutes: number) => new Date(Date.UTC(2026, 0, 1) + minutes * 60_000)
const iso = (day: number) => new Date(Date.UTC(2026, 0, day)).toISOString()
const fact = (type: LicenseFact['type'], minutes: number, data: LicenseFact['data'] = {}, key = ''): LicenseFact => ({
  type,
  key,
  occurredAt: at(minutes),
  data,
})

describe('an activation code', () => {
  const known = fact('known', 0, { orderId: 'CS1', expiresAt: iso(31) })

  it('goes from not seen through collected and active to released', () => {
    const facts = [known]
    expect(project('license-code', facts)).toMatchObject({ state: 'generated', reason: 'not-seen' })
    facts.push(fact('queried', 1, { code: '92020004', message: 'can not active before user received.' }, '1'))
    expect(project('license-code', facts)).toMatchObject({ state: 'generated', reason: 'not-collected' })
    facts.push(fact('queried', 2, { code: '92020011' }, '2'))
    expect(project('license-code', facts)).toMatchObject({ state: 'collected', errorCode: '92020011' })
    facts.push(fact('activated', 3, { expiresAt: iso(40), productId: 'P' }))
    expect(project('license-code', facts)).toMatchObject({ state: 'active', errorCode: null, productId: 'P' })
    facts.push(fact('frozen', 4, {}, '4'))
    expect(project('license-code', facts).state).toBe('frozen')
    facts.push(fact('queried', 5, { status: 'ALIVE', expiresAt: iso(41) }, '5'))
    expect(project('license-code', facts)).toMatchObject({ state: 'frozen', expiresAt: new Date(iso(41)) })
    facts.push(fact('unfrozen', 6, {}, '6'), fact('queried', 7, { status: 'EXPIRED' }, '7'))
    expect(project('license-code', facts)).toMatchObject({ state: 'expired', reason: 'expiry-query' })
    facts.push(fact('renewed', 8, { expiresAt: iso(90) }, 'CS2'))
    expect(project('license-code', facts)).toMatchObject({ state: 'active', reason: 'renewed' })
    facts.push(fact('released', 9))
    expect(project('license-code', facts)).toMatchObject({ state: 'released', releasedAt: at(9) })
  })

  it('keeps the newest renewal when an old one comes late, and none that was refunded', () => {
    const newer = fact('renewed', 20, { expiresAt: iso(90) }, 'CS3')
    // Sent again long after: the time of sending is newer, the renewal is not.
    const older = fact('renewed', 30, { expiresAt: iso(60) }, 'CS2')
    expect(project('license-code', [known, newer, older]).expiresAt).toEqual(new Date(iso(90)))
    const refund = fact('renewal-refunded', 40, { expiresAt: iso(60) }, 'CS4')
    expect(project('license-code', [known, newer, refund, older]).expiresAt).toEqual(new Date(iso(60)))
    const refunded = fact('renewal-refunded', 10, { expiresAt: iso(31) }, 'CS3')
    expect(project('license-code', [refunded, known, newer]).expiresAt).toEqual(new Date(iso(31)))
  })
})

describe('a licence text', () => {
  const requested = fact('requested', 0, { orderId: 'CS1', expiresAt: iso(31), estimated: true })

  it('waits, is issued, fetched, expires and is renewed', () => {
    expect(project('license-id', [requested])).toMatchObject({ state: 'waiting', reason: 'waits-for-staff' })
    const refused = fact('waits', 1, { reason: 'webhook-refused', code: '000100', message: 'no more' }, '1')
    expect(project('license-id', [requested, refused])).toMatchObject({ reason: 'webhook-refused', error: 'no more' })
    const issued = fact('issued', 2, { via: 'user', hint: '••••1234' })
    expect(project('license-id', [requested, refused, issued])).toMatchObject({
      state: 'issued',
      reason: 'not-fetched',
      error: null,
      hint: '••••1234',
    })
    const all = [requested, issued, fact('fetched', 3), fact('expired', 4, {}, '4')]
    expect(project('license-id', all)).toMatchObject({ state: 'expired', reason: 'expiry-call' })
    const renewed = fact('renewed', 5, { expiresAt: iso(20) }, 'CS2')
    expect(project('license-id', [...all, renewed])).toMatchObject({ state: 'active', expiresAt: new Date(iso(20)) })
  })

  it('may be issued after it was denied', () => {
    const denied = fact('denied', 1, { code: '000100' }, '1')
    expect(project('license-id', [requested, denied])).toMatchObject({ state: 'denied', errorCode: '000100' })
    expect(project('license-id', [requested, denied, fact('issued', 2)]).state).toBe('issued')
  })
})

it('an online licence is replaced only after the marketplace refused it', () => {
  const facts = [fact('requested', 0), fact('issued', 1)]
  expect(project('license-online', facts)).toMatchObject({ state: 'issued', reason: 'uploading' })
  facts.push(fact('upload-failed', 2, { code: '91381036', final: false }, '2'))
  expect(project('license-online', facts).reason).toBe('upload-failed')
  facts.push(fact('upload-failed', 3, { code: '91381037', final: true }, '3'))
  expect(project('license-online', facts)).toMatchObject({ reason: 'upload-refused', errorCode: '91381037' })
  facts.push(fact('issued', 4, {}, '4'))
  expect(project('license-online', facts)).toMatchObject({ reason: 'uploading', errorCode: null })
  facts.push(fact('uploaded', 5, {}, '5'))
  expect(project('license-online', facts)).toMatchObject({ state: 'active', deliveredAt: at(5) })
})

const types = [
  'renewed',
  'renewal-refunded',
  'frozen',
  'unfrozen',
  'expired',
  'released',
  'activated',
  'queried',
] as const

it('the order of arrival and repeats change nothing (property)', () => {
  const facts = fc.uniqueArray(
    fc.record({
      type: fc.constantFrom(...types),
      minutes: fc.integer({ min: 1, max: 500 }),
      key: fc.constantFrom('A', 'B', 'C'),
      day: fc.integer({ min: 1, max: 200 }),
      status: fc.constantFrom('ALIVE', 'EXPIRED'),
    }),
    { selector: ({ minutes }) => minutes, maxLength: 12 },
  )
  const seeded = fc.record({
    kind: fc.constantFrom('license-id', 'license-code', 'license-online'),
    facts,
    seed: fc.integer(),
  })
  fc.assert(
    fc.property(seeded, ({ kind, facts: drawn, seed }) => {
      const made = drawn.map(({ type, minutes, key, day, status }) => {
        const data = { expiresAt: iso(day), ...(type === 'queried' ? { status: status as 'ALIVE' } : {}) }
        const perCall = type === 'renewed' || type === 'renewal-refunded' ? key : String(minutes)
        return fact(type, minutes, data, type === 'released' || type === 'activated' ? '' : perCall)
      })
      const all = [fact('known', 0), fact('issued', 0), fact('fetched', 0), ...made]
      const shuffled = [...all, ...all.slice(seed % 5)].sort((a, b) => hash(a, seed) - hash(b, seed))
      expect(project(kind as 'license-id', shuffled)).toEqual(project(kind as 'license-id', all))
    }),
    { numRuns: 500 },
  )
})

function hash({ type, key, occurredAt }: LicenseFact, seed: number): number {
  const text = `${type}${key}${occurredAt.getTime()}${seed}`
  return [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) | 0, 7)
}

describe('what comes next', () => {
  const license = {
    kind: 'license-id' as const,
    state: 'issued' as const,
    reason: 'not-fetched' as const,
    expiresAt: null,
    queriedAt: null,
    activatedAt: null,
    createdAt: at(0),
  }

  it('is the hourly retry for three hours, then somebody who restarts it', () => {
    expect(nextEvent(license, at(10))).toEqual({ type: 'retry', at: at(60) })
    expect(nextEvent(license, at(150))).toEqual({ type: 'retry', at: at(180) })
    expect(nextEvent(license, at(200))).toEqual({ type: 'restart', at: null })
  })

  it('is the query of the next day in China, and what is overdue says since when', () => {
    const code = { ...license, kind: 'license-code' as const, state: 'active' as const, activatedAt: at(0) }
    expect(nextEvent({ ...code, expiresAt: at(90_000) }, at(5000))).toEqual({ type: 'query', at: at(16 * 60) })
    expect(nextEvent({ ...code, state: 'frozen', expiresAt: at(0) }, at(5000))).toEqual({
      type: 'release',
      at: at(15 * 24 * 60),
    })
    expect(new Date(startOfNextDay(new Date('2026-01-01T15:59:59Z'))).toISOString()).toBe('2026-01-01T16:00:00.000Z')
    expect(new Date(startOfNextDay(new Date('2026-01-01T16:00:00Z'))).toISOString()).toBe('2026-01-02T16:00:00.000Z')
  })
})
