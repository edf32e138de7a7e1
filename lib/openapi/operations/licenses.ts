import { z } from 'zod'
import { countedPageOf } from '@/lib/http/paging'
import { denySchema, FILE_LIMIT, issueSchema } from '@/lib/licenses/actions'
import {
  activationSchema,
  codeSchema,
  codesInputSchema,
  oneActivationSchema,
  sweepSchema,
  usageSchema,
} from '@/lib/licenses/code-actions'
import { addLicensesSchema, importResult } from '@/lib/licenses/import'
import { licenseDetail, licenseItem, licenseQuery } from '@/lib/licenses/queries'
import { defineOperation } from '../operation'
import { byId } from './shared'

const tag = 'Licences'
const byCode = z.object({ id: codeSchema.describe('the activation code, or the id of its licence here') })
const marketplaceSays = 'What the marketplace answered stands in `details.marketplaceCode` of a problem.'
const codeResults = z.object({
  results: z.array(
    z.object({
      id: z.guid().nullable(),
      license: z.string().describe('masked'),
      ok: z.boolean(),
      code: z.string().nullable().describe('of the marketplace, where it refused'),
      message: z.string().nullable(),
    }),
  ),
})

export const listLicenses = defineOperation({
  method: 'GET',
  path: '/licenses',
  tag,
  summary: 'Licences of every kind, newest first',
  role: 'viewer',
  query: licenseQuery,
  answer: countedPageOf(licenseItem),
})

export const addLicenses = defineOperation({
  method: 'POST',
  path: '/licenses',
  tag,
  summary: 'Makes licences known: activation codes, or texts sold before',
  role: 'operator',
  body: addLicensesSchema,
  answer: importResult,
})

export const importLicenses = defineOperation({
  method: 'POST',
  path: '/licenses/import',
  tag,
  summary: 'The same from a CSV or XLSX file',
  role: 'operator',
  query: z.strictObject({ dryRun: z.enum(['0', '1']).optional() }),
  fileBody: { limit: 5 * 1024 * 1024 },
  answer: importResult,
  failures: [413],
})

export const getLicense = defineOperation({
  method: 'GET',
  path: '/licenses/{id}',
  tag,
  summary: 'A licence with its timeline',
  role: 'viewer',
  params: z.object({ id: z.string().min(1).max(64).describe('its id, or the one the marketplace knows it by') }),
  answer: licenseDetail,
  failures: [404],
})

export const activateLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/activate',
  tag,
  summary: 'Activates an activation code at the marketplace',
  description: marketplaceSays,
  role: 'operator',
  params: byCode,
  body: oneActivationSchema,
  answer: licenseDetail,
  failures: [404, 409, 503],
})

export const queryLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/query',
  tag,
  summary: 'What the marketplace says of an activation code',
  description: `Call it at the first use of each day: the marketplace is asked once a day (in China), unless \`fresh=1\`. ${marketplaceSays}`,
  role: 'operator',
  params: byCode,
  query: z.strictObject({ fresh: z.enum(['0', '1']).optional() }),
  answer: licenseDetail,
  failures: [404, 409, 503],
})

export const activateLicenses = defineOperation({
  method: 'POST',
  path: '/license-activations',
  tag,
  summary: 'Activates up to 100 codes',
  role: 'operator',
  body: activationSchema,
  answer: codeResults,
  failures: [503],
})

export const queryLicenses = defineOperation({
  method: 'POST',
  path: '/license-queries',
  tag,
  summary: 'Queries up to 100 codes',
  role: 'operator',
  body: codesInputSchema,
  answer: codeResults,
  failures: [503],
})

export const reportLicenseUsage = defineOperation({
  method: 'POST',
  path: '/license-usage',
  tag,
  summary: 'Reports who used the software today',
  description: `Each entry has either the login id of a client or the number of active ones. ${marketplaceSays}`,
  role: 'operator',
  body: usageSchema,
  answer: z.object({ accepted: z.int(), failed: z.array(z.unknown()).describe('as the marketplace names them') }),
  failures: [409, 503],
})

export const issueLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/issue',
  tag,
  summary: 'Issues a waiting licence, as a text or a file; the first one stays',
  role: 'operator',
  params: byId,
  body: issueSchema,
  formFile: { limit: FILE_LIMIT },
  answer: licenseDetail,
  failures: [404, 409, 413],
})

export const denyLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/deny',
  tag,
  summary: 'Denies a waiting licence: the marketplace is answered a code when it asks again',
  role: 'operator',
  params: byId,
  body: denySchema,
  answer: licenseDetail,
  failures: [404, 409],
})

export const retryLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/retry',
  tag,
  summary: 'Asks for a waiting licence again, or uploads an issued one again, in the background',
  role: 'operator',
  params: byId,
  answer: licenseDetail,
  failures: [404, 409],
})

export const revealLicense = defineOperation({
  method: 'POST',
  path: '/licenses/{id}/reveal',
  tag,
  summary: 'The licence itself and what it is bound to; leaves an audit entry',
  role: 'admin',
  params: byId,
  answer: z.object({
    license: z.string().nullable(),
    file: z.object({ name: z.string(), base64: z.string() }).nullable(),
    identificationCode: z.string().nullable(),
    deviceFingerprint: z.string().nullable(),
  }),
  failures: [404],
})

export const getLicenseSettings = defineOperation({
  method: 'GET',
  path: '/license-settings',
  tag,
  summary: 'Whether active codes are queried once a day',
  role: 'viewer',
  answer: sweepSchema,
})

export const setLicenseSettings = defineOperation({
  method: 'PUT',
  path: '/license-settings',
  tag,
  summary: 'Switches the daily query of active codes',
  role: 'admin',
  body: sweepSchema,
  answer: sweepSchema,
})
