'use client'

import { LogIn, Pencil, Plus, Trash2 } from 'lucide-react'
import { useState, useSyncExternalStore } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import { Section } from '../settings/frame'
import { useBlocked } from '../shell/user'
import type { LoginApp } from '../types'
import { Button, IconButton } from '../ui/button'
import { CopyButton, ShortId } from '../ui/copy'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { EmptyState, FormError } from '../ui/feedback'
import { Field, Input, Select, Textarea } from '../ui/field'
import { AllBody, useAll } from '../ui/list'
import type { Column } from '../ui/table'
import { useAction, useSubmit } from '../use-action'

type Open = { what: 'add' } | { what: 'edit' | 'delete'; app: LoginApp } | null

export function LoginAppsPage() {
  const t = useTranslations('tenants.apps_')
  const list = useAll<LoginApp>('/login-apps')
  const act = useAction('/login-apps')
  const admin = useBlocked('admin')
  const [open, setOpen] = useState<Open>(null)
  const columns: Column<LoginApp>[] = [
    { id: 'name', header: t('name'), card: 'title', cell: (app) => <span className="font-medium">{app.name}</span> },
    { id: 'appId', header: t('appId'), cell: (app) => <ShortId value={app.appId} keep={28} /> },
    {
      id: 'returnUrls',
      header: t('returnUrls'),
      cell: (app) => (
        <span className="flex flex-col break-all text-soft text-xs">
          {app.returnUrls.map((url) => (
            <span key={url}>{url}</span>
          ))}
        </span>
      ),
    },
    { id: 'entry', header: t('entry'), from: 'lg', cell: (app) => t(`entries.${app.entry}`) },
    {
      id: 'actions',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'aside',
      cell: (app) => (
        <span className="inline-flex gap-1">
          <IconButton
            size="sm"
            quiet
            blocked={admin}
            label={t('editNamed', { name: app.name })}
            onClick={() => setOpen({ what: 'edit', app })}
          >
            <Pencil aria-hidden />
          </IconButton>
          <IconButton
            size="sm"
            quiet
            blocked={admin}
            label={t('deleteNamed', { name: app.name })}
            onClick={() => setOpen({ what: 'delete', app })}
          >
            <Trash2 aria-hidden />
          </IconButton>
        </span>
      ),
    },
  ]
  const add = (
    <Button variant="primary" blocked={admin} onClick={() => setOpen({ what: 'add' })}>
      <Plus aria-hidden />
      {t('add')}
    </Button>
  )
  return (
    <>
      <Section
        lead={
          <>
            {t.rich('lead', {
              docs: (chunks) => (
                <a href="/api/v1/docs" className="rounded-sm text-accent underline underline-offset-2">
                  {chunks}
                </a>
              ),
            })}
            <Callback />
          </>
        }
        actions={add}
      >
        <AllBody
          list={list}
          label={t('title')}
          columns={columns}
          rowKey={(app) => app.appId}
          empty={
            <EmptyState icon={LogIn} title={t('none')} action={add}>
              {t('noneHint')}
            </EmptyState>
          }
        />
      </Section>
      {open?.what === 'add' ? <LoginAppDialog onClose={() => setOpen(null)} /> : null}
      {open?.what === 'edit' ? <LoginAppDialog app={open.app} onClose={() => setOpen(null)} /> : null}
      {open?.what === 'delete' ? (
        <ConfirmDialog
          open
          danger
          onOpenChange={() => setOpen(null)}
          title={t('deleteTitle', { name: open.app.name })}
          confirmLabel={t('delete')}
          onConfirm={() =>
            act(
              () => api(`/login-apps/${encodeURIComponent(open.app.appId)}`, { method: 'DELETE' }),
              t('deleted', { name: open.app.name }),
            )
          }
        >
          {t('deleteAsk')}
        </ConfirmDialog>
      ) : null}
    </>
  )
}

