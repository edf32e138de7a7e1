'use client'

import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import type { UsagePush } from '@/lib/usage/pushes'
import { api } from '../api'
import { useBlocked } from '../shell/user'
import { Badge, type Tone } from '../ui/badge'
import { Button } from '../ui/button'
import { ConfirmDialog } from '../ui/dialog'
import { EmptyState } from '../ui/feedback'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'

const tones: Record<UsagePush['state'], Tone> = {
  planned: 'info',
  running: 'info',
  done: 'ok',
  cancelled: 'idle',
  stopped: 'bad',
}

/** Pushes with their progress; one under way can be stopped. */
export function PushList() {
  const t = useTranslations('usage')
  const client = useQueryClient()
  const blocked = useBlocked('operator')
  const [asked, setAsked] = useState<UsagePush | null>(null)
  const list = useList<UsagePush>('/usage-pushes', { query: () => ({}), key: 'all', refetchMs: 3000 })
  const cancel = async () => {
    try {
      await api(`/usage-pushes/${asked?.id}/cancel`, { method: 'POST', json: {} })
      toast.success(t('cancelled'))
      await client.invalidateQueries({ queryKey: ['/usage-pushes'] })
    } catch (fault) {
      toast.error((fault as Error).message)
    }
  }
  const columns: Column<UsagePush>[] = [
    { id: 'created', header: t('created'), link: true, card: 'title', cell: (p) => <Time at={p.createdAt} /> },
    {
      id: 'state',
      header: t('state'),
      card: 'aside',
      cell: (p) => <Badge tone={tones[p.state]}>{t(`pushStates.${p.state}`)}</Badge>,
    },
    {
      id: 'product',
      header: t('product'),
      cell: (p) => [p.productName ?? t('allProducts'), p.month].filter(Boolean).join(' · '),
    },
    {
      id: 'progress',
      header: t('progress'),
      cell: (p) => (
        <span>
          <progress
            className="mr-2 h-2 w-28 appearance-none overflow-hidden rounded-full bg-idle-soft align-middle [&::-moz-progress-bar]:bg-accent-solid [&::-webkit-progress-bar]:bg-idle-soft [&::-webkit-progress-value]:bg-accent-solid"
            aria-label={t('progress')}
            value={p.accepted + p.rejected}
            max={Math.max(1, p.total, p.accepted + p.rejected)}
          />
          <span className="text-soft text-xs">
            {t('progressText', { accepted: p.accepted, rejected: p.rejected, left: p.waiting + p.inFlight })}
          </span>
          {p.error ? <span className="block break-words text-bad text-xs">{p.error}</span> : null}
        </span>
      ),
    },
    {
      id: 'by',
      header: t('by'),
      from: 'lg',
      cell: (p) => (p.origin === 'schedule' ? t('system') : p.createdBy),
    },
    {
      id: 'cancel',
      header: '',
      card: 'plain',
      has: (p) => p.state === 'running' || p.state === 'planned',
      cell: (p) =>
        p.state === 'running' || p.state === 'planned' ? (
          <Button size="sm" blocked={blocked} onClick={() => setAsked(p)}>
            {t('cancel')}
          </Button>
        ) : null,
    },
  ]
  return (
    <div className="rounded-lg border border-line bg-surface">
      <ListBody
        {...list}
        label={t('view.pushes')}
        columns={columns}
        rowKey={(p) => p.id}
        href={(p) => `/usage?view=records&pushId=${p.id}`}
        empty={<EmptyState title={t('pushesNone')}>{t('pushesNoneHint')}</EmptyState>}
      />
      <ConfirmDialog
        open={asked !== null}
        onOpenChange={() => setAsked(null)}
        title={t('cancelTitle')}
        confirmLabel={t('cancel')}
        danger
        onConfirm={cancel}
      >
        {t('cancelText')}
      </ConfirmDialog>
    </div>
  )
}
