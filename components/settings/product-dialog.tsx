'use client'

import { useQueryClient } from '@tanstack/react-query'
import { Boxes, Hand, type LucideIcon, ScrollText, Sparkles, Webhook } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { DeliveryType, Product, ProductKind } from '../types'
import { Button } from '../ui/button'
import { cn } from '../ui/cn'
import { CopyButton } from '../ui/copy'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, type FieldControl, Input, Labelled, Select, Switch, Textarea } from '../ui/field'
import { toast } from '../ui/toast'
import { useWords } from '../words'
import { idsOf, newWebhookSecret, previewOf, samples, templateFault } from './template'

const kinds: ProductKind[] = ['saas', 'license-id', 'license-code', 'license-online']
const deliveries: { type: DeliveryType; icon: LucideIcon }[] = [
  { type: 'template', icon: ScrollText },
  { type: 'pool', icon: Boxes },
  { type: 'webhook', icon: Webhook },
  { type: 'manual', icon: Hand },
]

type PasswordMode = 'generate' | 'fixed' | 'none'
type Form = {
  name: string
  kind: ProductKind
  productIds: string
  skuCodes: string
  timeZone: 'UTC' | 'Asia/Shanghai'
  encryptType: '1' | '2'
  licenseRules: Product['licenseRules']
  isDefault: boolean
  type: DeliveryType
  frontEndUrl: string
  adminUrl: string
  userName: string
  passwordMode: PasswordMode
  password: string
  memo: string
  url: string
  secret: string
  timeoutSeconds: string
}

function formOf(product: Product | undefined): Form {
  const delivery = product?.delivery
  const template = delivery?.type === 'template' ? delivery : null
  const webhook = delivery?.type === 'webhook' ? delivery : null
  return {
    name: product?.name ?? '',
    kind: product?.kind ?? 'saas',
    productIds: product?.productIds.join('\n') ?? '',
    skuCodes: product?.skuCodes.join('\n') ?? '',
    timeZone: product?.timeZone ?? 'UTC',
    encryptType: product?.encryptType ?? '1',
    licenseRules: product?.licenseRules ?? { checkQuota: false, checkDates: false, needsDevice: false },
    isDefault: product?.isDefault ?? false,
    type: delivery?.type ?? 'template',
    frontEndUrl: template?.frontEndUrl ?? '',
    adminUrl: template?.adminUrl ?? '',
    userName: template?.userName ?? '',
    passwordMode: !template || template.password === 'generate' ? 'generate' : template.passwordSet ? 'fixed' : 'none',
    password: '',
    memo: template?.memo ?? '',
    url: webhook?.url ?? '',
    secret: '',
    timeoutSeconds: String(webhook?.timeoutSeconds ?? 4),
  }
}

function deliveryOf(form: Form) {
  if (form.type === 'webhook') {
    return {
      type: form.type,
      url: form.url.trim(),
      timeoutSeconds: Number(form.timeoutSeconds),
      ...(form.secret ? { secret: form.secret.trim() } : {}),
    }
  }
  if (form.type !== 'template') return { type: form.type }
  const { type, frontEndUrl, adminUrl, userName, memo } = form
  const password =
    form.passwordMode === 'generate'
      ? { password: 'generate' }
      : form.passwordMode === 'none'
        ? { passwordSet: false }
        : form.password
          ? { password: form.password }
          : {}
  return { type, frontEndUrl, adminUrl, userName, memo, ...password }
}

