'use client'

import { type FormEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { Callout } from '../ui/feedback'
import { Field, Input } from '../ui/field'

type Fault = 'wrong' | 'limited' | 'unavailable' | 'network'

/** The words of the session's errors; anything else means that mail and password do not fit. */
const faults: Record<string, Fault> = { 'rate-limited': 'limited', unavailable: 'unavailable' }

export function SignInForm({ next, created }: { next: string; created: boolean }) {
  const t = useTranslations('auth')
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [busy, setBusy] = useState(false)
  const [fault, setFault] = useState<Fault | null>(null)
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setFault(null)
    try {
      const { signIn } = await import('next-auth/react')
      const answer = await signIn('credentials', { email, password, redirect: false, callbackUrl: next })
      if (answer?.ok && !answer.error) {
        window.location.assign(next)
        return
      }
      setFault(faults[answer?.error ?? ''] ?? 'wrong')
    } catch {
      setFault('network')
    }
    setBusy(false)
  }
  return (
    <form onSubmit={submit} className="rounded-xl border border-line bg-surface p-5 shadow-xs">
      <h1 className="font-semibold text-lg">{t('signIn')}</h1>
      <div className="mt-4 flex flex-col gap-4">
        {created ? <Callout tone="ok">{t('created')}</Callout> : null}
        {fault ? <Callout tone="bad">{t(`fault.${fault}`)}</Callout> : null}
        <Field label={t('email')}>
          {(control) => (
            <Input
              {...control}
              type="email"
              name="email"
              autoComplete="username"
              required
              autoFocus
              className="h-9"
              value={email}
              onChange={(e) => setEmail(e.target.value)}
            />
          )}
        </Field>
        <Field label={t('password')}>
          {(control) => (
            <Input
              {...control}
              type="password"
              name="password"
              autoComplete="current-password"
              required
              className="h-9"
              value={password}
              onChange={(e) => setPassword(e.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" size="lg" className="h-9" loading={busy}>
          {t('signIn')}
        </Button>
        <p className="text-faint text-xs">{t('forgotten')}</p>
      </div>
    </form>
  )
}
