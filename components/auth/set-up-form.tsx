'use client'

import { KeyRound } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { ApiError, api, fieldError } from '../api'
import { Button } from '../ui/button'
import { EmptyState, FormError } from '../ui/feedback'
import { Field, Input } from '../ui/field'

export const minPasswordLength = 8

export function SetUpForm({ token }: { token: string }) {
  const t = useTranslations('auth')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const [tried, setTried] = useState(false)

  const gone =
    error instanceof ApiError &&
    ((error.field === 'token' && error.status < 500) || [404, 409, 410].includes(error.status))
  if (token === '' || gone) {
    return (
      <div className="rounded-xl border border-line bg-surface shadow-xs">
        <EmptyState icon={KeyRound} title={t('linkInvalid')}>
          {t('linkInvalidHint')}
        </EmptyState>
      </div>
    )
  }

  const tooShort =
    tried && password.length < minPasswordLength ? t('passwordRule', { count: minPasswordLength }) : undefined
  const differs = tried && again !== password ? t('passwordsDiffer') : undefined
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (password.length < minPasswordLength || again !== password) return
    setBusy(true)
    setError(null)
    try {
      await api('/set-up', { method: 'POST', json: { token, email, password } })
      window.location.assign('/sign-in?created=1')
    } catch (fault) {
      setError(fault)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit} noValidate className="rounded-xl border border-line bg-surface p-5 shadow-xs">
      <h1 className="font-semibold text-lg">{t('setUp')}</h1>
      <p className="mt-1 text-sm text-soft">{t('setUpLead')}</p>
      <div className="mt-4 flex flex-col gap-4">
        <FormError error={error} fields={['email', 'password']} />
        <Field
          label={t('email')}
          error={fieldError(error, 'email') ?? (tried && !email ? t('emailNeeded') : undefined)}
        >
          {(control) => (
            <Input
              {...control}
              type="email"
              autoComplete="username"
              autoFocus
              className="h-9"
              value={email}
              onChange={(e) => setEmail(e.target.value)}
            />
          )}
        </Field>
        <Field
          label={t('password')}
          hint={t('passwordRule', { count: minPasswordLength })}
          error={tooShort ?? fieldError(error, 'password')}
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="new-password"
              className="h-9"
              value={password}
              onChange={(e) => setPassword(e.target.value)}
            />
          )}
        </Field>
        <Field label={t('passwordAgain')} error={differs}>
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="new-password"
              className="h-9"
              value={again}
              onChange={(e) => setAgain(e.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" size="lg" className="h-9" loading={busy}>
          {t('createAdmin')}
        </Button>
      </div>
    </form>
  )
}
