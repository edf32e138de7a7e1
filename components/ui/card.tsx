import type { ReactNode } from 'react'
import { cn } from './cn'

type CardProps = { title?: ReactNode; actions?: ReactNode; children: ReactNode; className?: string; flush?: boolean }

/** A bordered part of a page, with an optional heading. `flush` leaves the padding to the content. */
export function Card({ title, actions, children, className, flush }: CardProps) {
  return (
    <section className={cn('min-w-0 rounded-lg border border-line bg-surface', className)}>
      {title ? (
        <header className="flex min-h-11 items-center justify-between gap-2 border-line border-b px-4 py-1.5">
          <h2 className="font-semibold text-sm">{title}</h2>
          {actions ? <div className="flex items-center gap-1">{actions}</div> : null}
        </header>
      ) : null}
      <div className={flush ? undefined : 'p-4'}>{children}</div>
    </section>
  )
}

type PageHeaderProps = { title: ReactNode; lead?: ReactNode; actions?: ReactNode; above?: ReactNode }

export function PageHeader({ title, lead, actions, above }: PageHeaderProps) {
  return (
    <header className="flex flex-wrap items-start justify-between gap-x-6 gap-y-3 pb-4">
      <div className="min-w-0">
        {above ? <div className="mb-1 text-sm">{above}</div> : null}
        <h1 className="flex flex-wrap items-center gap-x-2.5 gap-y-1 font-semibold text-xl tracking-tight">{title}</h1>
        {lead ? <div className="mt-1 text-sm text-soft">{lead}</div> : null}
      </div>
      {actions ? <div className="flex flex-wrap items-center gap-2">{actions}</div> : null}
    </header>
  )
}

/** Facts as pairs of a name and a value; `columns` spreads them over a wide page. */
export function KeyValue({ items, columns }: { items: ([ReactNode, ReactNode] | null)[]; columns?: boolean }) {
  return (
    <dl className={cn('text-sm', columns ? 'grid grid-cols-2 gap-x-6 gap-y-3 md:grid-cols-4' : 'space-y-2')}>
      {items.map((item, index) =>
        item ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows of one list keep their places
          <div key={index} className={columns ? 'min-w-0' : 'grid grid-cols-[7.5rem_1fr] gap-2'}>
            <dt className="text-faint">{item[0]}</dt>
            <dd className="min-w-0 break-words">{item[1]}</dd>
          </div>
        ) : null,
      )}
    </dl>
  )
}
