'use client'

import { useQuery } from '@tanstack/react-query'
import { api } from '../api'
import type { Desk } from '../types'

/** What every page wants to know of the desk: environment, counts of what is open. */
export function useDesk() {
  return useQuery({
    queryKey: ['/desk'],
    queryFn: ({ signal }) => api<Desk>('/desk', { signal }),
    refetchInterval: 15_000,
  })
}
