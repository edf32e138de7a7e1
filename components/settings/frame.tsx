'use client'

import { Lock } from 'lucide-react'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { useBlocked } from '../shell/user'
import { PageHeader } from '../ui/card'
import { EmptyState } from '../ui/feedback'
import { Link } from '../ui/link'
import { tabClass, tabStripClass } from '../ui/tab-strip'

const tabs = ['products', 'orders', 'credentials', 'logins', 'staff', 'tokens', 'alerts', 'retention', 'audit'] as const

export function SettingsFrame({ children }: { children: ReactNode }) {
  const t = useTranslations('settings')
  const path = usePathname()
  const blocked = useBlocked('admin')
  // The bare address leads on to the products.
  const forAll =
    path === '/settings/products' || path === '/settings/orders' || path === '/settings/logins' || path === '/settings'
  return (
    <>
      <PageHeader title={t('title')} />
      <nav aria-label={t('title')} className={`${tabStripClass} mb-5`}>
        {tabs.map((tab) => {
          const href = `/settings/${tab}`
          const current = path === href
          return (
            <Link key={tab} href={href} aria-current={current ? 'page' : undefined} className={tabClass(current)}>
              {t(`tab.${tab}`)}
            </Link>
          )
        })}
      </nav>
      {blocked && !forAll ? (
        <div className="rounded-lg border border-line bg-surface">
          <EmptyState icon={Lock} title={t('adminsOnly')}>
            {blocked}
          </EmptyState>
        </div>
      ) : (
        children
      )}
    </>
  )
}

type SectionProps = { lead: ReactNode; actions?: ReactNode; children: ReactNode }

/** What a settings page is for, what can be added, and its list. */
export function Section({ lead, actions, children }: SectionProps) {
  return (
    <div className="flex flex-col gap-4">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="max-w-3xl text-sm text-soft">{lead}</div>
        {actions}
      </div>
      <div className="rounded-lg border border-line bg-surface">{children}</div>
    </div>
  )
}
