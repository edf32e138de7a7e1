import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import { enqueue, wakeJobs } from '@/lib/jobs'
import { isResultCode, ResultCode } from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { isOpen, issue, upload } from './issue'
import { applyFacts, type License, type LicenseContent, lockLicense } from './store'
import { TEXT_LIMIT } from './webhook'

/** Largest licence file; the marketplace names no limit. */
export const FILE_LIMIT = 1024 * 1024

export const issueSchema = z.strictObject({
  license: z
    .string()
    .max(TEXT_LIMIT, `must have at most ${TEXT_LIMIT} characters`)
    .refine((text) => text.trim() !== '', 'is empty')
    .describe('the licence text'),
})

const byId = { id: z.guid() }

/**
 * Issues a licence by hand or by the seller's software. The first one stays: the marketplace's later retries get it.
 * Errors: not-found; conflict when it was issued, released, or is an activation code. Operators and above; audited.
 */
export async function issueLicense({
  ctx,
  input,
}: {
  ctx: Context
  input: { id: string; license: string } | { id: string; file: { name: string; content: Uint8Array } }
}): Promise<void> {
  requireRole(ctx, 'operator')
  const content = 'file' in input ? contentOfFile(input.file) : contentOfText(input)
  await change(input.id, async (tx, license) => {
    if (license.kind === 'license-code')
      throw new DeskError('conflict', 'An activation code is made by the marketplace; there is nothing to issue.')
    if (license.kind === 'license-id' && content.type === 'file')
      throw new DeskError('conflict', 'This licence is answered as a text; a file that is not text cannot be issued.')
    const at = new Date()
    const origin = { callId: null, actor: ctx.actor.name }
    const { isFirst } = await issue(tx, license, content, { via: ctx.actor.via, at, origin })
    if (!isFirst) throw new DeskError('conflict', whyClosed(license))
    await recordAudit(tx, ctx, {
      action: 'license.issue',
      subject: 'license',
      target: license.id,
      data: { as: content.type, orderId: license.orderId },
    })
  })
  wakeJobs('upload-license')
}

function whyClosed({ state, issuedAt, releasedAt }: License): string {
  if (state === 'released') return `This licence was released on ${releasedAt?.toISOString()}.`
  return `This licence was issued on ${issuedAt?.toISOString()}; the first one issued stays.`
}

function contentOfText(input: { id: string; license: string }): LicenseContent {
  const { license } = parseInput(issueSchema.extend(byId), input)
  return { type: 'text', text: license }
}

// A licence kept in a text file is a text: licence 1.0 and short online ones are answered as such.
function contentOfFile({ name, content }: { name: string; content: Uint8Array }): LicenseContent {
  if (content.length === 0) throw new DeskError('invalid', 'file: is empty', { field: 'file' })
  if (content.length > FILE_LIMIT)
    throw new DeskError('too-large', `file: has more than ${FILE_LIMIT} bytes`, { field: 'file' })
  const fileName = name.replace(/[^\p{L}\p{N}._ -]/gu, '_').slice(0, 200) || 'license'
  return { type: 'file', fileName, base64: Buffer.from(content).toString('base64') }
}

export const denySchema = z.strictObject({
  code: z
    .string()
    .refine((code) => isResultCode(code) && !notForDenial.has(code), 'must be a code of the marketplace that refuses')
    .default(ResultCode.internalError)
    .describe('what the marketplace is answered when it asks again'),
  note: z.string().trim().max(255).optional(),
})
const notForDenial = new Set<string>([ResultCode.success, ResultCode.processing, ResultCode.authenticationFailed])

/** Denies a licence that is not issued yet: the marketplace's next call is answered the code. Operators and above; audited. */
export async function denyLicense({ ctx, input }: { ctx: Context; input: unknown }): Promise<void> {
  requireRole(ctx, 'operator')
  const { id, code, note = null } = parseInput(denySchema.extend(byId), input)
  await change(id, async (tx, license) => {
    if (license.state !== 'waiting')
      throw new DeskError('conflict', `Only a waiting licence can be denied; this one is ${license.state}.`)
    const at = new Date()
    const fact = { type: 'denied', key: String(at.getTime()), occurredAt: at, data: { code, message: note } } as const
    await applyFacts(tx, license, [fact], { callId: null, actor: ctx.actor.name })
    const data = { code, ...(note ? { note } : {}) }
    await recordAudit(tx, ctx, { action: 'license.deny', subject: 'license', target: id, data })
  })
}

/** Asks the pool or the webhook again, or uploads again, in the background. Operators and above; audited. */
export async function retryLicense({ ctx, input }: { ctx: Context; input: unknown }): Promise<void> {
  requireRole(ctx, 'operator')
  const { id } = parseInput(z.strictObject(byId), input)
  await change(id, async (tx, license) => {
    const online = license.kind === 'license-online' && license.issuedAt && license.state !== 'released'
    if (online) await upload(tx, id)
    else if (isOpen(license) && license.kind !== 'license-code' && license.state !== 'denied')
      await enqueue(tx, 'issue-license', { licenseId: id }, { key: id })
    else throw new DeskError('conflict', `There is nothing to try again: this licence is ${license.state}.`)
    await recordAudit(tx, ctx, { action: 'license.retry', subject: 'license', target: id })
  })
  wakeJobs('upload-license')
  wakeJobs('issue-license')
}

/** The licence itself and what it is bound to. Administrators only; audited. */
export async function revealLicense({ ctx, input }: { ctx: Context; input: unknown }) {
  requireRole(ctx, 'admin')
  const { id } = parseInput(z.strictObject(byId), input)
  return change(id, async (tx, { content, asked }) => {
    await recordAudit(tx, ctx, { action: 'license.reveal', subject: 'license', target: id })
    return {
      license: content?.type === 'text' ? content.text : null,
      file: content?.type === 'file' ? { name: content.fileName, base64: content.base64 } : null,
      identificationCode: asked.identificationCode ?? null,
      deviceFingerprint: asked.deviceFingerprint ?? null,
    }
  })
}

type Tx = Parameters<typeof recordAudit>[0]

function change<T>(id: string, act: (tx: Tx, license: License) => Promise<T>): Promise<T> {
  return prisma().$transaction(async (tx) => {
    const license = await lockLicense(tx, id)
    if (!license) throw new DeskError('not-found', `There is no licence ${id}.`)
    return act(tx, license)
  })
}
