'use client'

import { useQuery } from '@tanstack/react-query'
import { ChevronLeft, KeyRound, TriangleAlert } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { api } from '../api'
import { TestMark } from '../chips'
import type { TenantDetail } from '../types'
import { Badge } from '../ui/badge'
import { Card, KeyValue, PageHeader } from '../ui/card'
import { Id, ShortId } from '../ui/copy'
import { Callout, EmptyState, ErrorState, SkeletonRows } from '../ui/feedback'
import { Link } from '../ui/link'
import { useCount } from '../ui/list'
import { type Column, DataTable } from '../ui/table'
import { Tabs } from '../ui/tabs'
import { Time } from '../ui/time'
import { oneOf, useUrlState } from '../url-state'
import { Departments } from './departments'
import { Logins } from './logins'
import { TenantStateChip } from './looks'
import { Members } from './members'
import { Syncs } from './syncs'

const tabs = ['overview', 'members', 'departments', 'syncs', 'logins'] as const

const shape = { tab: oneOf(tabs, 'overview') }

export function TenantPage({ id }: { id: string }) {
  const tenant = useQuery({
    queryKey: ['/tenants', id],
    queryFn: ({ signal }) => api<TenantDetail>(`/tenants/${encodeURIComponent(id)}`, { signal }),
    refetchInterval: 15_000,
  })
  if (tenant.isPending) return <SkeletonRows rows={8} />
  if (tenant.isError && !tenant.data)
    return <ErrorState list="/tenants" error={tenant.error} onRetry={() => tenant.refetch()} />
  return <Tenant tenant={tenant.data} />
}

