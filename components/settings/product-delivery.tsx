'use client'

import { Sparkles } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { CopyButton } from '../ui/copy'
import { Field, type FieldControl, Input, Select, Textarea } from '../ui/field'
import { Labelled, Switch } from '../ui/ticks'
import type { Form, PasswordMode } from './product-form'
import { newWebhookSecret, previewOf, samples } from './template'

type PartProps = {
  form: Form
  put: <K extends keyof Form>(member: K, value: Form[K]) => void
  fault: (member: keyof Form, path: string) => string | undefined
}

export function LicenseRules({ form, put }: Pick<PartProps, 'form' | 'put'>) {
  const t = useTranslations('products')
  const rules = ['checkQuota', 'checkDates', 'needsDevice'] as const
  return (
    <fieldset className="flex flex-col gap-3">
      <legend className="mb-2 font-semibold text-sm">{t('onlineRules')}</legend>
      {rules.map((rule) => (
        <Labelled key={rule} label={t(rule)} hint={t(`${rule}Hint`)}>
          <Switch
            checked={form.licenseRules[rule]}
            onCheckedChange={(on) => put('licenseRules', { ...form.licenseRules, [rule]: on })}
          />
        </Labelled>
      ))}
    </fieldset>
  )
}

export function Template({ form, put, fault, passwordSet }: PartProps & { passwordSet: boolean | undefined }) {
  const t = useTranslations('products')
  const common = useTranslations('common')
  const field = (member: 'frontEndUrl' | 'adminUrl' | 'userName', label: ReactNode) => (
    <Field
      label={label}
      error={fault(member, `delivery.${member}`)}
      hint={
        form[member].includes('{') ? (
          <span className="break-all">{t('preview', { text: previewOf(form[member]) })}</span>
        ) : undefined
      }
    >
      {(control: FieldControl) => (
        <Input
          {...control}
          maxLength={member === 'userName' ? 128 : 512}
          autoComplete="off"
          spellCheck={false}
          placeholder={member === 'userName' ? 'admin-{customerId}' : 'https://app.example.com/t/{instanceId}'}
          value={form[member]}
          onChange={(e) => put(member, e.target.value)}
        />
      )}
    </Field>
  )
  return (
    <>
      <p className="text-soft text-xs">
        {t('placeholders')}{' '}
        {Object.keys(samples).map((name) => (
          <code key={name} className="mr-1 inline-block rounded-sm bg-idle-soft px-1 font-mono">{`{${name}}`}</code>
        ))}
      </p>
      {field('frontEndUrl', t('frontEndUrl'))}
      {field('adminUrl', common('optional', { label: t('adminUrl') }))}
      <div className="grid gap-4 sm:grid-cols-2">
        {field('userName', common('optional', { label: t('userName') }))}
        <div className="flex flex-col gap-2">
          <Field label={t('passwordMode')}>
            {(control) => (
              <Select
                {...control}
                value={form.passwordMode}
                onChange={(e) => put('passwordMode', e.target.value as PasswordMode)}
                options={(['generate', 'fixed', 'none'] as const).map((value) => ({
                  value,
                  label: t(`password.${value}`),
                }))}
              />
            )}
          </Field>
          {form.passwordMode === 'fixed' ? (
            <Field
              label={t('fixedPassword')}
              hint={passwordSet ? t('staysAsIs') : undefined}
              error={fault('password', 'delivery.password')}
            >
              {(control) => (
                <Input
                  {...control}
                  type="password"
                  autoComplete="new-password"
                  maxLength={128}
                  value={form.password}
                  onChange={(e) => put('password', e.target.value)}
                />
              )}
            </Field>
          ) : null}
        </div>
      </div>
      <Field
        label={common('optional', { label: t('memo') })}
        hint={t('memoHint')}
        error={fault('memo', 'delivery.memo')}
      >
        {(control) => (
          <Textarea
            {...control}
            rows={2}
            maxLength={1024}
            className="min-h-14"
            value={form.memo}
            onChange={(e) => put('memo', e.target.value)}
          />
        )}
      </Field>
    </>
  )
}

export function WebhookFields({ form, put, fault, secretSet }: PartProps & { secretSet: boolean | undefined }) {
  const t = useTranslations('products')
  return (
    <>
      <Field label={t('url')} hint={t('urlHint')} error={fault('url', 'delivery.url')}>
        {(control) => (
          <Input
            {...control}
            inputMode="url"
            maxLength={512}
            placeholder="https://"
            value={form.url}
            onChange={(e) => put('url', e.target.value)}
          />
        )}
      </Field>
      <Field
        label={t('secret')}
        hint={secretSet ? t('staysAsIs') : t('secretHint')}
        error={fault('secret', 'delivery.secret')}
      >
        {(control) => (
          <div className="flex gap-1.5">
            <Input
              {...control}
              autoComplete="off"
              spellCheck={false}
              className="font-mono text-xs"
              value={form.secret}
              onChange={(e) => put('secret', e.target.value)}
            />
            {form.secret ? <CopyButton text={form.secret} className="size-8" /> : null}
            <Button onClick={() => put('secret', newWebhookSecret())}>
              <Sparkles aria-hidden />
              {t('generate')}
            </Button>
          </div>
        )}
      </Field>
      <Field label={t('timeout')} hint={t('timeoutHint')} error={fault('timeoutSeconds', 'delivery.timeoutSeconds')}>
        {(control) => (
          <Input
            {...control}
            type="number"
            min={1}
            max={15}
            className="w-28"
            value={form.timeoutSeconds}
            onChange={(e) => put('timeoutSeconds', e.target.value)}
          />
        )}
      </Field>
    </>
  )
}
