'use client'

import { Ban, CircleCheck, Ellipsis, KeyRound, Plus, Power, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { Credential, CredentialKind } from '../types'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { EmptyState, FormError } from '../ui/feedback'
import { Field, Input, Select, Textarea } from '../ui/field'
import { AllBody, useAll } from '../ui/list'
import { Menu, MenuItem, MenuSeparator } from '../ui/menu'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { useAction, useSubmit } from '../use-action'
import { useWords } from '../words'
import { Section } from './frame'

const kinds: CredentialKind[] = ['base', 'kit', 'license', 'kit-private-key', 'ak-sk']

export function CredentialsPage() {
  const t = useTranslations('credentials')
  const words = useWords()
  const list = useAll<Credential>('/credentials')
  const act = useAction('/credentials')
  const [adding, setAdding] = useState(false)
  const [asking, setAsking] = useState<{ what: 'deactivate' | 'delete'; credential: Credential } | null>(null)
  const rows = list.data?.items ?? []
  const lastOfKind = (one: Credential) =>
    one.active && rows.filter((each) => each.kind === one.kind && each.active).length === 1
  const activate = (credential: Credential, active: boolean) =>
    act(
      () => api(`/credentials/${credential.id}`, { method: 'PATCH', json: { active } }),
      t(active ? 'activated' : 'deactivated', { name: credential.name }),
    )
  const remove = (credential: Credential) =>
    act(() => api(`/credentials/${credential.id}`, { method: 'DELETE' }), t('deleted', { name: credential.name }))

  const columns: Column<Credential>[] = [
    { id: 'name', header: t('name'), card: 'title', cell: (c) => <span className="font-medium">{c.name}</span> },
    { id: 'kind', header: t('kind'), cell: (c) => words.credentialKind(c.kind) },
    {
      id: 'hint',
      header: t('hint'),
      cell: (c) => (
        <span className="font-mono text-xs">
          {c.accessKeyId ? `${c.accessKeyId} / ` : ''}…{c.hint}
        </span>
      ),
    },
    {
      id: 'state',
      header: t('state'),
      cell: (c) =>
        c.active ? (
          <Badge tone="ok" icon={CircleCheck}>
            {t('active')}
          </Badge>
        ) : (
          <Badge icon={Ban}>{t('inactive')}</Badge>
        ),
    },
    {
      id: 'used',
      header: t('lastUsed'),
      cell: (c) =>
        c.lastUsedAt ? (
          <Time at={c.lastUsedAt} style="relative" />
        ) : (
          <span className="text-faint">{t('neverUsed')}</span>
        ),
    },
    {
      id: 'created',
      header: t('createdAt'),
      from: 'lg',
      cell: (c) => <Time at={c.createdAt} style="date" className="text-soft" />,
    },
    {
      id: 'more',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'aside',
      cell: (c) => (
        <Menu
          trigger={
            <IconButton label={t('actionsOf', { name: c.name })} size="sm" quiet>
              <Ellipsis aria-hidden />
            </IconButton>
          }
        >
          {c.active ? (
            <MenuItem onSelect={() => setAsking({ what: 'deactivate', credential: c })}>
              <Power aria-hidden />
              {t('deactivate')}
            </MenuItem>
          ) : (
            <MenuItem onSelect={() => activate(c, true)}>
              <Power aria-hidden />
              {t('activate')}
            </MenuItem>
          )}
          <MenuSeparator />
          <MenuItem danger onSelect={() => setAsking({ what: 'delete', credential: c })}>
            <Trash2 aria-hidden />
            {t('delete')}
          </MenuItem>
        </Menu>
      ),
    },
  ]
  return (
    <>
      <Section
        lead={t('lead')}
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
          rowKey={(c) => c.id}
          empty={
            <EmptyState
              icon={KeyRound}
              title={t('none')}
              action={<Button onClick={() => setAdding(true)}>{t('add')}</Button>}
            >
              {t('noneHint')}
            </EmptyState>
          }
        />
      </Section>
      {adding ? <CredentialDialog onClose={() => setAdding(false)} /> : null}
      {asking ? (
        <ConfirmDialog
          open
          onOpenChange={() => setAsking(null)}
          danger={asking.what === 'delete' || lastOfKind(asking.credential)}
          title={t(asking.what === 'delete' ? 'deleteTitle' : 'deactivateTitle', { name: asking.credential.name })}
          confirmLabel={t(asking.what)}
          onConfirm={() => (asking.what === 'delete' ? remove(asking.credential) : activate(asking.credential, false))}
        >
          <p>{t(asking.what === 'delete' ? 'deleteAsk' : 'deactivateAsk')}</p>
          {lastOfKind(asking.credential) ? (
            <p className="mt-2 font-medium text-bad">
              {t('lastOfKind', { kind: words.credentialKind(asking.credential.kind) })}
            </p>
          ) : null}
        </ConfirmDialog>
      ) : null}
    </>
  )
}

function CredentialDialog({ onClose }: { onClose: () => void }) {
  const t = useTranslations('credentials')
  const common = useTranslations('common')
  const words = useWords()
  const [kind, setKind] = useState<CredentialKind>('base')
  const [name, setName] = useState('')
  const [accessKeyId, setAccessKeyId] = useState('')
  const [secret, setSecret] = useState('')
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit(['/credentials'], onClose)
  const needed = (value: string) => (tried && !value.trim() ? t('needed') : undefined)
  const save = async () => {
    setTried(true)
    if (!name.trim() || !secret.trim() || (kind === 'ak-sk' && !accessKeyId.trim())) return
    const pair = kind === 'ak-sk' ? { accessKeyId: accessKeyId.trim() } : {}
    const json = { name: name.trim(), kind, secret, ...pair }
    await submit(() => api('/credentials', { method: 'POST', json }), t('added', { name: json.name }))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={t('add')}
      description={t('addLead')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {common('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-4">
        <FormError error={error} fields={['name', 'kind', 'accessKeyId', 'secret']} />
        <Field label={t('kind')} hint={t(`kindHint.${kind}`)} error={fieldError(error, 'kind')}>
          {(control) => (
            <Select
              {...control}
              value={kind}
              onChange={(e) => setKind(kinds.find((each) => each === e.target.value) ?? 'base')}
              options={kinds.map((value) => ({ value, label: words.credentialKind(value) }))}
            />
          )}
        </Field>
        <Field label={t('name')} hint={t('nameHint')} error={needed(name) ?? fieldError(error, 'name')}>
          {(control) => (
            <Input
              {...control}
              maxLength={80}
              placeholder={`${kind}-${new Date().getFullYear()}`}
              value={name}
              onChange={(e) => setName(e.target.value)}
            />
          )}
        </Field>
        {kind === 'ak-sk' ? (
          <Field label={t('accessKeyId')} error={needed(accessKeyId) ?? fieldError(error, 'accessKeyId')}>
            {(control) => (
              <Input
                {...control}
                autoComplete="off"
                className="font-mono"
                value={accessKeyId}
                onChange={(e) => setAccessKeyId(e.target.value)}
              />
            )}
          </Field>
        ) : null}
        <Field
          label={kind === 'ak-sk' ? t('secretKey') : kind === 'kit-private-key' ? t('privateKey') : t('secret')}
          hint={t('secretHint')}
          error={needed(secret) ?? fieldError(error, 'secret')}
        >
          {(control) =>
            kind === 'kit-private-key' ? (
              <Textarea
                {...control}
                rows={7}
                spellCheck={false}
                className="font-mono text-xs"
                placeholder="-----BEGIN PRIVATE KEY-----"
                value={secret}
                onChange={(e) => setSecret(e.target.value)}
              />
            ) : (
              <Input
                {...control}
                type="password"
                autoComplete="off"
                className="font-mono"
                value={secret}
                onChange={(e) => setSecret(e.target.value)}
              />
            )
          }
        </Field>
      </div>
    </Dialog>
  )
}
