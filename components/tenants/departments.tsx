'use client'

import { useInfiniteQuery } from '@tanstack/react-query'
import { ChevronRight, Network, RefreshCcw, Unlink } from 'lucide-react'
import { type KeyboardEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { Department, Page, TenantDetail } from '../types'
import { Badge } from '../ui/badge'
import { cn } from '../ui/cn'
import { EmptyState, ErrorState, NothingFound, SkeletonRows } from '../ui/feedback'
import { FilterBar, SearchBox } from '../ui/filters'
import { Link } from '../ui/link'
import { search, useUrlState } from '../url-state'

const PAGE = 100

/** A level is read when it is opened, page by page: a tree of ten thousand costs what is looked at. */
function useLevel(tenantId: string, wanted: { parentCode?: string; q?: string }) {
  return useInfiniteQuery({
    queryKey: ['/tenants', tenantId, 'departments', wanted],
    queryFn: ({ pageParam, signal }) =>
      api<Page<Department>>(`/tenants/${tenantId}/departments`, {
        query: { ...wanted, limit: PAGE, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.nextCursor,
    staleTime: 15_000,
  })
}

const shape = { q: search }

export function Departments({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const [{ q }, set] = useUrlState(shape)
  return (
    <>
      <FilterBar
        active={q !== ''}
        onClear={() => set(null)}
        trailing={t('departmentCount', { count: tenant.departments })}
      >
        <SearchBox
          value={q}
          onChange={(q) => set({ q })}
          label={t('departmentSearchLabel')}
          placeholder={t('departmentSearch')}
        />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <Tree key={q} tenant={tenant} q={q} onClear={() => set(null)} />
      </div>
    </>
  )
}

function Tree({ tenant, q, onClear }: { tenant: TenantDetail; q: string; onClear: () => void }) {
  const t = useTranslations('tenants')
  const level = useLevel(tenant.id, q ? { q } : {})
  if (level.isPending) return <SkeletonRows rows={6} />
  if (level.isError && !level.data) return <ErrorState error={level.error} onRetry={() => level.refetch()} />
  if (level.data.pages[0]?.items.length === 0) {
    return q ? (
      <NothingFound title={t('noDepartmentFound')} onClear={onClear}>
        {t('nothingFoundHint')}
      </NothingFound>
    ) : (
      <EmptyState icon={Network} title={t('noDepartments')}>
        {t('noDepartmentsHint')}
      </EmptyState>
    )
  }
  return (
    <div role="tree" aria-label={t('departments')} onKeyDown={onTreeKey} className="py-1 text-sm">
      <Items tenant={tenant} level={level} depth={1} above={[]} first unfold={q === ''} />
    </div>
  )
}

type LevelProps = {
  tenant: TenantDetail
  level: ReturnType<typeof useLevel>
  depth: number
  /** the codes on the way here, so that a circle ends where it closes */
  above: string[]
  first?: boolean
  /** the first one is open from the start */
  unfold?: boolean
}

function Items({ tenant, level, depth, above, first = false, unfold = false }: LevelProps) {
  const t = useTranslations('tenants')
  const items = level.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <>
      {items.map((item, at) => (
        <Node
          key={item.orgCode}
          tenant={tenant}
          item={item}
          depth={depth}
          above={above}
          first={first && at === 0}
          unfold={unfold && at === 0}
        />
      ))}
      {level.hasNextPage ? (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the tree listens to the keyboard
        <div
          role="treeitem"
          aria-level={depth}
          tabIndex={-1}
          data-more
          onClick={() => level.fetchNextPage()}
          className="cursor-pointer rounded-sm px-4 py-1.5 text-accent hover:bg-hover"
          style={{ paddingInlineStart: `${depth * 1.25 + 1.25}rem` }}
        >
          {level.isFetchingNextPage ? t('loadingMore') : t('more')}
        </div>
      ) : null}
    </>
  )
}

type NodeProps = {
  tenant: TenantDetail
  item: Department
  depth: number
  above: string[]
  first: boolean
  unfold: boolean
}

function Node({ tenant, item, depth, above, first, unfold }: NodeProps) {
  const t = useTranslations('tenants')
  const [open, setOpen] = useState(unfold)
  const closes = above.includes(item.orgCode)
  const opens = item.children > 0 && !closes
  return (
    <div
      role="treeitem"
      aria-level={depth}
      aria-label={item.name ?? item.orgCode}
      aria-expanded={opens ? open : undefined}
      tabIndex={first ? 0 : -1}
      className="outline-none [&:focus-visible>div]:outline-2 [&:focus-visible>div]:outline-accent-solid"
    >
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the tree listens to the keyboard */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the row is the larger target of its tree item */}
      <div
        data-toggle
        onClick={() => opens && setOpen(!open)}
        className={cn(
          'flex min-h-8 flex-wrap items-center gap-x-2 px-4 py-1',
          opens && 'cursor-pointer hover:bg-hover',
        )}
        style={{ paddingInlineStart: `${depth * 1.25 - 0.25}rem` }}
      >
        <ChevronRight
          aria-hidden
          className={cn('size-4 shrink-0 text-faint transition-transform', open && 'rotate-90', !opens && 'invisible')}
        />
        <span className="min-w-0 break-words">
          {item.path.length > 0 ? (
            <span className="text-faint">{item.path.map(({ name, orgCode }) => `${name ?? orgCode} / `).join('')}</span>
          ) : null}
          <span className="font-medium">{item.name ?? item.orgCode}</span>
        </span>
        <span className="font-mono text-faint text-xs">{item.orgCode}</span>
        {item.problem === 'orphan' ? (
          <Badge tone="warn" icon={Unlink}>
            {t('orphan', { code: item.parentCode ?? '' })}
          </Badge>
        ) : null}
        {item.problem === 'circle' || closes ? (
          <Badge tone="warn" icon={RefreshCcw}>
            {t('circle')}
          </Badge>
        ) : null}
        <span className="ml-auto flex shrink-0 items-center gap-3 text-soft text-xs">
          {item.children > 0 ? <span>{t('childCount', { count: item.children })}</span> : null}
          {item.members > 0 ? (
            <Link
              tabIndex={-1}
              className="rounded-sm text-accent hover:underline"
              href={`/tenants/${tenant.id}?tab=members&orgCode=${encodeURIComponent(item.orgCode)}`}
              onClick={(event) => event.stopPropagation()}
            >
              {t('memberCount', { count: item.members, shown: item.members.toLocaleString() })}
            </Link>
          ) : null}
        </span>
      </div>
      {opens && open ? <Below tenant={tenant} item={item} depth={depth + 1} above={[...above, item.orgCode]} /> : null}
    </div>
  )
}

function Below({
  tenant,
  item,
  depth,
  above,
}: {
  tenant: TenantDetail
  item: Department
  depth: number
  above: string[]
}) {
  const level = useLevel(tenant.id, { parentCode: item.orgCode })
  if (level.isError && !level.data) return <ErrorState error={level.error} onRetry={() => level.refetch()} />
  return (
    // biome-ignore lint/a11y/useSemanticElements: a level of a tree is no fieldset
    <div role="group" aria-busy={level.isPending || undefined}>
      {level.isPending ? (
        <SkeletonRows rows={2} />
      ) : (
        <Items tenant={tenant} level={level} depth={depth} above={above} />
      )}
    </div>
  )
}

function open(item: HTMLElement): null {
  ;(item.querySelector<HTMLElement>(':scope > [data-toggle] a') ?? item).click()
  return null
}

/** Arrows move and unfold, j and k move, Enter leads to the members of a department. */
function onTreeKey(event: KeyboardEvent<HTMLDivElement>) {
  if (event.metaKey || event.ctrlKey || event.altKey) return
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role="treeitem"]')]
  const at = items.indexOf(document.activeElement as HTMLElement)
  const item = items[at]
  if (!item) return
  const isOpen = item.getAttribute('aria-expanded')
  const toggle = (): null => {
    item.querySelector<HTMLElement>(':scope > [data-toggle]')?.click()
    return null
  }
  const parent = item.parentElement?.closest<HTMLElement>('[role="treeitem"]')
  const steps: Record<string, () => HTMLElement | null | undefined> = {
    ArrowDown: () => items[at + 1],
    j: () => items[at + 1],
    ArrowUp: () => items[at - 1],
    k: () => items[at - 1],
    Home: () => items[0],
    End: () => items.at(-1),
    ArrowRight: () => (isOpen === 'true' ? items[at + 1] : isOpen === 'false' ? toggle() : null),
    ArrowLeft: () => (isOpen === 'true' ? toggle() : parent),
    Enter: () => open(item),
  }
  const step = steps[event.key]
  if (!step) return
  event.preventDefault()
  event.stopPropagation()
  const next = step()
  if (!next) return
  item.tabIndex = -1
  next.tabIndex = 0
  next.focus()
}
