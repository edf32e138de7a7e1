'use client'

import { useRouter } from 'next/navigation'
import { type MouseEvent, type ReactNode, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from './cn'
import { Link } from './link'
import { useNarrow } from './media'
import { Checkbox } from './ticks'

export type Column<T> = {
  id: string
  header: ReactNode
  cell: (row: T) => ReactNode
  /** the narrowest screen that still shows it */
  from?: 'lg' | 'xl' | '2xl'
  align?: 'right'
  /** carries the link to the row's page */
  link?: boolean
  /** where a card shows it; `line` with its name before it, `plain` without */
  card?: 'title' | 'aside' | 'line' | 'plain' | 'none'
  /** whether a card has anything to show for it */
  has?: (row: T) => boolean
  className?: string
}

export type Selection = {
  keys: ReadonlySet<string>
  onChange: (keys: Set<string>) => void
  label: (key: string) => string
}

type TableProps<T> = {
  label: string
  columns: Column<T>[]
  rows: T[]
  rowKey: (row: T) => string
  href?: (row: T) => string
  selection?: Selection
  /** while the next page is on its way */
  stale?: boolean
}

const shownFrom = { lg: 'hidden lg:table-cell', xl: 'hidden xl:table-cell', '2xl': 'hidden 2xl:table-cell' }

/** A list of rows: a table with a header that stays, cards when narrow; j and k move, Enter opens, x selects. */
export function DataTable<T>(props: TableProps<T>) {
  const area = useRef<HTMLDivElement>(null)
  useRowKeys(area)
  const narrow = useNarrow()
  return (
    <div
      ref={area}
      className={cn('transition-opacity', props.stale && 'opacity-60')}
      aria-busy={props.stale || undefined}
    >
      {narrow ? <Cards {...props} /> : <Rows {...props} />}
    </div>
  )
}

function useRowKeys(area: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return
      if (!['j', 'k', 'x'].includes(event.key)) return
      const target = event.target as HTMLElement
      if (
        target.closest(
          'input:not([type="checkbox"]), textarea, select, [contenteditable], [role="dialog"], [role="menu"]',
        )
      )
        return
      if (document.querySelector('[role="dialog"]')) return
      const rows = [...(area.current?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
      const at = rows.findIndex((row) => row.contains(document.activeElement))
      if (event.key === 'x') {
        rows[at]?.querySelector<HTMLElement>('input[type="checkbox"]')?.click()
        return
      }
      const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + (event.key === 'j' ? 1 : -1)))
      const row = rows[next]
      row?.querySelector<HTMLElement>('[data-row-link]')?.focus()
      row?.scrollIntoView({ block: 'nearest' })
      event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [area])
}

function useRowClick<T>(href?: (row: T) => string) {
  const router = useRouter()
  return (row: T) => (event: MouseEvent<HTMLElement>) => {
    if (!href || (event.target as HTMLElement).closest('a, button, label, input, [data-tick]')) return
    if (window.getSelection()?.toString()) return
    if (event.metaKey || event.ctrlKey) window.open(href(row), '_blank')
    else router.push(href(row))
  }
}

function toggled(keys: ReadonlySet<string>, key: string, on: boolean): Set<string> {
  const next = new Set(keys)
  if (on) next.add(key)
  else next.delete(key)
  return next
}

function Content<T>({ column, row, href }: { column: Column<T>; row: T; href: ((row: T) => string) | undefined }) {
  if (!column.link || !href) return column.cell(row)
  return (
    <Link href={href(row)} data-row-link className="rounded-sm font-medium text-ink hover:text-accent">
      {column.cell(row)}
    </Link>
  )
}

function SelectAll<T>({ rows, rowKey, selection }: { rows: T[]; rowKey: (row: T) => string; selection: Selection }) {
  const t = useTranslations('common')
  const chosen = rows.filter((row) => selection.keys.has(rowKey(row))).length
  return (
    <Checkbox
      aria-label={t('selectPage')}
      checked={chosen === 0 ? false : chosen === rows.length ? true : 'indeterminate'}
      onCheckedChange={(on) => {
        const next = new Set(selection.keys)
        for (const row of rows) {
          if (on) next.add(rowKey(row))
          else next.delete(rowKey(row))
        }
        selection.onChange(next)
      }}
    />
  )
}

