'use client'

import { keepPreviousData, type UseQueryResult, useQuery } from '@tanstack/react-query'
import { ChevronLeft, ChevronRight, ChevronsLeft } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import { api, type Query } from '../api'
import type { Page } from '../types'
import { listPlace, useUrlState } from '../url-state'
import { Button } from './button'
import { useDrawn } from './drawn'
import { ErrorState, SkeletonRows } from './feedback'
import { DataTable } from './table'

const cap = 10_000

/** "1,234", and "10,000+" where counting stops. */
export function useCount(): (total: number) => string {
  const locale = useLocale()
  return (total) => (total > cap ? `${cap.toLocaleString(locale)}+` : total.toLocaleString(locale))
}

export type ListOptions = {
  /** the filter as of a moment, so that "the last hour" moves on; `key` tells one filter from another */
  query: (now: number) => Query
  key: unknown
  limit?: number
  refetchMs?: number
  enabled?: boolean
}

export type ListResult<T> = { page: UseQueryResult<Page<T>>; paging: Paging }
export type Paging = {
  cursor: string | null
  newest: () => void
  newer: (() => void) | null
  older: (() => void) | null
}

/** One page of a list of ours; its cursor lives in the URL, and the first page refreshes itself. */
export function useList<T>(
  path: string,
  { query, key, limit = 50, refetchMs = 15_000, enabled = true }: ListOptions,
): ListResult<T> {
  const [place, setPlace] = useUrlState(listPlace)
  const { cursor, asOf } = place
  const [trail, setTrail] = useState<(string | null)[]>([])
  const page = useQuery({
    queryKey: [path, key, cursor, limit],
    queryFn: async ({ signal }) => {
      // A cursor is good for one filter only: later pages see the same "last hour" as the first one did.
      const now = cursor && asOf ? asOf : Date.now()
      return { ...(await api<Page<T>>(path, { query: { ...query(now), limit, cursor }, signal })), asOf: now }
    },
    placeholderData: keepPreviousData,
    refetchInterval: cursor ? false : refetchMs,
    enabled,
  })
  const next = page.isPlaceholderData ? null : page.data?.nextCursor
  const go = (to: string | null) => {
    setPlace({ cursor: to, asOf: to ? (page.data?.asOf ?? asOf) : null }, { push: true })
    window.scrollTo({ top: 0 })
  }
  return {
    page,
    paging: {
      cursor,
      newest: () => {
        setTrail([])
        go(null)
      },
      newer: trail.length
        ? () => {
            go(trail.at(-1) ?? null)
            setTrail(trail.slice(0, -1))
          }
        : null,
      older: next
        ? () => {
            setTrail([...trail, cursor])
            go(next)
          }
        : null,
    },
  }
}

/** A short list that comes whole: products, staff, keys. */
export function useAll<T>(path: string) {
  return useQuery({
    queryKey: [path, 'all'],
    queryFn: ({ signal }) => api<Page<T>>(path, { signal }),
    staleTime: 15_000,
  })
}

type AllBodyProps<T> = Omit<Parameters<typeof DataTable<T>>[0], 'rows'> & {
  list: UseQueryResult<Page<T>>
  empty: ReactNode
}

/** The same states for such a list. */
export function AllBody<T>({ list, empty, ...table }: AllBodyProps<T>) {
  const data = useDrawn(list.data)
  if (list.isError && !list.data) return <ErrorState error={list.error} onRetry={() => list.refetch()} />
  if (!data) return <SkeletonRows rows={4} />
  if (data.items.length === 0) return empty
  return <DataTable {...table} rows={data.items} />
}

type ListBodyProps<T> = ListResult<T> & Omit<Parameters<typeof DataTable<T>>[0], 'rows'> & { empty: ReactNode }

/** A list in each of its states: first load, failure, nothing there, rows. */
export function ListBody<T>({ page, paging, empty, ...table }: ListBodyProps<T>) {
  const data = useDrawn(page.data)
  if (page.isError && !page.data) return <ErrorState error={page.error} onRetry={() => page.refetch()} />
  if (!data) return <SkeletonRows />
  if (data.items.length === 0 && !paging.cursor) return empty
  return (
    <>
      <DataTable {...table} rows={data.items} stale={page.isPlaceholderData} />
      <Pager paging={paging} />
    </>
  )
}

export function Pager({ paging }: { paging: Paging }) {
  const t = useTranslations('common')
  if (!paging.cursor && !paging.older) return null
  return (
    <nav aria-label={t('paging')} className="flex items-center justify-end gap-2 border-line border-t px-4 py-2">
      {paging.cursor ? (
        <Button size="sm" variant="ghost" onClick={paging.newest}>
          <ChevronsLeft aria-hidden />
          {t('newest')}
        </Button>
      ) : null}
      <Button size="sm" disabled={!paging.newer} onClick={() => paging.newer?.()}>
        <ChevronLeft aria-hidden />
        {t('newer')}
      </Button>
      <Button size="sm" disabled={!paging.older} onClick={() => paging.older?.()}>
        {t('older')}
        <ChevronRight aria-hidden />
      </Button>
    </nav>
  )
}
