import { z } from 'zod'
import { setupLinkUseSchema, userSchema } from '@/lib/users'
import { roles } from '@/lib/users/context'
import { defineOperation } from '../operation'

export const getDesk = defineOperation({
  method: 'GET',
  path: '/desk',
  tag: 'Desk',
  summary: 'Which desk this is, who asks, and what is open',
  role: 'viewer',
  answer: z
    .object({
      environment: z.enum(['production', 'sandbox']),
      marketplaceHost: z.string(),
      mailConfigured: z.boolean(),
      counts: z.object({
        openMessages: z.int().describe('real ones only; 10001 means more than 10,000'),
        waitingDeliveries: z.int().describe('real ones only; 10001 means more than 10,000'),
        waitingLicenses: z.int().describe('real ones only; 10001 means more than 10,000'),
      }),
      user: z
        .object({ email: z.string(), role: z.enum(roles), locale: z.string().nullable() })
        .nullable()
        .describe('null for an API token'),
      version: z.string(),
    })
    .meta({ id: 'Desk' }),
})

export const setUp = defineOperation({
  method: 'POST',
  path: '/set-up',
  tag: 'Desk',
  summary: 'Makes the first administrator by the one-time link printed at the first start',
  role: 'public',
  body: setupLinkUseSchema,
  answer: userSchema,
  status: 201,
  failures: [404, 409],
})

export const getOpenApi = defineOperation({
  method: 'GET',
  path: '/openapi.json',
  tag: 'Desk',
  summary: 'This description',
  role: 'public',
  answer: z.looseObject({ openapi: z.string() }),
})

export const getDocs = defineOperation({
  method: 'GET',
  path: '/docs',
  tag: 'Desk',
  summary: 'This description as a page',
  role: 'public',
  answerType: 'text/html',
})
