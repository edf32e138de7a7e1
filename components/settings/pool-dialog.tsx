'use client'

import { Download, FileUp } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { PoolImport, Product } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { FileField, FilePlan, saveFile } from '../ui/file'
import { toast } from '../ui/toast'
import { useSubmit } from '../use-action'

const accounts = {
  header: 'frontEndUrl,adminUrl,userName,password,memo',
  row: 'https://app.example.com/t/001,,admin001,Init-Password-001,',
}
const licenses = { header: 'license,identificationCode', row: 'ABCD-EFGH-IJKL-MNOP,' }

/** A CSV file of prepared accounts: looked through first, added on demand. */
export function PoolDialog({ product, onClose }: { product: Product; onClose: () => void }) {
  const t = useTranslations('pool')
  const common = useTranslations('common')
  const [file, setFile] = useState<{ name: string; text: string } | null>(null)
  const [plan, setPlan] = useState<PoolImport | null>(null)
  const { submit, busy, error, clear } = useSubmit(['/products'])
  const { header, row } = product.kind === 'saas' ? accounts : licenses
  const sample = `${header}\n${row}\n`

  const look = async (chosen: File | undefined) => {
    setPlan(null)
    clear()
    if (!chosen) return setFile(null)
    const text = await chosen.text()
    setFile({ name: chosen.name, text })
    await send(text, true)
  }
  const send = async (text: string, dryRun: boolean) => {
    await submit(async () => {
      const answer = await api<PoolImport>(`/products/${product.id}/pool`, {
        method: 'POST',
        csv: text,
        query: dryRun ? { dryRun: 1 } : {},
      })
      if (dryRun) setPlan(answer)
      else {
        toast.success(t('added', { count: answer.added, left: answer.left }))
        onClose()
      }
    })
  }
  const download = () => saveFile('pool.csv', `\ufeff${sample}`, 'text/csv')
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('title', { name: product.name })}
      description={t('left', { count: product.poolLeft ?? 0 })}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button
            variant="primary"
            loading={busy && plan !== null}
            disabled={!file || !plan || plan.added === 0}
            onClick={() => file && send(file.text, false)}
          >
            {plan ? t('add', { count: plan.added }) : t('addNone')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <FileField
          accept=".csv,text/csv"
          title={file?.name ?? t('file')}
          hint={t('columns', { columns: header })}
          onChoose={look}
        />
        <div>
          <Button size="sm" variant="link" className="px-0" onClick={download}>
            <Download aria-hidden />
            {t('sample')}
          </Button>
        </div>
        <FormError error={error} />
        {plan ? (
          <FilePlan
            said={t('plan', {
              rows: plan.rows,
              added: plan.added,
              duplicates: plan.duplicates,
              errors: plan.errors.length,
            })}
            errors={plan.errors}
          />
        ) : busy ? (
          <p role="status" className="flex items-center gap-2 text-soft text-sm">
            <FileUp className="size-4" aria-hidden />
            {t('looking')}
          </p>
        ) : null}
      </div>
    </Dialog>
  )
}
