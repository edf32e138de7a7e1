'use client'

import { useQueryClient } from '@tanstack/react-query'
import { CircleCheck, Download, FileUp, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import type { PoolImport, Product } from '../types'
import { Button } from '../ui/button'
import { Dialog } from '../ui/dialog'
import { Callout, FormError } from '../ui/feedback'
import { toast } from '../ui/toast'

const accounts = {
  header: 'frontEndUrl,adminUrl,userName,password,memo',
  row: 'https://app.example.com/t/001,,admin001,Init-Password-001,',
}
const licenses = { header: 'license,identificationCode', row: 'ABCD-EFGH-IJKL-MNOP,' }

/** A CSV file of prepared accounts: looked through first, added on demand. */
export function PoolDialog({ product, onClose }: { product: Product; onClose: () => void }) {
  const t = useTranslations('pool')
  const common = useTranslations('common')
  const client = useQueryClient()
  const [file, setFile] = useState<{ name: string; text: string } | null>(null)
  const [plan, setPlan] = useState<PoolImport | null>(null)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const { header, row } = product.kind === 'saas' ? accounts : licenses
  const sample = `${header}\n${row}\n`

  const look = async (chosen: File | undefined) => {
    setPlan(null)
    setError(null)
    if (!chosen) return setFile(null)
    const text = await chosen.text()
    setFile({ name: chosen.name, text })
    await send(text, true)
  }
  const send = async (text: string, dryRun: boolean) => {
    setBusy(true)
    setError(null)
    try {
      const answer = await api<PoolImport>(`/products/${product.id}/pool`, {
        method: 'POST',
        csv: text,
        query: dryRun ? { dryRun: 1 } : {},
      })
      if (dryRun) setPlan(answer)
      else {
        await client.invalidateQueries({ queryKey: ['/products'] })
        toast.success(t('added', { count: answer.added, left: answer.left }))
        onClose()
      }
    } catch (fault) {
      setError(fault)
    }
    setBusy(false)
  }
  const download = () => {
    const url = URL.createObjectURL(new Blob([`\ufeff${sample}`], { type: 'text/csv' }))
    const link = document.createElement('a')
    link.href = url
    link.download = 'pool.csv'
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 1000)
  }
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
        <label className="flex cursor-pointer items-center gap-3 rounded-md border border-control border-dashed bg-sunken p-3 text-sm hover:bg-hover has-focus-visible:outline-2 has-focus-visible:outline-focus">
          <input
            type="file"
            accept=".csv,text/csv"
            className="sr-only"
            onChange={(event) => look(event.target.files?.[0])}
          />
          <FileUp className="size-5 shrink-0 text-faint" aria-hidden />
          <span className="min-w-0">
            <span className="block break-all font-medium">{file?.name ?? t('file')}</span>
            <span className="block break-all text-faint text-xs">{t('columns', { columns: header })}</span>
          </span>
        </label>
        <div>
          <Button size="sm" variant="link" className="px-0" onClick={download}>
            <Download aria-hidden />
            {t('sample')}
          </Button>
        </div>
        <FormError error={error} />
        {plan ? (
          <>
            <Callout
              tone={plan.errors.length > 0 ? 'warn' : 'ok'}
              icon={plan.errors.length > 0 ? TriangleAlert : CircleCheck}
            >
              {t('plan', {
                rows: plan.rows,
                added: plan.added,
                duplicates: plan.duplicates,
                errors: plan.errors.length,
              })}
            </Callout>
            {plan.errors.length > 0 ? (
              <table className="w-full text-left text-sm" aria-label={t('errors')}>
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
          <p role="status" className="flex items-center gap-2 text-soft text-sm">
            <FileUp className="size-4" aria-hidden />
            {t('looking')}
          </p>
        ) : null}
      </div>
    </Dialog>
  )
}
