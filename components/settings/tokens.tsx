'use client'

import { Ban, CircleCheck, KeySquare, Plus, TriangleAlert } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { ApiToken, Role } from '../types'
import { Badge } from '../ui/badge'
import { Button } from '../ui/button'
import { CopyButton } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { Callout, EmptyState, FormError } from '../ui/feedback'
import { Field, Input, Select } from '../ui/field'
import { AllBody, useAll } from '../ui/list'
import type { Column } from '../ui/table'
import { Checkbox, Labelled } from '../ui/ticks'
import { Time } from '../ui/time'
import { useAction, useSubmit } from '../use-action'
import { useWords } from '../words'
import { Section } from './frame'
import { staffRoles } from './staff'

const tokenScopes = ['calls', 'instances', 'orders', 'usage', 'licenses', 'tenants', 'settings'] as const

export function TokensPage() {
  const t = useTranslations('tokens')
  const words = useWords()
  const list = useAll<ApiToken>('/tokens')
  const act = useAction('/tokens')
  const [adding, setAdding] = useState(false)
  const [revoking, setRevoking] = useState<ApiToken | null>(null)
  const columns: Column<ApiToken>[] = [
    { id: 'name', header: t('name'), card: 'title', cell: (k) => <span className="font-medium">{k.name}</span> },
    { id: 'hint', header: t('hint'), cell: (k) => <span className="font-mono text-xs">desk_…{k.hint}</span> },
    { id: 'role', header: t('role'), cell: (k) => words.role(k.role) },
    {
      id: 'state',
      header: t('state'),
      cell: (k) =>
        k.revokedAt ? (
          <Badge icon={Ban}>{t('revoked')}</Badge>
        ) : (
          <Badge tone="ok" icon={CircleCheck}>
            {t('active')}
          </Badge>
        ),
    },
    {
      id: 'scopes',
      header: t('scopes'),
      from: 'lg',
      cell: (k) => (
        <span className="text-soft text-xs">
          {k.scopes.length === 0
            ? t('allScopes')
            : tokenScopes
                .filter((scope) => k.scopes.includes(scope))
                .map((scope) => t(`scope.${scope}`))
                .join(', ')}
        </span>
      ),
    },
    {
      id: 'used',
      header: t('lastUsed'),
      cell: (k) =>
        k.lastUsedAt ? (
          <Time at={k.lastUsedAt} style="relative" />
        ) : (
          <span className="text-faint">{t('neverUsed')}</span>
        ),
    },
    {
      id: 'created',
      header: t('created'),
      from: 'lg',
      cell: (k) => (
        <span className="text-soft">
          <Time at={k.createdAt} style="date" /> · {k.createdBy}
        </span>
      ),
    },
    {
      id: 'more',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'aside',
      cell: (k) =>
        k.revokedAt ? null : (
          <Button
            size="sm"
            variant="danger-ghost"
            aria-label={t('revokeNamed', { name: k.name })}
            onClick={() => setRevoking(k)}
          >
            {t('revoke')}
          </Button>
        ),
    },
  ]
  return (
    <>
      <Section
        lead={t.rich('lead', {
          docs: (chunks) => (
            <a href="/api/v1/docs" className="rounded-sm text-accent underline underline-offset-2">
              {chunks}
            </a>
          ),
        })}
        actions={
          <Button variant="primary" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            {t('add')}
          </Button>
        }
      >
        <AllBody
          list={list}
          label={t('title')}
          columns={columns}
          rowKey={(k) => k.id}
          empty={
            <EmptyState
              icon={KeySquare}
              title={t('none')}
              action={<Button onClick={() => setAdding(true)}>{t('add')}</Button>}
            >
              {t('noneHint')}
            </EmptyState>
          }
        />
      </Section>
      {adding ? <TokenDialog onClose={() => setAdding(false)} /> : null}
      {revoking ? (
        <ConfirmDialog
          open
          onOpenChange={() => setRevoking(null)}
          danger
          title={t('revokeTitle', { name: revoking.name })}
          confirmLabel={t('revoke')}
          onConfirm={() =>
            act(() => api(`/tokens/${revoking.id}`, { method: 'DELETE' }), t('revokedNow', { name: revoking.name }))
          }
        >
          {t('revokeAsk')}
        </ConfirmDialog>
      ) : null}
    </>
  )
}

function TokenDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('tokens')
  const staff = useTranslations('staff')
  const common = useTranslations('common')
  const words = useWords()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('operator')
  const [scopes, setScopes] = useState<string[]>([])
  const [token, setToken] = useState<string | null>(null)
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit(['/tokens'])
  const make = async () => {
    setTried(true)
    if (!name.trim()) return
    const json = { name: name.trim(), role, scopes }
    await submit(async () => setToken((await api<{ token: string }>('/tokens', { method: 'POST', json })).token))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={token ? t('made') : t('add')}
      footer={
        token ? (
          <Button variant="primary" onClick={onClose}>
            {common('done')}
          </Button>
        ) : (
          <>
            <Button onClick={onClose}>{common('cancel')}</Button>
            <Button variant="primary" loading={busy} onClick={make}>
              {t('make')}
            </Button>
          </>
        )
      }
    >
      {token ? (
        <div className="flex flex-col gap-3">
          <Callout tone="warn" icon={TriangleAlert}>
            {t('once')}
          </Callout>
          <div className="flex items-center gap-1 rounded-md border border-line bg-sunken py-1.5 pr-1.5 pl-3">
            <code data-token className="min-w-0 grow break-all font-mono text-sm">
              {token}
            </code>
            <CopyButton text={token} label={t('copy')} />
          </div>
        </div>
      ) : (
        <div className="flex flex-col gap-4">
          <FormError error={error} fields={['name', 'role']} />
          <Field
            label={t('name')}
            hint={t('nameHint')}
            error={tried && !name.trim() ? t('nameNeeded') : fieldError(error, 'name')}
          >
            {(control) => (
              <Input
                {...control}
                maxLength={80}
                autoComplete="off"
                value={name}
                onChange={(e) => setName(e.target.value)}
              />
            )}
          </Field>
          <Field label={t('role')} hint={staff(`roleHint.${role}`)} error={fieldError(error, 'role')}>
            {(control) => (
              <Select
                {...control}
                value={role}
                onChange={(e) => setRole(staffRoles.find((each) => each === e.target.value) ?? 'viewer')}
                options={staffRoles.map((value) => ({ value, label: words.role(value) }))}
              />
            )}
          </Field>
          <fieldset>
            <legend className="font-medium text-sm">{t('scopes')}</legend>
            <p className="mb-2 text-faint text-xs">{t('scopesHint')}</p>
            <div className="grid grid-cols-2 gap-2">
              {tokenScopes.map((scope) => (
                <Labelled key={scope} label={t(`scope.${scope}`)}>
                  <Checkbox
                    checked={scopes.includes(scope)}
                    onCheckedChange={(on) =>
                      setScopes(on === true ? [...scopes, scope] : scopes.filter((each) => each !== scope))
                    }
                  />
                </Labelled>
              ))}
            </div>
          </fieldset>
        </div>
      )}
    </Dialog>
  )
}
