import { z } from 'zod'
import { checkSecret } from './secret'

export const credentialKinds = ['base', 'kit', 'license', 'kit-private-key', 'ak-sk'] as const
export type CredentialKind = (typeof credentialKinds)[number]

/** A credential as the desk uses it: the secret is open, in memory only. */
export type Credential = {
  id: string
  name: string
  kind: CredentialKind
  accessKeyId: string | null
  secret: string
  active: boolean
}

export const credentialNameSchema = z.string().trim().min(1).max(80)

const fields = z.strictObject({
  name: credentialNameSchema,
  kind: z.enum(credentialKinds),
  /** goes with ak-sk only */
  accessKeyId: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 characters without blanks')
    .nullish(),
  secret: z.string().min(1).max(16_384),
})

/** A credential as somebody enters it. `hint` and the normalised secret come out. */
export const newCredentialSchema = fields.transform((given, ctx) => {
  const accessKeyId = given.accessKeyId ?? null
  const checked = checkSecret(given.kind, given.secret)
  if (!checked.ok) ctx.addIssue({ code: 'custom', path: ['secret'], message: checked.message })
  if (given.kind === 'ak-sk' && !accessKeyId) {
    ctx.addIssue({
      code: 'custom',
      path: ['accessKeyId'],
      message: 'is missing: an ak-sk credential needs its access key id',
    })
  }
  if (given.kind !== 'ak-sk' && accessKeyId) {
    ctx.addIssue({ code: 'custom', path: ['accessKeyId'], message: 'belongs to ak-sk credentials only' })
  }
  const { secret, hint } = checked.ok ? checked : { secret: '', hint: '' }
  return { name: given.name, kind: given.kind, accessKeyId, secret, hint }
})
export type NewCredential = z.output<typeof newCredentialSchema>

export const credentialChangeSchema = z.strictObject({
  id: z.uuid(),
  name: credentialNameSchema.optional(),
  active: z.boolean().optional(),
})

export const credentialViewSchema = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(credentialKinds),
  accessKeyId: z.string().nullable(),
  hint: z.string(),
  active: z.boolean(),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type CredentialView = z.infer<typeof credentialViewSchema>
