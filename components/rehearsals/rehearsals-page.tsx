'use client'

import { CalendarClock, ListPlus, Pencil, Play, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { ResultCode } from '../chips'
import { useSentences } from '../sentences'
import { useBlocked } from '../shell/user'
import { Button, IconButton } from '../ui/button'
import { Card, PageHeader } from '../ui/card'
import { cn } from '../ui/cn'
import { EmptyState, ErrorState, NothingFound, SkeletonRows } from '../ui/feedback'
import { FilterBar, FilterPicker, Segments } from '../ui/filters'
import { Link } from '../ui/link'
import { AllBody, ListBody, useAll, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { oneOf, text, useFilters } from '../url-state'
import { useAction } from '../use-action'
import { useWords } from '../words'
import { CaseDialog, DeleteDialog, FireDialog, RunDialog, ScheduleDialog, UsualDialog, useSchedule } from './dialogs'
import type { RehearsalCase, Run, Streak } from './types'
import { Verdict } from './verdict'

type Open =
  | { what: 'fire' | 'usual' | 'schedule' }
  | { what: 'case'; item: RehearsalCase | null }
  | { what: 'delete'; item: RehearsalCase }
  | { what: 'run'; run: Run }
  | null

/** Signed test calls at our own door: by hand, from saved cases, twice a day before the marketplace does it. */
export function RehearsalsPage() {
  const t = useTranslations('rehearsals')
  const operator = useBlocked('operator')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  return (
    <>
      <PageHeader
        title={t('title')}
        lead={t('lead')}
        actions={
          <Button variant="primary" blocked={operator} onClick={() => setOpen({ what: 'fire' })}>
            <Play aria-hidden />
            {t('fireCall')}
          </Button>
        }
      />
      <div className="flex flex-col gap-4">
        <div className="grid items-start gap-4 xl:grid-cols-[minmax(0,1fr)_26rem]">
          <Cases onOpen={setOpen} />
          <div className="flex min-w-0 flex-col gap-4">
            <ScheduleCard onChange={() => setOpen({ what: 'schedule' })} />
            <Streaks />
          </div>
        </div>
        <History onOpen={(run) => setOpen({ what: 'run', run })} />
      </div>
      {open?.what === 'fire' ? <FireDialog onClose={close} onDone={(run) => setOpen({ what: 'run', run })} /> : null}
      {open?.what === 'case' ? <CaseDialog item={open.item} onClose={close} /> : null}
      {open?.what === 'usual' ? <UsualDialog onClose={close} /> : null}
      {open?.what === 'schedule' ? <ScheduleDialog onClose={close} /> : null}
      {open?.what === 'run' ? <RunDialog run={open.run} onClose={close} /> : null}
      {open?.what === 'delete' ? <DeleteDialog item={open.item} onClose={close} /> : null}
    </>
  )
}

function Cases({ onOpen }: { onOpen: (open: Open) => void }) {
  const t = useTranslations('rehearsals')
  const words = useWords()
  const list = useAll<RehearsalCase>('/rehearsal-cases')
  const blocked = useBlocked('operator')
  const act = useAction('/rehearsal-cases', '/rehearsals')
  const [firing, setFiring] = useState<string | null>(null)
  const fire = async (item: RehearsalCase) => {
    setFiring(item.id)
    await act(async () => {
      const run = await api<Run>('/rehearsals', { method: 'POST', json: { caseId: item.id } })
      onOpen({ what: 'run', run })
    })
    setFiring(null)
  }
  const columns: Column<RehearsalCase>[] = [
    { id: 'name', header: t('name'), card: 'title', cell: (c) => <span className="font-medium">{c.name}</span> },
    {
      id: 'activity',
      header: t('activity'),
      cell: (c) => `${words.activity(c.activity)} · ${c.version.toUpperCase()}`,
    },
    {
      id: 'product',
      header: t('product'),
      from: '2xl',
      has: (c) => c.productName !== null,
      cell: (c) => <span className="line-clamp-1">{c.productName ?? '–'}</span>,
    },
    {
      id: 'scheduled',
      header: t('byItself'),
      from: 'lg',
      cell: (c) => (c.scheduled ? t('yes') : <span className="text-faint">{t('no')}</span>),
    },
    {
      id: 'last',
      header: t('lastRun'),
      card: 'aside',
      cell: (c) =>
        c.lastRun ? (
          <span className="inline-flex flex-wrap items-center gap-1.5">
            <Verdict good={c.lastRun.good} />
            <Time at={c.lastRun.at} className="text-faint text-xs" />
          </span>
        ) : (
          <span className="text-faint">{t('never')}</span>
        ),
    },
    {
      id: 'actions',
      header: <span className="sr-only">{t('actions')}</span>,
      card: 'plain',
      align: 'right',
      cell: (c) => (
        <span className="inline-flex items-center gap-1">
          <Button size="sm" blocked={blocked} loading={firing === c.id} onClick={() => fire(c)}>
            <Play aria-hidden />
            {t('fire')}
          </Button>
          <IconButton
            size="sm"
            blocked={blocked}
            label={t('changeCase', { name: c.name })}
            onClick={() => onOpen({ what: 'case', item: c })}
          >
            <Pencil aria-hidden />
          </IconButton>
          <IconButton
            size="sm"
            blocked={blocked}
            label={t('deleteCase', { name: c.name })}
            onClick={() => onOpen({ what: 'delete', item: c })}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </span>
      ),
    },
  ]
  return (
    <Card
      title={t('cases')}
      flush
      actions={
        <>
          <Button size="sm" variant="ghost" blocked={blocked} onClick={() => onOpen({ what: 'usual' })}>
            <ListPlus aria-hidden />
            {t('usual')}
          </Button>
          <Button size="sm" variant="ghost" blocked={blocked} onClick={() => onOpen({ what: 'case', item: null })}>
            <Plus aria-hidden />
            {t('addCase')}
          </Button>
        </>
      }
    >
      <AllBody
        list={list}
        label={t('cases')}
        columns={columns}
        rowKey={(c) => c.id}
        empty={
          <EmptyState
            icon={CalendarClock}
            title={t('noCases')}
            action={
              <Button blocked={blocked} onClick={() => onOpen({ what: 'usual' })}>
                <ListPlus aria-hidden />
                {t('usual')}
              </Button>
            }
          >
            {t('noCasesHint')}
          </EmptyState>
        }
      />
    </Card>
  )
}

function ScheduleCard({ onChange }: { onChange: () => void }) {
  const t = useTranslations('rehearsals')
  const blocked = useBlocked('admin')
  const schedule = useSchedule()
  return (
    <Card
      title={t('schedule')}
      actions={
        <Button size="sm" variant="ghost" blocked={blocked} disabled={!schedule.data} onClick={onChange}>
          <Pencil aria-hidden />
          {t('change')}
        </Button>
      }
    >
      {schedule.isPending ? (
        <SkeletonRows rows={1} />
      ) : schedule.isError ? (
        <ErrorState error={schedule.error} onRetry={() => schedule.refetch()} />
      ) : (
        <p className="text-sm">
          {schedule.data.enabled ? t('runsAt', { times: schedule.data.times.join(', ') }) : t('switchedOff')}
        </p>
      )}
      <p className="mt-1 text-soft text-xs">{t('scheduleHint')}</p>
    </Card>
  )
}

function Streaks() {
  const t = useTranslations('rehearsals')
  const words = useWords()
  const list = useAll<Streak>('/rehearsal-streaks')
  return (
    <Card title={t('streaks')}>
      {list.isPending ? (
        <SkeletonRows rows={2} />
      ) : list.isError ? (
        <ErrorState error={list.error} onRetry={() => list.refetch()} />
      ) : list.data.items.length === 0 ? (
        <p className="text-sm text-soft">{t('noStreaks')}</p>
      ) : (
        <ul className="space-y-2 text-sm">
          {list.data.items.map((streak) => (
            <li key={streak.productRef ?? ''} className="flex flex-wrap items-center gap-x-2 gap-y-1">
              <span className="font-medium">{streak.productName ?? t('noProduct')}</span>
              <Verdict good={!streak.failing} />
              <Link
                href={`/calls?view=calls&test=test${streak.productRef ? `&productId=${streak.productRef}` : ''}`}
                className={cn('rounded-sm underline underline-offset-2', streak.failingDays > 0 && 'text-bad')}
              >
                {t('failingDays', { count: streak.failingDays })}
              </Link>
              {streak.failing ? (
                <span className="basis-full text-soft text-xs">
                  {words.activity(streak.activity)} · {[streak.lastCode, streak.lastMessage].filter(Boolean).join(' ')}{' '}
                  · <Time at={streak.lastAt} />
                </span>
              ) : null}
            </li>
          ))}
        </ul>
      )}
      <p className="mt-2 text-faint text-xs">{t('streaksHint')}</p>
    </Card>
  )
}

const shape = {
  good: oneOf(['all', 'good', 'failed'], 'all'),
  caseId: text,
}

function History({ onOpen }: { onOpen: (run: Run) => void }) {
  const t = useTranslations('rehearsals')
  const words = useWords()
  const sentence = useSentences()
  const shown = useCount()
  const cases = useAll<RehearsalCase>('/rehearsal-cases')
  const { filters, change, clear, active } = useFilters(shape)
  const { good, caseId } = filters
  const list = useList<Run>('/rehearsals', {
    query: () => ({ caseId, good: good === 'all' ? null : good === 'good' }),
    key: filters,
    limit: 20,
  })
  const columns: Column<Run>[] = [
    {
      id: 'at',
      header: t('at'),
      card: 'aside',
      cell: (r) => <Time at={r.at} className="whitespace-nowrap text-soft" />,
    },
    {
      id: 'what',
      header: t('what'),
      card: 'title',
      cell: (r) => (
        <button
          type="button"
          data-row-link
          className="rounded-sm text-left font-medium hover:text-accent"
          onClick={() => onOpen(r)}
        >
          {r.name ?? `${words.activity(r.activity)} · ${r.version.toUpperCase()}`}
        </button>
      ),
    },
    { id: 'verdict', header: t('verdict'), card: 'plain', cell: (r) => <Verdict good={r.good} /> },
    {
      id: 'result',
      header: t('answer'),
      cell: (r) =>
        r.resultCode ? <ResultCode code={r.resultCode} message={r.resultMsg} /> : r.error ? sentence(r.error) : '–',
    },
    {
      id: 'duration',
      header: t('duration'),
      align: 'right',
      from: 'lg',
      cell: (r) => (r.durationMs === null ? '–' : `${r.durationMs.toLocaleString()} ms`),
    },
    {
      id: 'by',
      header: t('by'),
      from: 'lg',
      cell: (r) => <span className="text-soft">{r.slot ? t('bySchedule', { slot: r.slot }) : r.actor}</span>,
    },
  ]
  return (
    <section aria-label={t('history')}>
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined
            ? null
            : t('count', { count: list.page.data.total, shown: shown(list.page.data.total) })
        }
      >
        <h2 className="mr-2 font-semibold text-sm">{t('history')}</h2>
        <Segments
          label={t('verdict')}
          value={good}
          options={[
            { value: 'all', label: t('all') },
            { value: 'good', label: t('passed') },
            { value: 'failed', label: t('failed') },
          ]}
          onChange={(value) => change({ good: value })}
        />
        <FilterPicker
          label={t('case')}
          value={caseId}
          options={(cases.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
          onChange={(value) => change({ caseId: value })}
        />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('history')}
          columns={columns}
          rowKey={(r) => r.id}
          empty={
            active ? (
              <NothingFound title={t('nothingFound')} onClear={clear} />
            ) : (
              <EmptyState title={t('noRuns')}>{t('noRunsHint')}</EmptyState>
            )
          }
        />
      </div>
    </section>
  )
}
