'use client'

import { Eye } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, errorText } from '../api'
import { useBlocked } from '../shell/user'
import type { TenantDetail, TenantMember } from '../types'
import { Button, IconButton } from '../ui/button'
import { KeyValue } from '../ui/card'
import { Id, ShortId } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { EmptyState, NothingFound } from '../ui/feedback'
import { FilterBar, FilterChip, FilterPicker, SearchBox } from '../ui/filters'
import { ListBody, useCount, useList } from '../ui/list'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { toast } from '../ui/toast'
import { oneOf, search, text, useFilters } from '../url-state'
import { MemberStateChip } from './looks'

const states = ['granted', 'disabled', 'revoked', 'deleted'] as const

const shape = {
  q: search,
  state: oneOf(states),
  appId: text,
  orgCode: text,
  lost: oneOf(['true']),
}

export function Members({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const shown = useCount()
  const admin = useBlocked('admin')
  const { filters, change, clear, active } = useFilters(shape)
  const [asked, setAsked] = useState<TenantMember | null>(null)
  const list = useList<TenantMember>(`/tenants/${tenant.id}/members`, { query: () => filters, key: filters })
  const apps = [...new Set(tenant.applications.map(({ appId }) => appId))]
  const columns: Column<TenantMember>[] = [
    {
      id: 'name',
      header: t('memberName'),
      card: 'title',
      cell: (row) => (
        <span className="flex flex-col">
          <span className="font-medium">{row.name ?? row.userName}</span>
          <span className="text-faint text-xs">{row.userName}</span>
        </span>
      ),
    },
    { id: 'state', header: t('state'), card: 'aside', cell: (row) => <MemberStateChip state={row.state} /> },
    { id: 'role', header: t('role'), cell: (row) => (row.role ? t(`roles.${row.role}`) : '–') },
    {
      id: 'department',
      header: t('department'),
      cell: (row) => row.department ?? <span className="text-warn">{row.orgCode ?? t('noDepartment')}</span>,
    },
    {
      id: 'position',
      header: t('position'),
      from: 'xl',
      has: (row) => Boolean(row.position),
      cell: (row) => row.position ?? '–',
    },
    {
      id: 'contact',
      header: t('contact'),
      from: 'lg',
      cell: (row) => (
        <span className="inline-flex items-center gap-1.5 whitespace-nowrap">
          <span className="flex flex-col text-soft text-xs">
            <span>{row.mobile ?? '–'}</span>
            <span>{row.email}</span>
          </span>
          {row.mobile || row.email ? (
            <IconButton
              size="sm"
              quiet
              label={t('revealOf', { name: row.userName })}
              blocked={admin}
              onClick={() => setAsked(row)}
            >
              <Eye aria-hidden />
            </IconButton>
          ) : null}
        </span>
      ),
    },
    { id: 'app', header: t('appId'), from: 'xl', card: 'none', cell: (row) => <ShortId value={row.appId} keep={16} /> },
    { id: 'at', header: t('changedAt'), from: 'lg', card: 'none', cell: (row) => <Time at={row.changedAt} /> },
  ]
  return (
    <>
      <FilterBar
        active={active}
        onClear={clear}
        trailing={
          list.page.data?.total === undefined
            ? null
            : t('memberCount', { count: list.page.data.total, shown: shown(list.page.data.total) })
        }
      >
        <SearchBox
          value={filters.q}
          onChange={(q) => change({ q })}
          label={t('memberSearchLabel')}
          placeholder={t('memberSearch')}
        />
        <FilterPicker
          label={t('state')}
          value={filters.state}
          options={states.map((value) => ({ value, label: t(`memberStates.${value}`) }))}
          onChange={(state) => change({ state })}
        />
        {apps.length > 1 || filters.appId ? (
          <FilterPicker
            label={t('appId')}
            value={filters.appId}
            options={apps.map((value) => ({ value, label: value }))}
            onChange={(appId) => change({ appId })}
          />
        ) : null}
        {filters.orgCode ? (
          <FilterChip label={t('department')} value={filters.orgCode} onRemove={() => change({ orgCode: null })} />
        ) : null}
        <FilterPicker
          label={t('placed')}
          value={filters.lost}
          options={[{ value: 'true', label: t('noDepartment') }]}
          onChange={(lost) => change({ lost: lost === 'true' ? 'true' : null })}
        />
      </FilterBar>
      <div className="rounded-lg border border-line bg-surface">
        <ListBody
          {...list}
          label={t('members')}
          columns={columns}
          rowKey={(row) => `${row.appId} ${row.userName}`}
          empty={
            active ? (
              <NothingFound title={t('nobodyFound')} onClear={clear}>
                {t('nothingFoundHint')}
              </NothingFound>
            ) : (
              <EmptyState title={t('noMembers')}>{t('noMembersHint')}</EmptyState>
            )
          }
        />
      </div>
      {asked ? <Reveal tenant={tenant} member={asked} onClose={() => setAsked(null)} /> : null}
    </>
  )
}

function Reveal({ tenant, member, onClose }: { tenant: TenantDetail; member: TenantMember; onClose: () => void }) {
  const t = useTranslations('tenants')
  const e = useTranslations('errors')
  const common = useTranslations('common')
  const [found, setFound] = useState<{ mobile: string | null; email: string | null } | null>(null)
  const name = member.name ?? member.userName
  const reveal = async () => {
    try {
      const { appId, userName } = member
      setFound(await api(`/tenants/${tenant.id}/members/reveal`, { method: 'POST', json: { appId, userName } }))
    } catch (fault) {
      toast.error(errorText(fault, e))
    }
    return false
  }
  if (!found) {
    return (
      <ConfirmDialog
        open
        onOpenChange={onClose}
        title={t('revealTitle', { name })}
        confirmLabel={t('reveal')}
        onConfirm={reveal}
      >
        {t('revealAsk')}
      </ConfirmDialog>
    )
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={name}
      footer={<Button onClick={onClose}>{common('done')}</Button>}
    >
      <KeyValue
        items={[
          [t('mobile'), <Id key="mobile" value={found.mobile} />],
          [t('email'), <Id key="email" value={found.email} />],
        ]}
      />
    </Dialog>
  )
}
