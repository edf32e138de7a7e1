'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { CircleCheckBig, CircleDot, Eye, RotateCcw, Undo2 } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, errorText } from '../api'
import { ResultCode } from '../chips'
import { useBlocked } from '../shell/user'
import type { Cause, Page } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { ConfirmDialog } from '../ui/dialog'
import { EmptyState } from '../ui/feedback'
import { Field, Input } from '../ui/field'
import { AllBody, useCount } from '../ui/list'
import type { Column } from '../ui/table'
import { Countdown, Time } from '../ui/time'
import { toast } from '../ui/toast'
import { useWords } from '../words'
import type { BulkTarget } from './bulk-replay'
import { type CallFilters, messageQuery } from './use-filters'

type CauseListProps = {
  filters: CallFilters
  onTotal: (total: number | undefined) => void
  onBulk: (target: BulkTarget) => void
}

/** Failed messages gathered by what made them fail. */
export function CauseList({ filters, onTotal, onBulk }: CauseListProps) {
  const t = useTranslations('causes')
  const calls = useTranslations('calls')
  const e = useTranslations('errors')
  const words = useWords()
  const shown = useCount()
  const client = useQueryClient()
  const blocked = useBlocked('operator')
  const [asking, setAsking] = useState<Cause | null>(null)
  const [note, setNote] = useState('')
  const list = useQuery({
    queryKey: ['/causes', filters],
    queryFn: ({ signal }) => {
      const { state: _, outcome: __, ...query } = messageQuery(filters, Date.now())
      return api<Page<Cause>>('/causes', { query, signal })
    },
    refetchInterval: 15_000,
  })
  const total = list.data?.items.length
  useEffect(() => onTotal(total), [total, onTotal])
  const change = async (cause: Cause, verb: 'acknowledge' | 'reopen', json: object, done: string) => {
    try {
      await api(`/causes/${cause.id}/${verb}`, { method: 'POST', json })
      toast.success(done)
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
    await client.invalidateQueries({ queryKey: ['/causes'] })
  }
  const columns: Column<Cause>[] = [
    {
      id: 'state',
      header: t('state'),
      card: 'aside',
      cell: (c) =>
        c.state === 'acknowledged' ? (
          <Badge tone="idle" icon={Eye}>
            {t('acknowledged')}
          </Badge>
        ) : (
          <Badge tone="bad" icon={CircleDot}>
            {t(c.cameBack ? 'cameBack' : 'open')}
          </Badge>
        ),
    },
    {
      id: 'cause',
      header: t('cause'),
      link: true,
      card: 'title',
      className: 'max-w-xl',
      cell: (c) => (
        <span className="block">
          {words.activity(c.activity)} · <ResultCode code={c.resultCode} tone={false} />
          <span className="mt-0.5 line-clamp-2 break-words font-normal text-soft text-xs">
            {c.error || t('noError')}
          </span>
          {c.acknowledgedAt ? (
            <span className="mt-0.5 block font-normal text-faint text-xs">
              {t('by', { name: c.acknowledgedBy ?? '–' })} <Time at={c.acknowledgedAt} />
              {c.note ? ` · ${c.note}` : ''}
            </span>
          ) : null}
        </span>
      ),
    },
    { id: 'messages', header: t('messages'), align: 'right', cell: (c) => shown(c.messages) },
    {
      id: 'firstAt',
      header: t('firstAt'),
      from: '2xl',
      card: 'none',
      cell: (c) => <Time at={c.firstAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'lastAt',
      header: t('lastAt'),
      from: 'xl',
      cell: (c) => <Time at={c.lastAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'window',
      header: calls('windowLeft'),
      from: 'lg',
      has: (c) => c.retryUntil !== null,
      cell: (c) => <Countdown until={c.retryUntil} ended="–" />,
    },
    {
      id: 'actions',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'plain',
      cell: (c) => (
        <span className="inline-flex gap-1.5">
          {c.state === 'open' ? (
            <Button size="sm" blocked={blocked} onClick={() => setAsking(c)}>
              <Eye aria-hidden />
              {t('acknowledge')}
            </Button>
          ) : (
            <Button size="sm" blocked={blocked} onClick={() => change(c, 'reopen', {}, t('reopenedNow'))}>
              <Undo2 aria-hidden />
              {t('reopen')}
            </Button>
          )}
          <Button
            size="sm"
            blocked={blocked}
            onClick={() => onBulk({ kind: 'filter', filter: { ...messageQuery(filters, Date.now()), cause: c.id } })}
          >
            <RotateCcw aria-hidden />
            {t('replayAll')}
          </Button>
        </span>
      ),
    },
  ]
  return (
    <>
      <AllBody
        list={list}
        label={calls('view.causes')}
        columns={columns}
        rowKey={(c) => c.id}
        href={(c) => `/calls?cause=${c.id}${filters.test === 'real' ? '' : `&test=${filters.test}`}`}
        empty={
          <EmptyState icon={CircleCheckBig} title={t('none')}>
            {t('noneHint')}
          </EmptyState>
        }
      />
      {asking ? (
        <ConfirmDialog
          open
          onOpenChange={() => {
            setAsking(null)
            setNote('')
          }}
          title={t('askTitle')}
          confirmLabel={t('acknowledge')}
          onConfirm={() =>
            change(asking, 'acknowledge', note.trim() ? { note: note.trim() } : {}, t('acknowledgedNow'))
          }
        >
          <p className="mb-3">{t('ask')}</p>
          <Field label={t('note')}>
            {(control) => (
              <Input
                {...control}
                data-first
                maxLength={1000}
                value={note}
                onChange={(ev) => setNote(ev.target.value)}
              />
            )}
          </Field>
        </ConfirmDialog>
      ) : null}
    </>
  )
}
