'use client'

import { useDeferredValue } from 'react'

/**
 * What a query brought, its first data with the next drawing only: React draws that one in slices, between which the page
 * answers keys and clicks. A query's own news would be drawn at once and whole.
 */
export function useDrawn<T>(data: T | undefined): T | undefined {
  return useDeferredValue(data !== undefined) ? data : undefined
}
