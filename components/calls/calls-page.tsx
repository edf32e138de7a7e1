'use client'

import { RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { useDesk } from '../shell/desk'
import { useBlocked } from '../shell/user'
import type { Product } from '../types'
import { Button } from '../ui/button'
import { PageHeader } from '../ui/card'
import { SkeletonRows } from '../ui/feedback'
import { FilterBar, FilterChip, FilterPicker, SearchBox, TestFilter } from '../ui/filters'
import { later } from '../ui/later'
import { useAll, useCount } from '../ui/list'
import { tabClass, tabStripClass } from '../ui/tab-strip'
import { TimeRangePicker } from '../ui/time-range'
import { text, useUrlState } from '../url-state'
import { SavedViews } from '../views/saved-views'
import { activities, resultCodes, useWords } from '../words'
import type { BulkTarget } from './bulk-replay'
import { MessageList } from './message-list'
import { useCallFilters, views } from './use-filters'

// What is opened by a click is fetched by it.
const BulkReplayDialog = later(() => import('./bulk-replay').then((module) => module.BulkReplayDialog))
const CallList = later(() => import('./call-list').then((module) => module.CallList), <SkeletonRows />)
const CauseList = later(() => import('./cause-list').then((module) => module.CauseList), <SkeletonRows />)

/** A bulk replay that is looked at, or asked for: it opens its dialog. */
const asked = { bulk: text, since: text }

export function CallsPage() {
  const t = useTranslations('calls')
  const { filters, change, clear, active } = useCallFilters()
  const desk = useDesk()
  const shown = useCount()
  const blocked = useBlocked('operator')
  const [{ bulk, since }, setAsked] = useUrlState(asked)
  const [chosen, setTarget] = useState<BulkTarget | null>(null)
  const target = chosen ?? (since && !blocked ? ({ kind: 'since' } as const) : null)
  const [total, setTotal] = useState<number | undefined>()
  const open = desk.data?.counts.openMessages
  const view = filters.view

  return (
    <>
      <PageHeader
        title={t('title')}
        lead={t('lead')}
        actions={
          <>
            <SavedViews page="calls" />
            <Button blocked={blocked} onClick={() => setTarget({ kind: 'since' })}>
              <RotateCcw aria-hidden />
              {t('replaySince')}
            </Button>
          </>
        }
      />
      <nav aria-label={t('views')} className={`${tabStripClass} mb-3`}>
        {views.map((each) => (
          <button
            key={each}
            type="button"
            aria-current={view === each ? 'true' : undefined}
            className={tabClass(view === each)}
            onClick={() =>
              change({
                view: each,
                state: null,
                outcome: null,
                source: null,
                cause: null,
                closingWithin: null,
                lostSince: null,
              })
            }
          >
            {t(`view.${each}`)}
            {each === 'failed' && open ? <span className="ml-1.5 text-bad">{shown(open)}</span> : null}
          </button>
        ))}
      </nav>
      <Filters filters={filters} change={change} clear={clear} active={active} total={total} />
      <div className="rounded-lg border border-line bg-surface">
        {view === 'causes' ? (
          <CauseList filters={filters} onTotal={setTotal} onBulk={setTarget} />
        ) : view === 'calls' ? (
          <CallList key="calls" filters={filters} filtered={active} onClear={clear} onTotal={setTotal} />
        ) : (
          <MessageList
            key={view}
            filters={filters}
            filtered={active}
            onClear={clear}
            onTotal={setTotal}
            onBulk={setTarget}
          />
        )}
      </div>
      {target || bulk ? (
        <BulkReplayDialog
          key={bulk ?? 'new'}
          target={target}
          runId={bulk}
          onRun={(run) => setAsked({ bulk: run })}
          onClose={() => {
            setTarget(null)
            setAsked(null)
          }}
        />
      ) : null}
    </>
  )
}

type FiltersProps = ReturnType<typeof useCallFilters> & { total: number | undefined }

function Filters({ filters, change, clear, active, total }: FiltersProps) {
  const t = useTranslations('calls')
  const causes = useTranslations('causes')
  const words = useWords()
  const shown = useCount()
  const products = useAll<Product>('/products')
  const view = filters.view
  return (
    <FilterBar
      active={active}
      onClear={clear}
      trailing={
        total === undefined
          ? null
          : view === 'causes'
            ? causes('count', { count: total })
            : t(view === 'calls' ? 'countCalls' : 'countMessages', { count: total, shown: shown(total) })
      }
    >
      <SearchBox value={filters.q} onChange={(q) => change({ q })} label={t('searchLabel')} placeholder={t('search')} />
      <FilterPicker
        label={t('activity')}
        value={filters.activity}
        options={activities.map((value) => ({ value, label: words.activity(value), hint: value }))}
        onChange={(activity) => change({ activity })}
      />
      <FilterPicker
        label={t('result')}
        value={filters.resultCode}
        options={resultCodes.map((value) => ({ value, label: words.code(value), hint: value }))}
        onChange={(resultCode) => change({ resultCode })}
      />
      {view === 'messages' ? (
        <FilterPicker
          label={t('state')}
          value={filters.state}
          options={(['open', 'succeeded', 'resolved'] as const).map((value) => ({
            value,
            label: words.messageState(value),
          }))}
          onChange={(state) => change({ state })}
        />
      ) : null}
      {view === 'failed' || view === 'causes' ? null : (
        <FilterPicker
          label={t('outcome')}
          value={filters.outcome}
          options={(['succeeded', 'processing', 'failed', 'rejected'] as const).map((value) => ({
            value,
            label: words.outcome(value),
          }))}
          onChange={(outcome) => change({ outcome })}
        />
      )}
      {view === 'calls' ? (
        <FilterPicker
          label={t('source')}
          value={filters.source}
          options={(['marketplace', 'replay', 'rehearsal'] as const).map((value) => ({
            value,
            label: words.source(value),
          }))}
          onChange={(source) => change({ source })}
        />
      ) : (
        <FilterPicker
          label={t('product')}
          value={filters.productId}
          options={(products.data?.items ?? []).map((product) => ({ value: product.id, label: product.name }))}
          onChange={(productId) => change({ productId })}
        />
      )}
      {filters.cause ? (
        <FilterChip label={t('causeFilter')} value={t('oneCause')} onRemove={() => change({ cause: null })} />
      ) : null}
      {filters.closingWithin ? (
        <FilterChip
          label={t('windowLeft')}
          value={t('closingFilter', { minutes: filters.closingWithin })}
          onRemove={() => change({ closingWithin: null })}
        />
      ) : null}
      {filters.lostSince ? (
        <FilterChip label={t('order')} value={t('lostFilter')} onRemove={() => change({ lostSince: null })} />
      ) : null}
      <TimeRangePicker value={filters} onChange={change} />
      <TestFilter value={filters.test} onChange={(test) => change({ test })} />
    </FilterBar>
  )
}
