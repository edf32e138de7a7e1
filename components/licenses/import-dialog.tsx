'use client'

import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, FileUp, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { LicenseImport } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { toast } from '../ui/toast'

const columns = 'license, kind, orderId, productId, instanceId, customerId, customerName, activatedAt, expiresAt'

/** A file of licences known from elsewhere: looked through first, added on demand. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('license')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [file, setFile] = useState<File | null>(null)
  const [plan, setPlan] = useState<LicenseImport | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)

  const send = async (chosen: File, dryRun: boolean) => {
    setBusy(true)
    setError(null)
    try {
      const query = dryRun ? { dryRun: 1 } : {}
      const answer = await api<LicenseImport>('/licenses/import', { method: 'POST', file: chosen, query })
      if (dryRun) setPlan(answer)
      else {
        await client.invalidateQueries({ queryKey: ['/licenses'] })
        toast.success(t('imported', { count: answer.added }))
        onClose()
      }
    } catch (fault) {
      setError(fault)
    }
    setBusy(false)
  }
  const look = async (chosen: File | undefined) => {
    setPlan(null)
    setError(null)
    setFile(chosen ?? null)
    if (chosen) await send(chosen, true)
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('importTitle')}
      description={t('importLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy && plan !== null}
            disabled={!file || !plan || plan.added === 0}
            onClick={() => file && send(file, false)}
          >
            {plan ? t('importAdd', { count: plan.added }) : t('importNone')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <label className="flex cursor-pointer items-center gap-3 rounded-md border border-control border-dashed bg-sunken p-3 text-sm hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-focus">
          <input
            type="file"
            accept=".csv,text/csv,.xlsx"
            className="sr-only"
            onChange={(event) => look(event.target.files?.[0])}
          />
          <FileUp className="size-5 shrink-0 text-faint" aria-hidden />
          <span className="min-w-0">
            <span className="block break-all font-medium">{file?.name ?? t('importFile')}</span>
            <span className="block text-faint text-xs">{t('importColumns', { columns })}</span>
          </span>
        </label>
        <FormError error={error} />
        {plan ? (
          <>
            <Callout
              tone={plan.errors.length > 0 ? 'warn' : 'ok'}
              icon={plan.errors.length > 0 ? TriangleAlert : CircleCheck}
            >
              {t('importPlan', {
                rows: plan.rows,
                added: plan.added,
                duplicates: plan.duplicates,
                errors: plan.errors.length,
              })}
            </Callout>
            {plan.errors.length > 0 ? (
              <table className="w-full text-left text-sm" aria-label={t('importErrors')}>
                <thead className="text-faint text-xs">
                  <tr>
                    <th scope="col" className="w-20 py-1 font-medium">
                      {t('row')}
                    </th>
                    <th scope="col" className="py-1 font-medium">
                      {t('problem')}
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {plan.errors.slice(0, 100).map((fault) => (
                    <tr key={`${fault.row}-${fault.message}`} className="align-top [&>*]:border-line [&>*]:border-t">
                      <td className="py-1.5">{fault.row}</td>
                      <td className="break-words py-1.5 text-bad">{fault.message}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            ) : null}
          </>
        ) : busy ? (
          <p role="status" className="text-soft text-sm">
            {t('looking')}
          </p>
        ) : null}
      </div>
    </Dialog>
  )
}
