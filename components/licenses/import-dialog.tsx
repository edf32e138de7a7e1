'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { LicenseImport } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { FileField, FilePlan } from '../ui/file'
import { toast } from '../ui/toast'
import { useSubmit } from '../use-action'

const columns = 'license, kind, orderId, productId, instanceId, customerId, customerName, activatedAt, expiresAt'

/** A file of licences known from elsewhere: looked through first, added on demand. */
export function ImportDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('license')
  const common = useTranslations('common')
  const [file, setFile] = useState<File | null>(null)
  const [plan, setPlan] = useState<LicenseImport | null>(null)
  const { submit, busy, error, clear } = useSubmit(['/licenses'])

  const send = async (chosen: File, dryRun: boolean) => {
    await submit(async () => {
      const query = dryRun ? { dryRun: 1 } : {}
      const answer = await api<LicenseImport>('/licenses/import', { method: 'POST', file: chosen, query })
      if (dryRun) setPlan(answer)
      else {
        toast.success(t('imported', { count: answer.added }))
        onClose()
      }
    })
  }
  const look = async (chosen: File | undefined) => {
    setPlan(null)
    clear()
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
        <FileField
          accept=".csv,text/csv,.xlsx"
          title={file?.name ?? t('importFile')}
          hint={t('importColumns', { columns })}
          onChoose={look}
        />
        <FormError error={error} />
        {plan ? (
          <FilePlan
            said={t('importPlan', {
              rows: plan.rows,
              added: plan.added,
              duplicates: plan.duplicates,
              errors: plan.errors.length,
            })}
            errors={plan.errors}
          />
        ) : busy ? (
          <p role="status" className="text-soft text-sm">
            {t('looking')}
          </p>
        ) : null}
      </div>
    </Dialog>
  )
}
