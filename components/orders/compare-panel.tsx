'use client'

import { useQuery } from '@tanstack/react-query'
import { ArrowDownToLine, CircleCheck, CircleHelp, GitCompareArrows, History, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { Card } from '../ui/card'
import { ConfirmDialog } from '../ui/dialog'
import { Callout, ErrorState, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'
import { useAction } from '../use-action'
import type { Comparison } from './types'
import { FieldValue, useOrderWords } from './words'

const looks = {
  same: { tone: 'ok', icon: CircleCheck },
  differs: { tone: 'warn', icon: GitCompareArrows },
  'moved-on': { tone: 'info', icon: History },
  untold: { tone: 'idle', icon: CircleHelp },
} as const

/** An instance beside the marketplace's order, field by field. */
export function ComparePanel({ instanceId, released }: { instanceId: string; released: boolean }) {
  const t = useTranslations('orders')
  const words = useOrderWords()
  const blocked = useBlocked('operator')
  const path = `/instances/${encodeURIComponent(instanceId)}`
  const key = ['/instances', instanceId, 'order-comparison']
  const compared = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => api<Comparison>(`${path}/order-comparison`, { signal }),
  })
  const act = useAction('/instances', '/orders', '/order-drifts')
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const refresh = async () => {
    setBusy(true)
    await act(async () => {
      const { failure } = await api<Comparison>(`${path}/order-comparison`, { query: { refresh: 1 } })
      if (failure) toast.error(failure)
      else toast.success(t('fetched'))
    })
    setBusy(false)
  }
  const data = compared.data
  const differing = data?.fields.filter(({ verdict }) => verdict === 'differs') ?? []
  return (
    <Card
      title={t('compareTitle')}
      actions={
        <Button size="sm" variant="ghost" blocked={blocked} loading={busy} onClick={refresh}>
          <RefreshCw aria-hidden />
          {t('fetchAgain')}
        </Button>
      }
    >
      {compared.isPending ? (
        <SkeletonRows rows={3} />
      ) : compared.isError ? (
        <ErrorState error={compared.error} onRetry={() => compared.refetch()} />
      ) : !data?.order ? (
        <p className="text-sm text-soft">{t('compareNone')}</p>
      ) : (
        <div className="flex flex-col gap-3">
          <p className="text-soft text-xs">
            <Link
              href={`/orders/${encodeURIComponent(data.order.orderId)}`}
              className="rounded-sm text-accent underline underline-offset-2"
            >
              {t('toOrder')}
            </Link>{' '}
            {t('asOf')} <Time at={data.order.fetchedAt} />
          </p>
          {differing.length > 0 ? (
            <Callout tone="warn" icon={GitCompareArrows}>
              {t('compareDiffers', { count: differing.length })}
            </Callout>
          ) : (
            <p className="text-sm text-soft">{t('compareSame')}</p>
          )}
          <table className="w-full table-fixed text-left text-sm" aria-label={t('compareTitle')}>
            <thead className="text-faint text-xs">
              <tr>
                <th scope="col" className="w-[28%] py-1 pr-2 font-medium">
                  {t('fieldTitle')}
                </th>
                <th scope="col" className="py-1 pr-2 font-medium">
                  {t('inOrder')}
                </th>
                <th scope="col" className="py-1 font-medium">
                  {t('inDesk')}
                </th>
              </tr>
            </thead>
            <tbody>
              {data.fields.map(({ field, order, instance, verdict }) => (
                <tr key={field} className="align-top [&>*]:border-line [&>*]:border-t">
                  <th scope="row" className="py-1.5 pr-2 font-normal text-soft">
                    {words.field(field)}
                  </th>
                  <td className="py-1.5 pr-2">
                    <FieldValue field={field} value={order} />
                  </td>
                  <td className="py-1.5">
                    <FieldValue field={field} value={instance} />
                    {verdict === 'same' ? null : (
                      <span className="mt-0.5 block">
                        <Badge {...looks[verdict]}>{t(`verdict.${verdict}`)}</Badge>
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
          {differing.length > 0 ? (
            <div>
              <Button
                size="sm"
                blocked={blocked ?? (released ? t('releasedNoChange') : null)}
                onClick={() => setAsking(true)}
              >
                <ArrowDownToLine aria-hidden />
                {t('takeOver')}
              </Button>
            </div>
          ) : null}
        </div>
      )}
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={t('takeOverTitle')}
        confirmLabel={t('takeOver')}
        onConfirm={() =>
          act(
            () =>
              api(`${path}/take-over-order`, { method: 'POST', json: { fields: differing.map(({ field }) => field) } }),
            t('takenOver'),
          )
        }
      >
        <p>{t('takeOverAsk')}</p>
        <p className="mt-1">{differing.map(({ field }) => words.field(field)).join(', ')}</p>
      </ConfirmDialog>
    </Card>
  )
}
