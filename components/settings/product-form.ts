import { Boxes, Hand, type LucideIcon, ScrollText, Webhook } from 'lucide-react'
import { useTranslations } from 'use-intl'
import type { DeliveryType, Product, ProductKind } from '../types'
import { templateFault } from './template'

const deliveries: { type: DeliveryType; icon: LucideIcon }[] = [
  { type: 'template', icon: ScrollText },
  { type: 'pool', icon: Boxes },
  { type: 'webhook', icon: Webhook },
  { type: 'manual', icon: Hand },
]

export type PasswordMode = 'generate' | 'fixed' | 'none'
export type Form = {
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

export function formOf(product: Product | undefined): Form {
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

export function deliveryOf(form: Form) {
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

/** A licence is not made from a template, and codes come from the marketplace. */
export function deliveriesOf(kind: ProductKind) {
  if (kind === 'saas') return deliveries
  return deliveries.filter(({ type }) => type !== 'template' && !(kind === 'license-code' && type === 'pool'))
}

export function withKind(form: Form, kind: ProductKind): Form {
  const fits = deliveriesOf(kind).some(({ type }) => type === form.type)
  return { ...form, kind, type: fits ? form.type : kind === 'saas' ? 'template' : 'manual' }
}

type Faults = Partial<Record<keyof Form, string>>

export function useFaults(form: Form, product: Product | undefined): Faults {
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
