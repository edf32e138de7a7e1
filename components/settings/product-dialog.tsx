'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { api, fieldError } from '../api'
import type { Product, ProductKind } from '../types'
import { Button } from '../ui/button'
import { cn } from '../ui/cn'
import { Dialog } from '../ui/dialog'
import { FormError } from '../ui/feedback'
import { Field, Input, Select, Textarea } from '../ui/field'
import { Labelled, Switch } from '../ui/ticks'
import { useSubmit } from '../use-action'
import { useWords } from '../words'
import { LicenseRules, Template, WebhookFields } from './product-delivery'
import { deliveriesOf, deliveryOf, type Form, formOf, useFaults, withKind } from './product-form'
import { idsOf } from './template'

const kinds: ProductKind[] = ['saas', 'license-id', 'license-code', 'license-online']
export function ProductDialog({ product, onClose }: { product?: Product; onClose: () => void }) {
  const t = useTranslations('products')
  const common = useTranslations('common')
  const words = useWords()
  const [form, setForm] = useState(() => formOf(product))
  const [tried, setTried] = useState(false)
  const { submit, busy, error } = useSubmit(['/products'], onClose)
  const put = <K extends keyof Form>(member: K, value: Form[K]) => setForm({ ...form, [member]: value })
  const faults = useFaults(form, product)
  const fault = (member: keyof Form, path: string) => (tried ? faults[member] : undefined) ?? fieldError(error, path)

  const save = async () => {
    setTried(true)
    if (Object.keys(faults).length > 0) return
    const json = {
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
    await submit(
      () =>
        product ? api(`/products/${product.id}`, { method: 'PUT', json }) : api('/products', { method: 'POST', json }),
      product ? t('saved', { name: json.name }) : t('added', { name: json.name }),
    )
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
