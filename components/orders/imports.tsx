'use client'

import { FileUp } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api } from '../api'
import { useBlocked } from '../shell/user'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { Callout, EmptyState, FormError } from '../ui/feedback'
import { FileField } from '../ui/file'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { useSubmit } from '../use-action'
import { type OrderImport, rowResults } from './types'
import { ResultChip } from './words'

const limitBytes = 20 * 1024 * 1024

/** Files of transaction details and bills, and what came of matching them. */
export function ImportList() {
  const t = useTranslations('orders')
  const list = useList<OrderImport>('/order-imports', { query: () => ({}), key: 'all' })
  const columns: Column<OrderImport>[] = [
    {
      id: 'file',
      header: t('file'),
      link: true,
      card: 'title',
      cell: (i) => <span className="break-all">{i.fileName}</span>,
    },
    { id: 'kind', header: t('fileKind'), card: 'aside', cell: (i) => t(`importKind.${i.kind}`) },
    { id: 'rows', header: t('rows'), align: 'right', cell: (i) => i.rows.toLocaleString() },
    { id: 'result', header: t('resultTitle'), card: 'plain', cell: (i) => <Counts counts={i.counts} /> },
    { id: 'by', header: t('importedBy'), from: 'xl', cell: (i) => i.createdBy },
    {
      id: 'at',
      header: t('importedAt'),
      cell: (i) => <Time at={i.createdAt} className="whitespace-nowrap text-soft" />,
    },
  ]
  return (
    <div className="flex flex-col gap-4">
      <Card title={t('importTitle')}>
        <Upload />
      </Card>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('view.imports')}
          columns={columns}
          rowKey={(i) => i.id}
          href={(i) => `/orders/imports/${i.id}`}
          empty={<EmptyState title={t('noImports')}>{t('noImportsHint')}</EmptyState>}
        />
      </div>
    </div>
  )
}

/** How many rows had which result, what is nothing left out. */
export function Counts({ counts }: { counts: OrderImport['counts'] }) {
  return (
    <span className="flex flex-wrap gap-x-3 gap-y-1">
      {rowResults
        .filter((result) => counts[result] > 0)
        .map((result) => (
          <span key={result} className="inline-flex items-center gap-1">
            <ResultChip result={result} />
            <span className="text-soft">{counts[result].toLocaleString()}</span>
          </span>
        ))}
    </span>
  )
}

function Upload() {
  const t = useTranslations('orders')
  const router = useRouter()
  const blocked = useBlocked('operator')
  const [file, setFile] = useState<File | null>(null)
  const { submit, busy, error, clear } = useSubmit([])
  const tooLarge = file !== null && file.size > limitBytes
  const before =
    error instanceof ApiError && error.status === 409
      ? (error.problem.details?.importId as string | undefined)
      : undefined
  const send = async () => {
    if (!file) return
    await submit(async () => {
      const done = await api<OrderImport>('/order-imports', { method: 'POST', query: { name: file.name }, file })
      router.push(`/orders/imports/${done.id}`)
    })
  }
  return (
    <div className="flex flex-col gap-3">
      <p className="max-w-3xl text-sm text-soft">{t('importLead')}</p>
      <FileField
        accept=".csv,.xlsx,text/csv"
        title={file?.name ?? t('chooseFile')}
        hint={t('fileHint')}
        onChoose={(chosen) => {
          setFile(chosen ?? null)
          clear()
        }}
      />
      {tooLarge ? <Callout tone="bad">{t('fileTooLarge')}</Callout> : null}
      {before ? (
        <Callout tone="warn">
          {t('importedBefore')}{' '}
          <button
            type="button"
            className="rounded-sm underline underline-offset-2"
            onClick={() => router.push(`/orders/imports/${before}`)}
          >
            {t('toImport')}
          </button>
        </Callout>
      ) : (
        <FormError error={error} />
      )}
      <div>
        <Button variant="primary" blocked={blocked} loading={busy} disabled={!file || tooLarge} onClick={send}>
          <FileUp aria-hidden />
          {t('import')}
        </Button>
      </div>
    </div>
  )
}
