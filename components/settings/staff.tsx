'use client'

import { Ban, CircleCheck, Ellipsis, KeyRound, Plus, Power, ShieldCheck, Users } from 'lucide-react'
import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import { minPasswordLength } from '../auth/set-up-form'
import { useUser } from '../shell/user'
import type { Role, StaffUser } from '../types'
import { Badge } from '../ui/badge'
import { Button, IconButton } from '../ui/button'
import { ConfirmDialog, Dialog } from '../ui/dialog'
import { EmptyState, FormError } from '../ui/feedback'
import { Field, Input, Select } from '../ui/field'
import { AllBody, useAll } from '../ui/list'
import { Menu, MenuItem, MenuSeparator } from '../ui/menu'
import type { Column } from '../ui/table'
import { Time } from '../ui/time'
import { useAction, useSubmit } from '../use-action'
import { useWords } from '../words'
import { Section } from './frame'

export const staffRoles: Role[] = ['viewer', 'operator', 'admin']

type Open = { what: 'add' } | { what: 'role' | 'password' | 'deactivate'; user: StaffUser } | null

export function StaffPage() {
  const t = useTranslations('staff')
  const words = useWords()
  const me = useUser()
  const list = useAll<StaffUser>('/users')
  const act = useAction('/users')
  const [open, setOpen] = useState<Open>(null)
  const close = () => setOpen(null)
  const activate = (user: StaffUser, active: boolean) =>
    act(
      () => api(`/users/${user.id}`, { method: 'PATCH', json: { active } }),
      t(active ? 'activated' : 'deactivated', { email: user.email }),
    )
  const columns: Column<StaffUser>[] = [
    {
      id: 'email',
      header: t('email'),
      card: 'title',
      cell: (u) => (
        <span className="inline-flex flex-wrap items-center gap-2">
          <span className="break-all font-medium">{u.email}</span>
          {u.email === me.email ? <Badge>{t('you')}</Badge> : null}
        </span>
      ),
    },
    {
      id: 'role',
      header: t('role'),
      cell: (u) =>
        u.role === 'admin' ? (
          <Badge tone="accent" icon={ShieldCheck}>
            {words.role(u.role)}
          </Badge>
        ) : (
          words.role(u.role)
        ),
    },
    {
      id: 'state',
      header: t('state'),
      cell: (u) =>
        u.active ? (
          <Badge tone="ok" icon={CircleCheck}>
            {t('active')}
          </Badge>
        ) : (
          <Badge icon={Ban}>{t('inactive')}</Badge>
        ),
    },
    {
      id: 'last',
      header: t('lastSignIn'),
      cell: (u) =>
        u.lastSignInAt ? (
          <Time at={u.lastSignInAt} style="relative" />
        ) : (
          <span className="text-faint">{t('never')}</span>
        ),
    },
    {
      id: 'created',
      header: t('createdAt'),
      from: 'lg',
      cell: (u) => <Time at={u.createdAt} style="date" className="text-soft" />,
    },
    {
      id: 'more',
      header: <span className="sr-only">{t('actions')}</span>,
      align: 'right',
      card: 'aside',
      cell: (u) => (
        <Menu
          trigger={
            <IconButton label={t('actionsOf', { email: u.email })} size="sm" quiet>
              <Ellipsis aria-hidden />
            </IconButton>
          }
        >
          <MenuItem onSelect={() => setOpen({ what: 'role', user: u })}>
            <ShieldCheck aria-hidden />
            {t('changeRole')}
          </MenuItem>
          <MenuItem onSelect={() => setOpen({ what: 'password', user: u })}>
            <KeyRound aria-hidden />
            {t('resetPassword')}
          </MenuItem>
          <MenuSeparator />
          {u.active ? (
            <MenuItem danger disabled={u.email === me.email} onSelect={() => setOpen({ what: 'deactivate', user: u })}>
              <Power aria-hidden />
              {t('deactivate')}
            </MenuItem>
          ) : (
            <MenuItem onSelect={() => activate(u, true)}>
              <Power aria-hidden />
              {t('activate')}
            </MenuItem>
          )}
        </Menu>
      ),
    },
  ]
  return (
    <>
      <Section
        lead={t('lead')}
        actions={
          <Button variant="primary" onClick={() => setOpen({ what: 'add' })}>
            <Plus aria-hidden />
            {t('add')}
          </Button>
        }
      >
        <AllBody
          list={list}
          label={t('title')}
          columns={columns}
          rowKey={(u) => u.id}
          empty={<EmptyState icon={Users} title={t('none')} />}
        />
      </Section>
      {open?.what === 'add' ? <StaffDialog onClose={close} /> : null}
      {open?.what === 'role' || open?.what === 'password' ? (
        <StaffDialog user={open.user} only={open.what} onClose={close} />
      ) : null}
      {open?.what === 'deactivate' ? (
        <ConfirmDialog
          open
          onOpenChange={close}
          danger
          title={t('deactivateTitle', { email: open.user.email })}
          confirmLabel={t('deactivate')}
          onConfirm={() => activate(open.user, false)}
        >
          {t('deactivateAsk')}
        </ConfirmDialog>
      ) : null}
    </>
  )
}

