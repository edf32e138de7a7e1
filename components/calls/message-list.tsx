'use client'

import { CircleCheckBig, RotateCcw, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { MessageStateChip, ResultCode, TestMark } from '../chips'
import { useBlocked } from '../shell/user'
import type { Message } from '../types'
import { Button, IconButton } from '../ui/button'
import { ShortId } from '../ui/copy'
import { EmptyState, NothingFound } from '../ui/feedback'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Countdown, Time } from '../ui/time'
import { useWords } from '../words'
import type { BulkTarget } from './bulk-replay'
import { type CallFilters, messageQuery } from './use-filters'

type MessageListProps = {
  filters: CallFilters
  filtered: boolean
  onClear: () => void
  onTotal: (total: number | undefined) => void
  onBulk: (target: BulkTarget) => void
}

export function useMessageColumns(failed: boolean): Column<Message>[] {
  const t = useTranslations('calls')
  const words = useWords()
  return [
    {
      id: 'time',
      header: t('lastAt'),
      card: 'aside',
      cell: (m) => <Time at={m.lastAt} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'activity',
      header: t('activity'),
      link: true,
      card: 'title',
      cell: (m) => (
        <span className="inline-flex items-center gap-2 whitespace-nowrap">
          {words.activity(m.activity)}
          {m.test ? <TestMark /> : null}
        </span>
      ),
    },
    ...(failed
      ? []
      : [
          {
            id: 'state',
            header: t('state'),
            card: 'plain',
            cell: (m: Message) => <MessageStateChip message={m} />,
          } as Column<Message>,
        ]),
    {
      id: 'result',
      header: t('result'),
      card: 'plain',
      cell: (m) => <ResultCode code={m.resultCode} message={m.resultMsg} />,
    },
    {
      id: 'instance',
      header: t('instance'),
      from: 'xl',
      has: (m) => m.instanceId !== null,
      cell: (m) => <ShortId value={m.instanceId} />,
    },
    {
      id: 'order',
      header: t('order'),
      has: (m) => m.orderId !== null,
      cell: (m) => <ShortId value={m.orderId} keep={20} />,
    },
    {
      id: 'customer',
      header: t('customer'),
      from: '2xl',
      card: 'none',
      cell: (m) => <ShortId value={m.customerId} keep={16} />,
    },
    {
      id: 'product',
      header: t('product'),
      from: 'xl',
      card: 'none',
      cell: (m) =>
        m.productName ? <span className="line-clamp-1">{m.productName}</span> : <span className="text-faint">–</span>,
    },
    { id: 'attempts', header: t('attempts'), align: 'right', from: 'lg', card: 'none', cell: (m) => m.attempts },
    {
      id: 'window',
      header: t('windowLeft'),
      card: 'plain',
      has: (m) => m.state === 'open',
      cell: (m) => <WindowLeft message={m} />,
    },
  ]
}

/** What the marketplace still does by itself about a message. */
export function WindowLeft({ message }: { message: Message }) {
  const t = useTranslations('calls')
  if (message.state !== 'open') return <span className="text-faint">–</span>
  if (!message.retryUntil) return <span className="whitespace-nowrap text-faint text-xs">{t('noRetry')}</span>
  return <Countdown until={message.retryUntil} ended={t('windowOver')} />
}

export function MessageList({ filters, filtered, onClear, onTotal, onBulk }: MessageListProps) {
  const t = useTranslations('calls')
  const failed = filters.view === 'failed'
  const columns = useMessageColumns(failed)
  const words = useWords()
  const list = useList<Message>('/messages', { query: (now) => messageQuery(filters, now), key: filters })
  const [chosen, setChosen] = useState<{ keys: Set<string>; of: string }>({ keys: new Set(), of: '' })
  const filterKey = JSON.stringify(filters)
  const keys = chosen.of === filterKey ? chosen.keys : new Set<string>()
  const setKeys = (next: Set<string>) => setChosen({ keys: next, of: filterKey })
  const rows = list.page.data?.items ?? []
  const selected = rows.filter((row) => keys.has(row.id))
  const total = list.page.data?.total

  useEffect(() => onTotal(total), [total, onTotal])

  return (
    <>
      <ListBody
        {...list}
        label={t(`view.${filters.view}`)}
        columns={columns}
        rowKey={(m) => m.id}
        href={(m) => `/calls/messages/${m.id}`}
        selection={{
          keys,
          onChange: setKeys,
          label: (id) => {
            const row = rows.find((m) => m.id === id)
            return t('selectMessage', {
              name: row ? `${words.activity(row.activity)} ${row.orderId ?? row.instanceId ?? ''}` : id,
            })
          },
        }}
        empty={
          filtered ? (
            <NothingFound title={t('nothingFound')} onClear={onClear}>
              {t('nothingFoundHint')}
            </NothingFound>
          ) : failed ? (
            <EmptyState icon={CircleCheckBig} title={t('noFailed')}>
              {t('noFailedHint')}
            </EmptyState>
          ) : (
            <EmptyState title={t('noCalls')}>{t('noCallsHint')}</EmptyState>
          )
        }
      />
      {selected.length > 0 ? (
        <SelectionBar
          selected={selected}
          total={total ?? selected.length}
          pageFull={selected.length === rows.length}
          onBulk={onBulk}
          allTarget={{ kind: 'filter', filter: messageQuery(filters, Date.now()) }}
          onClear={() => setKeys(new Set())}
        />
      ) : null}
    </>
  )
}

type SelectionBarProps = {
  selected: Message[]
  total: number
  pageFull: boolean
  allTarget: BulkTarget
  onBulk: (target: BulkTarget) => void
  onClear: () => void
}

function SelectionBar({ selected, total, pageFull, allTarget, onBulk, onClear }: SelectionBarProps) {
  const t = useTranslations('calls')
  const shown = useCount()
  const blocked = useBlocked('operator')
  return (
    <div className="pointer-events-none sticky bottom-4 z-20 flex justify-center px-3">
      <div
        role="toolbar"
        aria-label={t('selection')}
        className="pointer-events-auto flex flex-wrap items-center gap-2 rounded-lg bg-raised py-1.5 pr-1.5 pl-3.5 text-sm shadow-overlay"
      >
        <span className="font-medium">{t('selected', { count: selected.length })}</span>
        <Button
          size="sm"
          variant="primary"
          blocked={blocked}
          onClick={() => onBulk({ kind: 'filter', filter: { ids: selected.map((message) => message.id) } })}
        >
          <RotateCcw aria-hidden />
          {t('replay')}
        </Button>
        {pageFull && total > selected.length ? (
          <Button size="sm" blocked={blocked} onClick={() => onBulk(allTarget)}>
            {t('replayAllMatching', { count: shown(total) })}
          </Button>
        ) : null}
        <IconButton label={t('clearSelection')} size="sm" onClick={onClear}>
          <X aria-hidden />
        </IconButton>
      </div>
    </div>
  )
}
