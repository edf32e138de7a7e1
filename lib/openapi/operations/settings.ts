import { z } from 'zod'
import { auditEntrySchema, auditQuerySchema } from '@/lib/audit/queries'
import { credentialChangeSchema, credentialViewSchema, newCredentialSchema } from '@/lib/credentials'
import { pageOf } from '@/lib/http/paging'
import { newProductSchema, productViewSchema } from '@/lib/products'
import { apiTokenSchema, newTokenSchema, newUserSchema, userChangeSchema, userSchema } from '@/lib/users'
import { defineOperation } from '../operation'
import { byId } from './shared'

const listOf = <T extends z.ZodType>(item: T) => pageOf(item).extend({ nextCursor: z.null() })

const product = productViewSchema.meta({ id: 'Product' })

export const listProducts = defineOperation({
  method: 'GET',
  path: '/products',
  tag: 'Products',
  summary: 'Every product, by name',
  role: 'viewer',
  answer: listOf(product),
})

export const createProduct = defineOperation({
  method: 'POST',
  path: '/products',
  tag: 'Products',
  summary: 'Adds a product',
  role: 'admin',
  body: newProductSchema,
  answer: product,
  status: 201,
  failures: [409],
})

export const updateProduct = defineOperation({
  method: 'PUT',
  path: '/products/{id}',
  tag: 'Products',
  summary: 'Replaces a product; secrets left out stay',
  role: 'admin',
  params: byId,
  body: newProductSchema,
  answer: product,
  failures: [404, 409],
})

export const deleteProduct = defineOperation({
  method: 'DELETE',
  path: '/products/{id}',
  tag: 'Products',
  summary: 'Deletes a product with its pool; its instances stay',
  role: 'admin',
  params: byId,
  answer: z.object({ id: z.guid(), name: z.string(), wasDefault: z.boolean() }),
  failures: [404],
})

export const getPool = defineOperation({
  method: 'GET',
  path: '/products/{id}/pool',
  tag: 'Products',
  summary: 'How many prepared accounts are left and taken',
  role: 'viewer',
  params: byId,
  answer: z.object({ left: z.int(), taken: z.int() }),
  failures: [404],
})

export const importPool = defineOperation({
  method: 'POST',
  path: '/products/{id}/pool',
  tag: 'Products',
  summary: 'Adds prepared accounts from a CSV file',
  description:
    'Columns frontEndUrl, adminUrl, userName, password, memo. With `dryRun=1` nothing is added. An account that is there already is not added again.',
  role: 'operator',
  params: byId,
  query: z.strictObject({ dryRun: z.enum(['0', '1']).optional() }),
  textBody: { type: 'text/csv', limit: 5 * 1024 * 1024 },
  answer: z
    .object({
      rows: z.int(),
      added: z.int(),
      duplicates: z.int(),
      errors: z.array(z.object({ row: z.int(), message: z.string() })),
      left: z.int(),
    })
    .meta({ id: 'PoolImport' }),
  failures: [404, 409, 413],
})

export const testWebhook = defineOperation({
  method: 'POST',
  path: '/products/{id}/test-webhook',
  tag: 'Products',
  summary: "Calls the product's delivery webhook with an invented purchase",
  role: 'admin',
  params: byId,
  answer: z
    .object({
      outcome: z.enum(['delivered', 'waiting', 'refused', 'failed']),
      message: z.string().nullable(),
      durationMs: z.int(),
    })
    .meta({ id: 'WebhookTest' }),
  failures: [404, 409],
})

const credential = credentialViewSchema.meta({ id: 'Credential' })
const changedCredential = credentialViewSchema.extend({
  lastOfKind: z.boolean().describe('no active credential of this kind is left'),
})

export const listCredentials = defineOperation({
  method: 'GET',
  path: '/credentials',
  tag: 'Credentials',
  summary: 'Every credential; the secrets are never told',
  role: 'admin',
  answer: listOf(credential),
})

export const createCredential = defineOperation({
  method: 'POST',
  path: '/credentials',
  tag: 'Credentials',
  summary: 'Adds a credential',
  role: 'admin',
  body: newCredentialSchema,
  answer: credential,
  status: 201,
  failures: [409],
})

export const updateCredential = defineOperation({
  method: 'PATCH',
  path: '/credentials/{id}',
  tag: 'Credentials',
  summary: 'Renames a credential, switches it off or on',
  role: 'admin',
  params: byId,
  body: credentialChangeSchema.omit({ id: true }),
  answer: changedCredential,
  failures: [404, 409],
})

export const deleteCredential = defineOperation({
  method: 'DELETE',
  path: '/credentials/{id}',
  tag: 'Credentials',
  summary: 'Deletes a credential for good',
  role: 'admin',
  params: byId,
  answer: changedCredential,
  failures: [404],
})

const user = userSchema.meta({ id: 'User' })

export const listUsers = defineOperation({
  method: 'GET',
  path: '/users',
  tag: 'Staff',
  summary: 'Everybody who may sign in',
  role: 'admin',
  answer: listOf(user),
})

export const createUser = defineOperation({
  method: 'POST',
  path: '/users',
  tag: 'Staff',
  summary: 'Adds a member of the staff',
  role: 'admin',
  body: newUserSchema,
  answer: user,
  status: 201,
  failures: [409],
})

export const updateUser = defineOperation({
  method: 'PATCH',
  path: '/users/{id}',
  tag: 'Staff',
  summary: 'Changes role, password or language, deactivates or activates',
  role: 'admin',
  params: byId,
  body: userChangeSchema.omit({ id: true }),
  answer: user,
  failures: [404, 409],
})

const apiToken = apiTokenSchema.meta({ id: 'ApiToken' })

export const listTokens = defineOperation({
  method: 'GET',
  path: '/tokens',
  tag: 'API tokens',
  summary: 'Every API token, newest first',
  role: 'admin',
  answer: listOf(apiToken),
})

export const createToken = defineOperation({
  method: 'POST',
  path: '/tokens',
  tag: 'API tokens',
  summary: 'Makes an API token; its value is told here and never again',
  role: 'admin',
  body: newTokenSchema,
  answer: apiTokenSchema.extend({ token: z.string() }),
  status: 201,
  failures: [409],
})

export const revokeToken = defineOperation({
  method: 'DELETE',
  path: '/tokens/{id}',
  tag: 'API tokens',
  summary: 'Ends an API token',
  role: 'admin',
  params: byId,
  answer: apiToken,
  failures: [404],
})

export const listAudit = defineOperation({
  method: 'GET',
  path: '/audit',
  tag: 'Audit',
  summary: 'Who did what, newest first',
  role: 'admin',
  query: auditQuerySchema,
  answer: pageOf(auditEntrySchema.meta({ id: 'AuditEntry' })),
})
