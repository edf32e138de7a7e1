'use client'

import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, Download, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { fileZones, type RecordFault } from '@/lib/usage/types'
import { api, apiText } from '../api'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { Field, Select } from '../ui/field'
import { FileField, saveFile } from '../ui/file'
import { toast } from '../ui/toast'
import { useSubmit } from '../use-action'
import { useFaultText } from './words'

const LIMIT = 20 * 1024 * 1024

type Row = {
  line: number
  status?: string
  result?: string
  error?: RecordFault
  cells?: string[]
  meteringSn?: string | null
}
type Counts = Record<'total' | 'created' | 'unchanged' | 'refused' | 'rejected' | 'notPushed' | 'unknown', number>
type Answer = Counts & { rows: Row[] }

/** A file of records, or the console's list of rejected ones: looked through first, taken over on demand. */
export function FileDialog({ kind, onClose }: { kind: 'import' | 'reconcile'; onClose: () => void }) {
  const t = useTranslations('usage')
  const common = useTranslations('common')
  const client = useQueryClient()
  const faultText = useFaultText()
  const [file, setFile] = useState<File | null>(null)
  const [zone, setZone] = useState<string>('none')
  const [plan, setPlan] = useState<Answer | null>(null)
  const { submit, busy, error, clear } = useSubmit([])
  const [tooLarge, setTooLarge] = useState(false)
  const path = kind === 'import' ? '/usage-imports' : '/usage-reconciliations'
  const usable = plan ? (kind === 'import' ? plan.created : plan.rejected) : 0

  const send = async (chosen: File, inZone: string, dryRun: boolean) => {
    await submit(async () => {
      const query = { name: chosen.name, zone: inZone, ...(dryRun && { dryRun: 1 }) }
      const answer = await api<Answer>(path, { method: 'POST', file: chosen, query })
      if (dryRun) setPlan(answer)
      else {
        const count = kind === 'import' ? answer.created : answer.rejected
        toast.success(kind === 'import' ? t('imported', { count }) : t('reconciled', { count }))
        await client.invalidateQueries()
        onClose()
      }
    })
  }
  const choose = (chosen: File | undefined, inZone = zone) => {
    setPlan(null)
    clear()
    setTooLarge((chosen?.size ?? 0) > LIMIT)
    setFile(chosen ?? null)
    if (chosen && chosen.size <= LIMIT) send(chosen, inZone, true)
  }
  const errors = () =>
    submit(async () => {
      if (!file) return
      const text = await apiText('/usage-imports/errors', { method: 'POST', file, query: { name: file.name, zone } })
      saveFile('usage-errors.csv', text.startsWith('\ufeff') ? text : `\ufeff${text}`, 'text/csv')
    })
  const counts = plan && { ...plan, rows: plan.rows.length }
  const said = (row: Row) => {
    if (row.result) return t(`results.${row.result}` as Parameters<typeof t>[0])
    if (row.error) return faultText(row.error)
    return row.status === 'created' ? t('okRow') : t('knownRow')
  }
  return (
    <Dialog
      open
      size="lg"
      onOpenChange={onClose}
      title={t(kind)}
      description={kind === 'reconcile' ? t('reconcileHint') : undefined}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy && plan !== null}
            disabled={!file || usable === 0}
            onClick={() => file && send(file, zone, false)}
          >
            {kind === 'import'
              ? plan
                ? t('importNow', { count: usable })
                : t('importNone')
              : t('reconcileNow', { count: usable })}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <FileField
          accept=".csv,.xlsx,text/csv"
          title={file?.name ?? t('file')}
          hint={t(kind === 'reconcile' ? 'reconcileColumns' : 'columns')}
          onChoose={(chosen) => choose(chosen)}
        />
        <Field label={t('zone')} className="max-w-64">
          {(control) => (
            <Select
              {...control}
              value={zone}
              options={fileZones.map((value) => ({ value, label: t(`zones.${value}`) }))}
              onChange={(event) => {
                setZone(event.target.value)
                choose(file ?? undefined, event.target.value)
              }}
            />
          )}
        </Field>
        {tooLarge ? <Callout tone="bad">{t('tooLarge')}</Callout> : null}
        <FormError error={error} />
        {busy && !plan ? (
          <p role="status" className="text-soft text-sm">
            {t('reading')}
          </p>
        ) : null}
        {plan && counts ? (
          <>
            <Callout tone={plan.refused > 0 ? 'warn' : 'ok'} icon={plan.refused > 0 ? TriangleAlert : CircleCheck}>
              {kind === 'import' ? t('plan', counts) : t('reconcilePlan', counts)}
            </Callout>
            {plan.refused > 0 ? (
              <div>
                <Button size="sm" onClick={errors}>
                  <Download aria-hidden />
                  {t('errorFile')}
                </Button>
              </div>
            ) : null}
            <table className="w-full table-fixed text-left text-sm" aria-label={t(kind)}>
              <thead className="text-faint text-xs">
                <tr>
                  <th scope="col" className="w-14 py-1 font-medium">
                    {t('row')}
                  </th>
                  <th scope="col" className="hidden py-1 font-medium sm:table-cell">
                    {t('content')}
                  </th>
                  <th scope="col" className="py-1 font-medium">
                    {t('problem')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {plan.rows.slice(0, 200).map((row) => (
                  <tr key={row.line} className="align-top [&>*]:border-line [&>*]:border-t">
                    <td className="py-1.5">{row.line}</td>
                    <td className="hidden truncate py-1.5 pr-2 font-mono text-xs sm:table-cell">
                      {row.cells?.join(' · ') ?? row.meteringSn}
                    </td>
                    <td className={row.error ? 'break-words py-1.5 text-bad' : 'py-1.5 text-soft'}>{said(row)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </>
        ) : null}
      </div>
    </Dialog>
  )
}