/** Adds somebody, or changes one thing about them. */
function StaffDialog({ user, only, onClose }: { user?: StaffUser; only?: 'role' | 'password'; onClose: () => void }) {
  const t = useTranslations('staff')
  const auth = useTranslations('auth')
  const common = useTranslations('common')
  const words = useWords()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>(user?.role ?? 'operator')
  const [password, setPassword] = useState('')
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit(['/users'], onClose)
  const asksPassword = only !== 'role'
  const tooShort = asksPassword && password.length < minPasswordLength
  const noEmail = !user && !/^\S+@\S+$/.test(email.trim())
  const save = async () => {
    setTried(true)
    if (tooShort || noEmail) return
    await submit(
      () =>
        user
          ? api(`/users/${user.id}`, { method: 'PATCH', json: only === 'role' ? { role } : { password } })
          : api('/users', { method: 'POST', json: { email: email.trim(), role, password } }),
      user ? t('changed', { email: user.email }) : t('added', { email: email.trim() }),
    )
  }
  return (
    <Dialog
      open
      onOpenChange={onClose}
      size="sm"
      title={user ? t(only === 'role' ? 'roleTitle' : 'passwordTitle', { email: user.email }) : t('add')}
      description={only === 'password' ? t('passwordLead') : undefined}
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
        <FormError error={error} fields={['email', 'role', 'password']} />
        {user ? null : (
          <Field label={t('email')} error={tried && noEmail ? auth('emailNeeded') : fieldError(error, 'email')}>
            {(control) => (
              <Input
                {...control}
                type="email"
                autoComplete="off"
                value={email}
                onChange={(e) => setEmail(e.target.value)}
              />
            )}
          </Field>
        )}
        {only === 'password' ? null : (
          <Field label={t('role')} hint={t(`roleHint.${role}`)} error={fieldError(error, 'role')}>
            {(control) => (
              <Select
                {...control}
                value={role}
                onChange={(e) => setRole(staffRoles.find((each) => each === e.target.value) ?? 'viewer')}
                options={staffRoles.map((value) => ({ value, label: words.role(value) }))}
              />
            )}
          </Field>
        )}
        {asksPassword ? (
          <Field
            label={t('password')}
            hint={auth('passwordRule', { count: minPasswordLength })}
            error={
              tried && tooShort ? auth('passwordRule', { count: minPasswordLength }) : fieldError(error, 'password')
            }
          >
            {(control) => (
              <Input
                {...control}
                type="password"
                autoComplete="new-password"
                value={password}
                onChange={(e) => setPassword(e.target.value)}
              />
            )}
          </Field>
        ) : null}
      </div>
    </Dialog>
  )
}
