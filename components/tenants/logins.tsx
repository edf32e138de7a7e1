'use client'

import { LogIn } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { TenantDetail, TenantLogin } from '../types'
import { ShortId } from '../ui/copy'
import { EmptyState } from '../ui/feedback'
import { Link } from '../ui/link'
import { ListBody, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { LoginStateChip } from './looks'

export function Logins({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const list = useList<TenantLogin>(`/tenants/${tenant.id}/logins`, { query: () => ({}), key: 'all' })
  const columns: Column<TenantLogin>[] = [
    { id: 'at', header: t('at'), card: 'aside', cell: (row) => <Time at={row.createdAt} /> },
    {
      id: 'user',
      header: t('memberName'),
      card: 'title',
      cell: (row) => (
        <span className="flex flex-col">
          <span className="font-medium">{row.name ?? row.userName ?? '–'}</span>
          {row.name ? <span className="text-faint text-xs">{row.userName}</span> : null}
        </span>
      ),
    },
    { id: 'state', header: t('state'), cell: (row) => <LoginStateChip state={row.state} /> },
    { id: 'reason', header: t('reason'), cell: (row) => <Reason reason={row.reason} /> },
    { id: 'app', header: t('appId'), from: 'lg', cell: (row) => <ShortId value={row.appId} keep={20} /> },
    { id: 'taken', header: t('takenAt'), from: 'xl', card: 'none', cell: (row) => <Time at={row.takenAt} /> },
  ]
  return (
    <div className="rounded-lg border border-line bg-surface">
      <ListBody
        {...list}
        label={t('logins')}
        columns={columns}
        rowKey={(row) => row.id}
        empty={
          <EmptyState icon={LogIn} title={t('noLogins')}>
            {t.rich('noLoginsHint', {
              link: (chunks) => (
                <Link href="/settings/logins" className="rounded-sm text-accent underline underline-offset-2">
                  {chunks}
                </Link>
              ),
            })}
          </EmptyState>
        }
      />
    </div>
  )
}

/** The words we have, or the sentence that came. */
function Reason({ reason }: { reason: string | null }) {
  const t = useTranslations('tenants.login')
  const key = reason as Parameters<typeof t>[0]
  if (!reason) return <span className="text-faint">–</span>
  return <span className="text-soft text-xs">{/^[a-z-]+$/.test(reason) && t.has(key) ? t(key) : reason}</span>
}
