'use client'

import type { Query } from '../api'
import { rangeBounds, ranges } from '../range'
import type { BulkFilter } from '../types'
import { oneOf, search, testParam, testShown, text, useFilters, whole } from '../url-state'

export const views = ['failed', 'causes', 'messages', 'calls'] as const

const shape = {
  q: search,
  activity: text,
  resultCode: text,
  outcome: text,
  state: text,
  source: text,
  productId: text,
  cause: text,
  closingWithin: whole,
  lostSince: text,
  test: testShown,
  range: oneOf(ranges),
  from: text,
  to: text,
}

const withView = { ...shape, view: oneOf(views, 'failed') }

/** What the Calls page shows, as its URL says it. The view is no filter: it stays when they are cleared. */
export function useCallFilters() {
  const { filters, change } = useFilters(withView)
  const { clear, active } = useFilters(shape)
  return { filters, change, clear, active }
}

export type CallFilters = ReturnType<typeof useCallFilters>['filters']

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