function Rows<T>({ label, columns, rows, rowKey, href, selection }: TableProps<T>) {
  const onRowClick = useRowClick(href)
  return (
    <table aria-label={label} className="w-full border-separate border-spacing-0 text-sm">
      <thead>
        <tr className="[&>th]:sticky [&>th]:top-0 [&>th]:z-10 [&>th]:border-line [&>th]:border-b [&>th]:bg-surface">
          {selection ? (
            <th className="w-9 rounded-tl-lg py-2 pl-4 text-left align-middle leading-none">
              <SelectAll rows={rows} rowKey={rowKey} selection={selection} />
            </th>
          ) : null}
          {columns.map((column) => (
            <th
              key={column.id}
              scope="col"
              className={cn(
                'h-9 whitespace-nowrap px-3 text-left font-medium text-faint text-xs first:rounded-tl-lg first:pl-4 last:rounded-tr-lg last:pr-4',
                column.align === 'right' && 'text-right',
                column.from && shownFrom[column.from],
              )}
            >
              {column.header}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const key = rowKey(row)
          const selected = selection?.keys.has(key) ?? false
          return (
            <tr
              key={key}
              data-row
              onClick={onRowClick(row)}
              className={cn(
                'group/row [&>td]:border-line [&>td]:border-b last:[&>td]:border-b-0',
                href && 'cursor-pointer hover:bg-hover focus-within:bg-hover',
                selected && 'bg-accent-soft hover:bg-accent-soft',
              )}
            >
              {selection ? (
                <td className="py-2 pl-4 align-middle leading-none">
                  <Checkbox
                    aria-label={selection.label(key)}
                    checked={selected}
                    onCheckedChange={(on) => selection.onChange(toggled(selection.keys, key, on === true))}
                  />
                </td>
              ) : null}
              {columns.map((column) => (
                <td
                  key={column.id}
                  className={cn(
                    'px-3 py-2 align-middle first:pl-4 last:pr-4',
                    column.align === 'right' && 'text-right',
                    column.from && shownFrom[column.from],
                    column.className,
                  )}
                >
                  <Content column={column} row={row} href={href} />
                </td>
              ))}
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

function Cards<T>({ label, columns, rows, rowKey, href, selection }: TableProps<T>) {
  const onRowClick = useRowClick(href)
  const at = (place: Column<T>['card'], row: T) =>
    columns.filter((column) => (column.card ?? 'line') === place && (column.has?.(row) ?? true))
  return (
    <ul aria-label={label} className="divide-y divide-line">
      {rows.map((row) => {
        const key = rowKey(row)
        const selected = selection?.keys.has(key) ?? false
        return (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the link in the card is the keyboard's way; the click is a larger target
          <li
            key={key}
            data-row
            onClick={onRowClick(row)}
            className={cn('flex gap-3 px-4 py-3 text-sm', selected && 'bg-accent-soft')}
          >
            {selection ? (
              <span className="pt-0.5 leading-none">
                <Checkbox
                  aria-label={selection.label(key)}
                  checked={selected}
                  onCheckedChange={(on) => selection.onChange(toggled(selection.keys, key, on === true))}
                />
              </span>
            ) : null}
            <div className="min-w-0 grow">
              <div className="flex items-start justify-between gap-3">
                <div className="min-w-0 break-words">
                  {at('title', row).map((column) => (
                    <Content key={column.id} column={column} row={row} href={href} />
                  ))}
                </div>
                <div className="flex shrink-0 items-center gap-1.5 text-faint text-xs">
                  {at('aside', row).map((column) => (
                    <Content key={column.id} column={column} row={row} href={href} />
                  ))}
                </div>
              </div>
              {at('plain', row).map((column) => (
                <div key={column.id} className="mt-1 min-w-0">
                  <Content column={column} row={row} href={href} />
                </div>
              ))}
              <dl className="mt-1.5 grid grid-cols-[auto_1fr] gap-x-3 gap-y-0.5 text-xs">
                {at('line', row).map((column) => (
                  <div key={column.id} className="contents">
                    <dt className="text-faint">{column.header}</dt>
                    <dd className="min-w-0 break-words">
                      <Content column={column} row={row} href={href} />
                    </dd>
                  </div>
                ))}
              </dl>
            </div>
          </li>
        )
      })}
    </ul>
  )
}
