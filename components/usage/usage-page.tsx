'use client'

import { Download, FileSearch, FileUp, Plus } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { apiPath } from '../api'
import { useBlocked } from '../shell/user'
import type { Product } from '../types'
import { Button } from '../ui/button'
import { PageHeader } from '../ui/card'
import { FilterPicker, Segments } from '../ui/filters'
import { useAll } from '../ui/list'
import { oneOf, text, useFilters, useUrlState } from '../url-state'
import { FileDialog } from './file-dialog'
import { MonthInput, thisMonth } from './month-input'
import { MonthView } from './month-view'
import { PushList } from './push-list'
import { RecordDialog } from './record-dialog'
import { RecordList } from './record-list'

const views = ['month', 'records', 'pushes'] as const
const shape = {
  view: oneOf(views, 'month'),
  month: text,
  productId: text,
}

/** What the lists below filter by: a file holds what they show. */
const listShape = {
  q: text,
  only: text,
  state: text,
  code: text,
  pushId: text,
}

export function UsagePage() {
  const t = useTranslations('usage')
  const blocked = useBlocked('operator')
  const products = useAll<Product>('/products')
  const { filters, change } = useFilters(shape)
  const [dialog, setDialog] = useState<'import' | 'reconcile' | 'manual' | null>(null)
  const { view, productId } = filters
  const month = filters.month ?? thisMonth()
  const [{ q, only, state, code, pushId }] = useUrlState(listShape)
  const csv = {
    month: () => apiPath('/usage-months.csv', { month, productId, q, only }),
    records: () => apiPath('/usage-records.csv', { productId, q, state, code, pushId, month: pushId ? null : month }),
    pushes: () => apiPath('/usage-pushes.csv'),
  }[view]()
  return (
    <>
      <PageHeader
        title={t('title')}
        lead={t('lead')}
        actions={
          <>
            <Button asChild>
              <a href={csv} download>
                <Download aria-hidden />
                {t('exportCsv')}
              </a>
            </Button>
            <Button blocked={blocked} onClick={() => setDialog('manual')}>
              <Plus aria-hidden />
              {t('manual')}
            </Button>
            <Button blocked={blocked} onClick={() => setDialog('reconcile')}>
              <FileSearch aria-hidden />
              {t('reconcile')}
            </Button>
            <Button variant="primary" blocked={blocked} onClick={() => setDialog('import')}>
              <FileUp aria-hidden />
              {t('import')}
            </Button>
          </>
        }
      />
      <div className="flex flex-wrap items-center gap-2 pb-3">
        <Segments
          label={t('views')}
          value={view}
          options={views.map((value) => ({ value, label: t(`view.${value}`) }))}
          onChange={(view) => change({ view })}
        />
        {view === 'pushes' ? null : (
          <>
            <MonthInput value={month} onChange={(next) => change({ month: next })} />
            <FilterPicker
              label={t('product')}
              value={productId}
              options={(products.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }))}
              onChange={(value) => change({ productId: value })}
            />
          </>
        )}
      </div>
      {view === 'month' ? <MonthView month={month} productId={productId} /> : null}
      {view === 'records' ? <RecordList month={month} productId={productId} /> : null}
      {view === 'pushes' ? <PushList /> : null}
      {dialog === 'import' || dialog === 'reconcile' ? (
        <FileDialog kind={dialog} onClose={() => setDialog(null)} />
      ) : null}
      {dialog === 'manual' ? <RecordDialog onClose={() => setDialog(null)} /> : null}
    </>
  )
}
