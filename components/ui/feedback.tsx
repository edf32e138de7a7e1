'use client'

import { CircleAlert, Inbox, type LucideIcon, RotateCw, SearchX, WifiOff } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, errorText, fieldError } from '../api'
import { Button } from './button'
import { cn } from './cn'
import { Link } from './link'

export function Skeleton({ className }: { className?: string }) {
  return <div aria-hidden className={cn('animate-shimmer rounded-md bg-idle-soft', className)} />
}

export function SkeletonRows({ rows = 8 }: { rows?: number }) {
  const t = useTranslations('common')
  return (
    <div role="status" aria-label={t('loading')} className="divide-y divide-line">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: placeholders have no identity
        <div key={index} className="flex items-center gap-4 px-4 py-3">
          <Skeleton className="h-4 w-24" />
          <Skeleton className="h-4 w-32" />
          <Skeleton className="hidden h-4 grow md:block" />
          <Skeleton className="ml-auto h-4 w-20" />
        </div>
      ))}
    </div>
  )
}

type EmptyStateProps = { icon?: LucideIcon; title: ReactNode; children?: ReactNode; action?: ReactNode }

/** Nothing to show: says why and what to do next. */
export function EmptyState({ icon: Icon = Inbox, title, children, action }: EmptyStateProps) {
  return (
    <div className="flex flex-col items-center px-6 py-14 text-center">
      <span className="mb-3 flex size-10 items-center justify-center rounded-full bg-idle-soft text-faint">
        <Icon className="size-5" aria-hidden />
      </span>
      <p className="font-medium">{title}</p>
      {children ? <div className="mt-1 max-w-md text-sm text-soft">{children}</div> : null}
      {action ? <div className="mt-4 flex flex-wrap justify-center gap-2">{action}</div> : null}
    </div>
  )
}

type NothingFoundProps = { title: ReactNode; children?: ReactNode; onClear: () => void }

/** There are rows, but none that the filters let through. */
export function NothingFound({ title, children, onClear }: NothingFoundProps) {
  const t = useTranslations('filters')
  return (
    <EmptyState icon={SearchX} title={title} action={<Button onClick={onClear}>{t('clearAll')}</Button>}>
      {children}
    </EmptyState>
  )
}

type ErrorStateProps = {
  error: unknown
  onRetry?: () => void
  /** the list it would stand in, for the page of one thing: what does not exist need not be tried again */
  list?: string
}

export function ErrorState({ error, onRetry, list }: ErrorStateProps) {
  const t = useTranslations('errors')
  const missing = list !== undefined && error instanceof ApiError && error.status === 404
  const offline = error instanceof ApiError && error.status === 0
  const Icon = offline ? WifiOff : missing ? SearchX : CircleAlert
  return (
    <div role="alert" className="flex flex-col items-center px-6 py-14 text-center">
      <span className="mb-3 flex size-10 items-center justify-center rounded-full bg-bad-soft text-bad">
        <Icon className="size-5" aria-hidden />
      </span>
      <p className="font-medium">{t(missing ? 'missing' : 'title')}</p>
      <p className="mt-1 max-w-md break-words text-sm text-soft">{errorText(error, t)}</p>
      <div className="mt-4 flex flex-wrap justify-center gap-2">
        {onRetry && !missing ? (
          <Button onClick={onRetry}>
            <RotateCw aria-hidden />
            {t('retry')}
          </Button>
        ) : null}
        {list ? (
          <Button asChild>
            <Link href={list}>{t('toList')}</Link>
          </Button>
        ) : null}
      </div>
    </div>
  )
}

type NoticeProps = { tone: 'bad' | 'warn' | 'info' | 'ok'; icon?: LucideIcon; children: ReactNode; className?: string }

/** A remark inside a page or a form. */
export function Callout({ tone, icon: Icon = CircleAlert, children, className }: NoticeProps) {
  const tones = {
    bad: 'border-bad-line bg-bad-soft text-bad',
    warn: 'border-warn-line bg-warn-soft text-warn',
    info: 'border-line bg-info-soft text-info',
    ok: 'border-line bg-ok-soft text-ok',
  }
  return (
    <div
      role={tone === 'bad' ? 'alert' : undefined}
      className={cn('flex items-start gap-2 rounded-md border px-3 py-2 text-sm', tones[tone], className)}
    >
      <Icon className="mt-0.5 size-4 shrink-0" aria-hidden />
      <div className="min-w-0 break-words">{children}</div>
    </div>
  )
}

/** The fault of a whole form: what does not belong to one of its fields. */
export function FormError({ error, fields = [] }: { error: unknown; fields?: string[] }) {
  const t = useTranslations('errors')
  if (!error) return null
  if (fields.some((field) => fieldError(error, field))) return null
  return <Callout tone="bad">{errorText(error, t)}</Callout>
}