function Tenant({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const shown = useCount()
  const [{ tab }, set] = useUrlState(shape)
  const { granted, disabled, revoked, deleted } = tenant.memberCounts
  const label = (text: string, count: number) => (
    <>
      {text} <span className="text-faint">{shown(count)}</span>
    </>
  )
  return (
    <>
      <PageHeader
        above={
          <Link href="/tenants" className="inline-flex items-center gap-1 rounded-sm text-soft hover:text-ink">
            <ChevronLeft className="size-4" aria-hidden />
            {t('title')}
          </Link>
        }
        title={
          <>
            <span className="break-all">{tenant.name ?? t('unnamed')}</span>
            <TenantStateChip state={tenant.state} />
            {tenant.test ? <TestMark /> : null}
          </>
        }
        lead={<Id value={tenant.tenantId} />}
      />
      <Tabs
        label={t('one')}
        value={tab}
        // Another tab begins without the filters of this one's list.
        onChange={(next) => set({ tab: tabs.find((known) => known === next) }, { alone: true, push: true })}
        tabs={[
          { value: 'overview', label: t('overview'), content: <Overview tenant={tenant} /> },
          {
            value: 'members',
            label: label(t('members'), granted + disabled + revoked + deleted),
            content: <Members tenant={tenant} />,
          },
          {
            value: 'departments',
            label: label(t('departments'), tenant.departments),
            content: <Departments tenant={tenant} />,
          },
          { value: 'syncs', label: t('syncs'), content: <Syncs tenant={tenant} /> },
          { value: 'logins', label: t('logins'), content: <Logins tenant={tenant} /> },
        ]}
      />
    </>
  )
}

function Overview({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const shown = useCount()
  const { granted, disabled, revoked, deleted } = tenant.memberCounts
  const members = (state: string, count: number) => (
    <Link
      key={state}
      className="rounded-sm text-accent hover:underline"
      href={`/tenants/${tenant.id}?tab=members&state=${state}`}
    >
      {shown(count)}
    </Link>
  )
  return (
    <div className="flex flex-col gap-4">
      <Problems tenant={tenant} />
      <div className="grid items-start gap-4 xl:grid-cols-2">
        <Card title={t('facts')}>
          <KeyValue
            items={[
              [t('name'), tenant.name ?? '–'],
              [t('tenantId'), <Id key="id" value={tenant.tenantId} />],
              [t('tenantCode'), <Id key="code" value={tenant.tenantCode} />],
              [t('domainName'), <Id key="domain" value={tenant.domainName} />],
              [t('createdAt'), <Time key="at" at={tenant.createdAt} style="full" />],
              [t('lastSync'), <Time key="sync" at={tenant.lastSyncAt} style="full" />],
            ]}
          />
        </Card>
        <Card title={t('members')}>
          <KeyValue
            items={[
              [t('memberStates.granted'), members('granted', granted)],
              [t('memberStates.disabled'), members('disabled', disabled)],
              [t('memberStates.revoked'), members('revoked', revoked)],
              [t('memberStates.deleted'), members('deleted', deleted)],
            ]}
          />
        </Card>
      </div>
      <Bindings tenant={tenant} />
      <Applications tenant={tenant} />
    </div>
  )
}

function Problems({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const { orphans, circles, withoutDepartment } = tenant.problems
  if (orphans + circles + withoutDepartment === 0) return null
  const to = (query: string, text: string) => (
    <li key={text}>
      <Link
        className="inline-flex min-h-6 items-center rounded-sm underline underline-offset-2"
        href={`/tenants/${tenant.id}?${query}`}
      >
        {text}
      </Link>
    </li>
  )
  return (
    <Callout tone="warn" icon={TriangleAlert}>
      <p>{t('problems')}</p>
      <ul className="mt-1 list-disc pl-5">
        {orphans ? to('tab=departments', t('orphans', { count: orphans })) : null}
        {circles ? to('tab=departments', t('circles', { count: circles })) : null}
        {withoutDepartment ? to('tab=members&lost=true', t('lostMembers', { count: withoutDepartment })) : null}
      </ul>
    </Callout>
  )
}

type Binding = TenantDetail['bindings'][number]

function Bindings({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const columns: Column<Binding>[] = [
    {
      id: 'instance',
      header: t('instance'),
      card: 'title',
      cell: (row) =>
        row.instanceId === null ? (
          <span className="text-faint">{t('fromCredentials')}</span>
        ) : row.known ? (
          <Link
            className="rounded-sm text-accent hover:underline"
            href={`/instances/${encodeURIComponent(row.instanceId)}`}
          >
            {row.instanceId}
          </Link>
        ) : (
          <ShortId value={row.instanceId} keep={32} />
        ),
    },
    { id: 'order', header: t('order'), cell: (row) => <ShortId value={row.orderId} keep={24} /> },
    {
      id: 'state',
      header: t('state'),
      card: 'aside',
      cell: (row) => <TenantStateChip state={row.active ? 'bound' : 'unbound'} />,
    },
    { id: 'at', header: t('changedAt'), cell: (row) => <Time at={row.asOf} /> },
  ]
  return (
    <Card title={t('bindings')} flush>
      {tenant.bindings.length === 0 ? (
        <EmptyState title={t('noBindings')}>{t('noBindingsHint')}</EmptyState>
      ) : (
        <DataTable
          label={t('bindings')}
          columns={columns}
          rows={tenant.bindings}
          rowKey={(row) => row.instanceId ?? ''}
        />
      )}
    </Card>
  )
}

type Application = TenantDetail['applications'][number]

function Applications({ tenant }: { tenant: TenantDetail }) {
  const t = useTranslations('tenants')
  const columns: Column<Application>[] = [
    { id: 'app', header: t('appId'), card: 'title', cell: (row) => <ShortId value={row.appId} keep={32} /> },
    { id: 'client', header: t('clientId'), cell: (row) => <ShortId value={row.clientId} keep={24} /> },
    {
      id: 'secret',
      header: t('clientSecret'),
      cell: (row) =>
        row.secretSet ? (
          <span className="inline-flex items-center gap-1 text-soft">
            <KeyRound className="size-3.5" aria-hidden />
            {t('openedWith', { key: row.keyName ?? '–' })}
          </span>
        ) : (
          <Badge tone={row.active ? 'warn' : 'idle'}>{t('noSecret')}</Badge>
        ),
    },
    { id: 'instance', header: t('instance'), from: 'xl', cell: (row) => <ShortId value={row.instanceId} keep={20} /> },
    {
      id: 'state',
      header: t('state'),
      card: 'aside',
      cell: (row) => <TenantStateChip state={row.active ? 'bound' : 'unbound'} />,
    },
    { id: 'at', header: t('changedAt'), from: 'lg', cell: (row) => <Time at={row.asOf} /> },
  ]
  return (
    <Card title={t('apps')} flush>
      {tenant.applications.length === 0 ? (
        <EmptyState title={t('noApps')}>{t('noAppsHint')}</EmptyState>
      ) : (
        <DataTable
          label={t('apps')}
          columns={columns}
          rows={tenant.applications}
          rowKey={(row) => `${row.appId} ${row.instanceId}`}
        />
      )}
    </Card>
  )
}