export function ProductDialog({ product, onClose }: { product?: Product; onClose: () => void }) {
  const t = useTranslations('products')
  const common = useTranslations('common')
  const words = useWords()
  const client = useQueryClient()
  const [form, setForm] = useState(() => formOf(product))
  const [busy, setBusy] = useState(false)
  const [tried, setTried] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const put = <K extends keyof Form>(member: K, value: Form[K]) => setForm({ ...form, [member]: value })
  const faults = useFaults(form, product)
  const fault = (member: keyof Form, path: string) => (tried ? faults[member] : undefined) ?? fieldError(error, path)

  const save = async () => {
    setTried(true)
    if (Object.keys(faults).length > 0) return
    setBusy(true)
    setError(null)
    const body = {
      name: form.name.trim(),
      kind: form.kind,
      productIds: idsOf(form.productIds),
      skuCodes: idsOf(form.skuCodes),
      timeZone: form.timeZone,
      encryptType: form.encryptType,
      licenseRules: form.licenseRules,
      isDefault: form.isDefault,
      delivery: deliveryOf(form),
    }
    try {
      await (product
        ? api(`/products/${product.id}`, { method: 'PUT', json: body })
        : api('/products', { method: 'POST', json: body }))
      await client.invalidateQueries({ queryKey: ['/products'] })
      toast.success(product ? t('saved', { name: body.name }) : t('added', { name: body.name }))
      onClose()
    } catch (thrown) {
      setError(thrown)
      setBusy(false)
    }
  }

  return (
    <Dialog
      open
      onOpenChange={onClose}
      side
      title={product ? t('editTitle', { name: product.name }) : t('add')}
      footer={
        <>
          <Button onClick={onClose}>{common('cancel')}</Button>
          <Button variant="primary" loading={busy} onClick={save}>
            {common('save')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-6">
        <FormError error={error} fields={shownPaths} />
        <div className="flex flex-col gap-4">
          <div className="grid gap-4 sm:grid-cols-[1fr_14rem]">
            <Field label={t('name')} error={fault('name', 'name')}>
              {(control) => (
                <Input {...control} maxLength={80} value={form.name} onChange={(e) => put('name', e.target.value)} />
              )}
            </Field>
            <Field label={t('kind')} error={fieldError(error, 'kind')}>
              {(control) => (
                <Select
                  {...control}
                  value={form.kind}
                  onChange={(e) => setForm(withKind(form, kinds.find((each) => each === e.target.value) ?? 'saas'))}
                  options={kinds.map((value) => ({ value, label: words.productKind(value) }))}
                />
              )}
            </Field>
          </div>
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label={t('productIds')} hint={t('idsHint')} error={fault('productIds', 'productIds')}>
              {(control) => (
                <Textarea
                  {...control}
                  rows={3}
                  spellCheck={false}
                  className="min-h-16 font-mono text-xs"
                  value={form.productIds}
                  onChange={(e) => put('productIds', e.target.value)}
                />
              )}
            </Field>
            <Field
              label={common('optional', { label: t('skuCodes') })}
              hint={t('skuHint')}
              error={fault('skuCodes', 'skuCodes')}
            >
              {(control) => (
                <Textarea
                  {...control}
                  rows={3}
                  spellCheck={false}
                  className="min-h-16 font-mono text-xs"
                  value={form.skuCodes}
                  onChange={(e) => put('skuCodes', e.target.value)}
                />
              )}
            </Field>
          </div>
          <Labelled label={t('isDefault')} hint={t('isDefaultHint')}>
            <Switch checked={form.isDefault} onCheckedChange={(on) => put('isDefault', on)} />
          </Labelled>
        </div>

        <fieldset className="flex flex-col gap-3">
          <legend className="mb-2 font-semibold text-sm">{t('delivery')}</legend>
          {form.kind === 'license-code' ? <p className="-mt-1 text-soft text-sm">{t('codeLead')}</p> : null}
          <div className="grid gap-2 sm:grid-cols-2">
            {deliveriesOf(form.kind).map(({ type, icon: Icon }) => (
              <label
                key={type}
                className={cn(
                  'flex cursor-pointer items-start gap-2.5 rounded-lg border px-3 py-2.5 text-sm has-focus-visible:outline-2 has-focus-visible:outline-focus',
                  form.type === type ? 'border-accent-solid bg-accent-soft' : 'border-line-strong hover:bg-hover',
                )}
              >
                <input
                  type="radio"
                  name="delivery"
                  className="sr-only"
                  checked={form.type === type}
                  onChange={() => put('type', type)}
                />
                <Icon
                  className={cn('mt-0.5 size-4 shrink-0', form.type === type ? 'text-accent' : 'text-faint')}
                  aria-hidden
                />
                <span>
                  <span className="block font-medium">{words.deliveryType(type)}</span>
                  <span className="block text-soft text-xs">
                    {form.kind === 'saas' || type === 'template'
                      ? t(`deliveryHint.${type}`)
                      : form.kind === 'license-code' && type !== 'pool'
                        ? t(`codeHint.${type}`)
                        : t(`licenseHint.${type}`)}
                  </span>
                </span>
              </label>
            ))}
          </div>
          <div className="mt-1 flex flex-col gap-4">
            {form.type === 'template' ? (
              <Template
                form={form}
                put={put}
                fault={fault}
                passwordSet={product?.delivery.type === 'template' && product.delivery.passwordSet}
              />
            ) : null}
            {form.type === 'webhook' ? (
              <WebhookFields
                form={form}
                put={put}
                fault={fault}
                secretSet={product?.delivery.type === 'webhook' && product.delivery.secretSet}
              />
            ) : null}
            {form.type === 'pool' ? (
              <p className="text-soft text-sm">{t(form.kind === 'saas' ? 'poolAfter' : 'licensePoolAfter')}</p>
            ) : null}
          </div>
        </fieldset>
        {form.kind === 'license-online' ? <LicenseRules form={form} put={put} /> : null}

        <details className="text-sm" open={form.timeZone !== 'UTC' || form.encryptType !== '1'}>
          <summary className="rounded-sm font-medium">{t('wire')}</summary>
          <div className="mt-3 grid gap-4 sm:grid-cols-2">
            <Field label={t('timeZone')} hint={t('timeZoneHint')}>
              {(control) => (
                <Select
                  {...control}
                  value={form.timeZone}
                  onChange={(e) => put('timeZone', e.target.value === 'UTC' ? 'UTC' : 'Asia/Shanghai')}
                  options={[
                    { value: 'UTC', label: 'UTC' },
                    { value: 'Asia/Shanghai', label: t('beijing') },
                  ]}
                />
              )}
            </Field>
            <Field label={t('encryptType')} hint={t('encryptTypeHint')}>
              {(control) => (
                <Select
                  {...control}
                  value={form.encryptType}
                  onChange={(e) => put('encryptType', e.target.value === '2' ? '2' : '1')}
                  options={[
                    { value: '1', label: 'AES-256 (1)' },
                    { value: '2', label: 'AES-128 (2)' },
                  ]}
                />
              )}
            </Field>
          </div>
        </details>
      </div>
    </Dialog>
  )
}

const shownPaths = [
  ...['name', 'kind', 'productIds', 'skuCodes'],
  ...['frontEndUrl', 'adminUrl', 'userName', 'password', 'memo', 'url', 'secret', 'timeoutSeconds'].map(
    (member) => `delivery.${member}`,
  ),
]

/** A licence is not made from a template, and codes come from the marketplace. */
function deliveriesOf(kind: ProductKind) {
  if (kind === 'saas') return deliveries
  return deliveries.filter(({ type }) => type !== 'template' && !(kind === 'license-code' && type === 'pool'))
}

function withKind(form: Form, kind: ProductKind): Form {
  const fits = deliveriesOf(kind).some(({ type }) => type === form.type)
  return { ...form, kind, type: fits ? form.type : kind === 'saas' ? 'template' : 'manual' }
}

function LicenseRules({ form, put }: Pick<PartProps, 'form' | 'put'>) {
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

type Faults = Partial<Record<keyof Form, string>>

function useFaults(form: Form, product: Product | undefined): Faults {
  const t = useTranslations('products')
  const faults: Faults = {}
  if (!form.name.trim()) faults.name = t('fault.needed')
  if (form.type === 'template') {
    for (const [member, isUrl] of [
      ['frontEndUrl', true],
      ['adminUrl', true],
      ['userName', false],
      ['memo', false],
    ] as const) {
      const found = templateFault(form[member], isUrl)
      if (found)
        faults[member] = found.kind === 'url' ? t('fault.url') : t('fault.placeholder', { name: `{${found.name}}` })
    }
    if (!form.frontEndUrl.trim()) faults.frontEndUrl = t('fault.needed')
    const kept = product?.delivery.type === 'template' && product.delivery.passwordSet
    if (form.passwordMode === 'fixed' && !form.password && !kept) faults.password = t('fault.needed')
  }
  if (form.type === 'webhook') {
    if (!/^https?:\/\/\S+$/i.test(form.url.trim())) faults.url = form.url.trim() ? t('fault.url') : t('fault.needed')
    const kept = product?.delivery.type === 'webhook' && product.delivery.secretSet
    if (!form.secret.trim() && !kept) faults.secret = t('fault.secret')
    const seconds = Number(form.timeoutSeconds)
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > 15) faults.timeoutSeconds = t('fault.timeout')
  }
  return faults
}

type PartProps = {
  form: Form
  put: <K extends keyof Form>(member: K, value: Form[K]) => void
  fault: (member: keyof Form, path: string) => string | undefined
}

function Template({ form, put, fault, passwordSet }: PartProps & { passwordSet: boolean | undefined }) {
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

function WebhookFields({ form, put, fault, secretSet }: PartProps & { secretSet: boolean | undefined }) {
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
