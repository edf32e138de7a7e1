import { z } from 'zod'

export const productKinds = ['saas', 'license-id', 'license-code', 'license-online'] as const
export type ProductKind = (typeof productKinds)[number]
export type TimeZone = 'UTC' | 'Asia/Shanghai'
/** V1 field encryption: 1 is AES-256, 2 is AES-128 */
export type EncryptType = '1' | '2'

/** How an instance of the product comes to life; secrets are open, in memory only. */
export type Delivery =
  | {
      type: 'template'
      frontEndUrl: string
      adminUrl?: string
      userName?: string
      /** `generate` makes one for each instance */
      password?: string
      memo?: string
    }
  | { type: 'pool' }
  | { type: 'webhook'; url: string; secret: string; timeoutSeconds: number }
  | { type: 'manual' }

/** What the request of an online licence must keep to, else it is refused with 000900 to 000903. */
export type LicenseRules = {
  /** no more licences than the order's quantity */
  checkQuota: boolean
  /** within the dates of the order, and with an end where it is periodic */
  checkDates: boolean
  /** bound to a device */
  needsDevice: boolean
}

export type Product = {
  id: string
  name: string
  kind: ProductKind
  productIds: string[]
  skuCodes: string[]
  delivery: Delivery
  timeZone: TimeZone
  encryptType: EncryptType
  licenseRules: LicenseRules
  isDefault: boolean
}

/** What a template may say in braces; a value the desk does not know is replaced by the instance id. */
export const placeholders = [
  'instanceId',
  'orderId',
  'orderLineId',
  'productId',
  'skuCode',
  'customerId',
  'customerName',
  'userId',
  'userName',
  'businessId',
] as const

const textOrNothing = (max: number) =>
  z
    .string()
    .trim()
    .max(max, `must have at most ${max} characters`)
    .refine((text) => unknownPlaceholder(text) === null, {
      error: (issue) => `has the unknown placeholder {${unknownPlaceholder(String(issue.input))}}; ${known}`,
    })
    .nullish()
    .transform((text) => text || undefined)

const known = `known are ${placeholders.map((name) => `{${name}}`).join(', ')}`

const templateUrl = z
  .string()
  .trim()
  .max(512, 'must have at most 512 characters')
  .refine((text) => unknownPlaceholder(text) === null, {
    error: (issue) => `has the unknown placeholder {${unknownPlaceholder(String(issue.input))}}; ${known}`,
  })
  .refine((text) => isWebUrl(text.replace(/\{\w+\}/g, 'x')), 'must be an http:// or https:// URL')

function unknownPlaceholder(text: string): string | null {
  const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  return names.find((name) => !placeholders.some((known) => known === name)) ?? null
}

function isWebUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return /^https?:$/.test(protocol) && !username && !password
}

const webUrl = z
  .string()
  .trim()
  .max(512, 'must have at most 512 characters')
  .refine(isWebUrl, 'must be an http:// or https:// URL without a user name')

/**
 * The delivery as somebody enters it. A secret left out stays as it is; `passwordSet: false` takes the password of a
 * template away. The two flags are what `GET` tells instead of the secrets.
 */
export const deliveryInputSchema = z.discriminatedUnion(
  'type',
  [
    z.strictObject({
      type: z.literal('template'),
      frontEndUrl: templateUrl,
      adminUrl: z
        .union([templateUrl, z.literal('')])
        .nullish()
        .transform((text) => text || undefined),
      userName: textOrNothing(128),
      password: z.string().max(128, 'must have at most 128 characters').nullish(),
      passwordSet: z.boolean().optional(),
      memo: textOrNothing(1024),
    }),
    z.strictObject({ type: z.literal('pool') }),
    z.strictObject({
      type: z.literal('webhook'),
      url: webUrl,
      secret: z
        .string()
        .trim()
        .regex(/^[\x21-\x7e]{8,256}$/, 'must be 8 to 256 characters without blanks')
        .nullish(),
      secretSet: z.boolean().optional(),
      timeoutSeconds: z.int().min(1).max(15).default(4),
    }),
    z.strictObject({ type: z.literal('manual') }),
  ],
  { error: 'must be one of template, pool, webhook, manual' },
)
export type DeliveryInput = z.output<typeof deliveryInputSchema>

const marketplaceIds = z
  .array(
    z
      .string()
      .trim()
      .regex(/^[^\s\p{C}]{1,64}$/u, 'must be 1 to 64 characters without blanks'),
  )
  .max(200, 'must have at most 200 entries')
  .refine((ids) => new Set(ids).size === ids.length, 'must not name the same id twice')
  .default([])

const licenseRulesSchema = z.strictObject({
  checkQuota: z.boolean().default(false),
  checkDates: z.boolean().default(false),
  needsDevice: z.boolean().default(false),
})

export const productNameSchema = z.string().trim().min(1).max(80)

export const newProductSchema = z.strictObject({
  name: productNameSchema,
  kind: z.enum(productKinds),
  productIds: marketplaceIds,
  skuCodes: marketplaceIds,
  delivery: deliveryInputSchema.default({ type: 'manual' }),
  timeZone: z.enum(['UTC', 'Asia/Shanghai']).default('UTC'),
  encryptType: z.enum(['1', '2']).default('1'),
  licenseRules: licenseRulesSchema.prefault({}),
  /** left out: stays as it is */
  isDefault: z.boolean().optional(),
})
export type NewProduct = z.output<typeof newProductSchema>

export const productChangeSchema = newProductSchema.extend({ id: z.uuid() })

export const productViewSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(productKinds),
  productIds: z.array(z.string()),
  skuCodes: z.array(z.string()),
  delivery: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('template'),
      frontEndUrl: z.string(),
      adminUrl: z.string().nullable(),
      userName: z.string().nullable(),
      /** `generate`, or null: none, or one that is kept secret (then passwordSet) */
      password: z.literal('generate').nullable(),
      passwordSet: z.boolean(),
      memo: z.string().nullable(),
    }),
    z.object({ type: z.literal('pool') }),
    z.object({ type: z.literal('webhook'), url: z.string(), secretSet: z.boolean(), timeoutSeconds: z.int() }),
    z.object({ type: z.literal('manual') }),
  ]),
  timeZone: z.enum(['UTC', 'Asia/Shanghai']),
  encryptType: z.enum(['1', '2']),
  licenseRules: z.object({ checkQuota: z.boolean(), checkDates: z.boolean(), needsDevice: z.boolean() }),
  isDefault: z.boolean(),
  /** accounts or licences not handed out yet; null unless the delivery is pool */
  poolLeft: z.int().nullable(),
})
export type ProductView = z.infer<typeof productViewSchema>
