'use client'

import type { Query } from '../api'
import { rangeBounds, ranges } from '../range'
import type { BulkFilter } from '../types'
import { type Changes, oneOf, search, testShown, text, useFilters, useUrlState, whole } from '../url-state'

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

const viewShape = { view: oneOf(views, 'failed') }

/** What the Calls page shows, as its URL says it. Changing anything goes back to the newest page. */
export function useCallFilters() {
  const [{ view }, setView] = useUrlState(viewShape)
  const { filters, clear, active, ...list } = useFilters(shape)
  const change = ({ view: next, ...changes }: Changes<typeof shape & typeof viewShape>) => {
    if (next) setView({ view: next })
    list.change(changes)
  }
  return { filters: { ...filters, view }, change, clear, active }
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