// The address the reader came by; the server does not know it.
const originHere = () => window.location.origin
const originUnknown = () => ''
const never = () => () => {}

/** What to enter with the application credential. */
function Callback() {
  const t = useTranslations('tenants.apps_')
  const origin = useSyncExternalStore(never, originHere, originUnknown)
  const address = `${origin}/api/v1/tenant-logins/callback`
  return (
    <p className="mt-1 flex flex-wrap items-center gap-x-1">
      {t('callback')} <code className="break-all font-mono text-xs">{address}</code>
      <CopyButton text={address} />
    </p>
  )
}

function LoginAppDialog({ app, onClose }: { app?: LoginApp; onClose: () => void }) {
  const t = useTranslations('tenants.apps_')
  const common = useTranslations('common')
  const [form, setForm] = useState({
    appId: app?.appId ?? '',
    name: app?.name ?? '',
    returnUrls: app?.returnUrls.join('\n') ?? '',
    entry: app?.entry ?? ('unified' as const),
    loginUrl: app?.loginUrl ?? '',
  })
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit(['/login-apps'], onClose)
  const put = (part: Partial<typeof form>) => setForm({ ...form, ...part })
  const urls = form.returnUrls.split(/\s+/).filter(Boolean)
  const faults = {
    appId: form.appId.trim() ? undefined : t('needed'),
    name: form.name.trim() ? undefined : t('needed'),
    returnUrls: urls.length === 0 ? t('needed') : urls.some((url) => !URL.canParse(url)) ? t('notAddress') : undefined,
  }
  const fault = (field: keyof typeof faults) => (tried ? faults[field] : undefined) ?? fieldError(error, field)
  const save = async () => {
    setTried(true)
    if (Object.values(faults).some(Boolean)) return
    const { name, entry, loginUrl } = form
    const json = { name: name.trim(), returnUrls: urls, entry, loginUrl: loginUrl.trim() || null }
    const path = `/login-apps/${encodeURIComponent(form.appId.trim())}`
    await submit(() => api(path, { method: 'PUT', json }), t('saved', { name: json.name }))
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={app ? t('editNamed', { name: app.name }) : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {common('save')}
          </Button>
        </>
      }
    >
      <form
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          void save()
        }}
      >
        <FormError error={error} fields={['name', 'returnUrls', 'loginUrl']} />
        <Field label={t('appId')} hint={t('appIdHint')} error={fault('appId')}>
          {(control) => (
            <Input
              {...control}
              value={form.appId}
              disabled={Boolean(app)}
              onChange={(event) => put({ appId: event.target.value })}
            />
          )}
        </Field>
        <Field label={t('name')} error={fault('name')}>
          {(control) => (
            <Input {...control} value={form.name} onChange={(event) => put({ name: event.target.value })} />
          )}
        </Field>
        <Field label={t('returnUrls')} hint={t('returnUrlsHint')} error={fault('returnUrls')}>
          {(control) => (
            <Textarea
              {...control}
              value={form.returnUrls}
              onChange={(event) => put({ returnUrls: event.target.value })}
            />
          )}
        </Field>
        <Field label={t('entry')} hint={t(`entryHints.${form.entry}`)}>
          {(control) => (
            <Select
              {...control}
              value={form.entry}
              options={(['unified', 'domain'] as const).map((value) => ({ value, label: t(`entries.${value}`) }))}
              onChange={(event) => put({ entry: event.target.value === 'domain' ? 'domain' : 'unified' })}
            />
          )}
        </Field>
        {form.entry === 'unified' ? (
          <Field
            label={common('optional', { label: t('loginUrl') })}
            hint={t('loginUrlHint')}
            error={fieldError(error, 'loginUrl')}
          >
            {(control) => (
              <Input {...control} value={form.loginUrl} onChange={(event) => put({ loginUrl: event.target.value })} />
            )}
          </Field>
        ) : null}
      </form>
    </Dialog>
  )
}
