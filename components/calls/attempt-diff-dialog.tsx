'use client'

import { ArrowRight } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Call } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { ErrorState, SkeletonRows } from '../ui/feedback'
import { Field, Select } from '../ui/field'
import { formatTime } from '../ui/time'
import { useWords } from '../words'
import { differences } from './attempt-diff'
import { useCall } from './payload'

/** Two attempts side by side: only what differs, member by member. */
export function AttemptDiffDialog({ calls, shown, onClose }: { calls: Call[]; shown: string; onClose: () => void }) {
  const t = useTranslations('message')
  const common = useTranslations('common')
  const words = useWords()
  const at = Math.max(
    0,
    calls.findIndex((call) => call.id === shown),
  )
  const [right, setRight] = useState(calls[at]?.id ?? '')
  const [left, setLeft] = useState((calls[at + 1] ?? calls[at - 1])?.id ?? '')
  const [a, b] = [useCall(left), useCall(right)]
  const locale = document.documentElement.lang
  const options = calls.map((call) => ({
    value: call.id,
    label: `${formatTime(call.receivedAt, locale, 'full', Date.now())} · ${words.code(call.resultCode)}`,
  }))
  const failed = a.isError ? a : b.isError ? b : null
  const rows = a.data && b.data ? differences(a.data, b.data) : null
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="xl"
      title={t('compareTitle')}
      description={t('compareLead')}
      footer={
        <Button variant="primary" onClick={onClose}>
          {common('done')}
        </Button>
      }
    >
      <div className="flex flex-col gap-4">
        <div className="grid gap-3 sm:grid-cols-[1fr_auto_1fr] sm:items-end">
          <Field label={t('compareFrom')}>
            {(control) => (
              <Select {...control} value={left} onChange={(ev) => setLeft(ev.target.value)} options={options} />
            )}
          </Field>
          <ArrowRight className="mb-2 hidden size-4 text-faint sm:block" aria-hidden />
          <Field label={t('compareTo')}>
            {(control) => (
              <Select {...control} value={right} onChange={(ev) => setRight(ev.target.value)} options={options} />
            )}
          </Field>
        </div>
        {failed ? (
          <ErrorState error={failed.error} onRetry={() => failed.refetch()} />
        ) : rows === null ? (
          <SkeletonRows rows={3} />
        ) : rows.length === 0 ? (
          <p className="text-sm text-soft">{t('compareSame')}</p>
        ) : (
          <table className="w-full table-fixed text-left text-sm">
            <thead className="text-faint text-xs">
              <tr>
                <th scope="col" className="w-1/4 py-1 pr-3 font-medium">
                  {t('compareMember')}
                </th>
                <th scope="col" className="py-1 pr-3 font-medium">
                  {t('compareFrom')}
                </th>
                <th scope="col" className="py-1 font-medium">
                  {t('compareTo')}
                </th>
              </tr>
            </thead>
            <tbody className="align-top">
              {rows.map((row) => (
                <tr key={row.path} className="[&>*]:border-line [&>*]:border-t">
                  <th scope="row" className="break-all py-1.5 pr-3 font-mono font-normal text-xs leading-5">
                    {row.path}
                  </th>
                  <td className="break-all py-1.5 pr-3 text-soft">{row.left ?? '–'}</td>
                  <td className="break-all py-1.5 font-medium">{row.right ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </Dialog>
  )
}
