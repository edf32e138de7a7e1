'use client'

import { parseAsInteger, parseAsString, parseAsStringLiteral, useQueryStates } from 'nuqs'
import type { Query } from '../api'
import { rangeBounds, ranges } from '../range'
import type { BulkFilter } from '../types'

export const views = ['failed', 'causes', 'messages', 'calls'] as const

const parsers = {
  view: parseAsStringLiteral(views).withDefault('failed'),
  q: parseAsString.withDefault(''),
  activity: parseAsString,
  resultCode: parseAsString,
  outcome: parseAsString,
  state: parseAsString,
  source: parseAsString,
  productId: parseAsString,
  cause: parseAsString,
  closingWithin: parseAsInteger,
  lostSince: parseAsString,
  test: parseAsStringLiteral(['real', 'test', 'both'] as const).withDefault('real'),
  range: parseAsStringLiteral(ranges),
  from: parseAsString,
  to: parseAsString,
}

/** What the Calls page shows, as its URL says it. Changing anything goes back to the newest page. */
export function useCallFilters() {
  const [values, set] = useQueryStates(
    { ...parsers, cursor: parseAsString, asOf: parseAsInteger },
    { clearOnDefault: true },
  )
  const { cursor: _cursor, asOf: _asOf, ...filters } = values
  const change = (next: Partial<{ [K in keyof typeof filters]: (typeof filters)[K] | null }>) =>
    set({ ...next, cursor: null, asOf: null })
  const clear = () =>
    set({
      q: null,
      activity: null,
      resultCode: null,
      outcome: null,
      state: null,
      source: null,
      productId: null,
      cause: null,
      closingWithin: null,
      lostSince: null,
      test: null,
      range: null,
      from: null,
      to: null,
      cursor: null,
      asOf: null,
    })
  const { view, test, q, ...rest } = filters
  const active = q !== '' || test !== 'real' || Object.values(rest).some((value) => value !== null)
  return { filters, change, clear, active }
}

export type CallFilters = ReturnType<typeof useCallFilters>['filters']

function testParam(test: CallFilters['test']): boolean | undefined {
  return test === 'both' ? undefined : test === 'test'
}

/** The members of GET /messages for these filters; spans such as "the last hour" end at `now` (ms). */
export function messageQuery(filters: CallFilters, now: number): Omit<BulkFilter, 'ids'> {
  const { view, q, activity, resultCode, outcome, state, productId, test, range, from, to } = filters
  const { cause, closingWithin, lostSince } = filters
  const failed = view === 'failed' || view === 'causes'
  const query: Record<string, string | number | boolean | null | undefined> = {
    state: failed ? 'open' : state,
    q,
    activity,
    resultCode,
    outcome: failed ? 'failed' : outcome,
    productId,
    cause,
    closingWithin,
    lostSince,
    test: testParam(test),
    ...rangeBounds(range, from, to, now),
  }
  return Object.fromEntries(
    Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== ''),
  )
}

/** The members of GET /calls for these filters, as of now. */
export function callQuery(filters: CallFilters, now: number): Query {
  const { q, activity, resultCode, outcome, source, test, range, from, to } = filters
  return { q, activity, resultCode, outcome, source, test: testParam(test), ...rangeBounds(range, from, to, now) }
}
