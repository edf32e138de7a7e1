import { z } from 'zod'
import { newCredentialSchema } from '@/lib/credentials'
import { newProductSchema } from '@/lib/products'
import { emailSchema, passwordSchema, roleSchema, tokenNameSchema, tokenSchema } from '@/lib/users'

/** Members are refused where another of the list has the same value there. */
function distinct<T extends z.ZodType>(list: z.ZodArray<T>, key: string) {
  return list
    .max(1000)
    .superRefine((items, ctx) => {
      const seen = new Map<unknown, number>()
      for (const [index, item] of items.entries()) {
        const value = (item as Record<string, unknown>)[key]
        const first = seen.get(value)
        if (first === undefined) seen.set(value, index)
        else ctx.addIssue({ code: 'custom', path: [index, key], message: `is the same as of entry ${first}` })
      }
    })
    .default([])
}

/** The set-up file. What it does not name stays as it is. */
export const setupSchema = z.strictObject({
  credentials: distinct(z.array(newCredentialSchema), 'name'),
  products: distinct(z.array(newProductSchema.omit({ isDefault: true })), 'name'),
  /** name of a product of this file or of the desk; null: none */
  defaultProduct: z.string().trim().min(1).nullable().optional(),
  users: distinct(z.array(z.strictObject({ email: emailSchema, password: passwordSchema, role: roleSchema })), 'email'),
  apiTokens: distinct(z.array(z.strictObject({ name: tokenNameSchema, token: tokenSchema, role: roleSchema })), 'name'),
})
export type SetupDocument = z.output<typeof setupSchema>
