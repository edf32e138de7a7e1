import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { catalog } from '@/lib/catalog'
import { Prisma, prisma } from '@/lib/db/client'
import { isId } from '@/lib/db/ids'
import { DeskError } from '@/lib/errors'
import { parseInput } from '@/lib/input'
import {
  buildActivation,
  buildLicenseQuery,
  buildLicenseUsage,
  LICENSE_BATCH,
  type LicenseApiError,
  type LicenseInfo,
} from '@/lib/marketplace'
import { type Context, requireRole } from '@/lib/users/context'
import { askLicenseApi } from './client'
import { only, productFor } from './issue'
import { startOfNextDay } from './state'
import { adoptProduct, applyFacts, hintOf, type License, openLicense, readWhere, requestKeys } from './store'
import type { LicenseFact } from './types'

const ASK_MS = 15_000

export const codeSchema = z
  .string()
  .trim()
  .regex(/^[^\s\p{C}]{1,64}$/u, 'must be 1 to 64 characters without blanks')
const codesSchema = z
  .array(codeSchema)
  .min(1)
  .max(LICENSE_BATCH)
  .refine((codes) => new Set(codes).size === codes.length, 'must not name the same code twice')

/** UTC; not before the buyer's order. */
const effectSchema = z.iso.datetime().optional().describe('when the service really began, ISO 8601 UTC')

export const activationSchema = z.strictObject({ licenses: codesSchema, realEffectTime: effectSchema })
export const codesInputSchema = z.strictObject({ licenses: codesSchema })
export const oneActivationSchema = z.strictObject({ realEffectTime: effectSchema })

export type CodeResult = {
  id: string | null
  license: string
  ok: boolean
  code: string | null
  message: string | null
}

/**
 * Activates codes: several at once, and one by one where the marketplace refuses the whole. A code it calls activated
 * already is queried instead, because an answer may have been lost. Operators and above; audited.
 */
export async function activateLicenses({ ctx, input }: { ctx: Context; input: unknown }): Promise<CodeResult[]> {
  requireRole(ctx, 'operator')
  const { licenses, realEffectTime } = parseInput(activationSchema, input)
  const effect = realEffectTime ? new Date(realEffectTime) : undefined
  const codes = await Promise.all(licenses.map(codeOf))
  if (codes.length > 1) {
    const all = await askLicenseApi((to) => buildActivation(to, codes, effect), { timeoutMs: ASK_MS })
    if (all.ok) {
      const results: CodeResult[] = []
      for (const code of codes) results.push(await noteActivation(ctx, code, undefined, effect))
      return results
    }
    if (all.error.kind === 'later') throw toldError(all.error)
  }
  const results: CodeResult[] = []
  for (const code of codes) results.push(await activateOne(ctx, code, effect))
  return results
}

async function activateOne(ctx: Context, code: string, effect: Date | undefined): Promise<CodeResult> {
  const answer = await askLicenseApi((to) => buildActivation(to, [code], effect), { timeoutMs: ASK_MS })
  if (answer.ok) return noteActivation(ctx, code, answer.value.infos[0], effect)
  if (answer.error.code !== '92020003') return noteFailure(ctx, code, answer.error)
  const asked = await askLicenseApi((to) => buildLicenseQuery(to, [code]), { timeoutMs: ASK_MS })
  const info = asked.ok ? asked.value.infos[0] : undefined
  if (!info) return noteFailure(ctx, code, answer.error)
  return noteFact(ctx, code, { type: 'queried', data: dataOf(info) }, 'license.activate')
}

function noteActivation(ctx: Context, code: string, info: LicenseInfo | undefined, effect: Date | undefined) {
  const data = { ...(info ? dataOf(info) : {}), ...(effect ? { activatedAt: effect.toISOString() } : {}) }
  return noteFact(ctx, code, { type: 'activated', data }, 'license.activate')
}

/** One code by itself or by our id. Errors: not-found; conflict and unavailable with the marketplace's word. */
export async function activateLicense({ ctx, input }: { ctx: Context; input: unknown }): Promise<string> {
  const schema = oneActivationSchema.extend({ code: codeSchema })
  const { code, realEffectTime } = parseInput(schema, input)
  const [result] = await activateLicenses({ ctx, input: { licenses: [code], realEffectTime } })
  return idOf(result)
}

/**
 * What the marketplace says of a code. The first use of a day (in China) asks it; later ones that day get what it said,
 * unless `fresh`. Operators and above; audited where it asks.
 */
export async function queryLicense({ ctx, input }: { ctx: Context; input: unknown }): Promise<string> {
  requireRole(ctx, 'operator')
  const { code: named, fresh } = parseInput(z.strictObject({ code: codeSchema, fresh: z.boolean().optional() }), input)
  const known = await findCode(named)
  if (known && !fresh && askedToday(known)) return known.id
  const [result] = await queryLicenses({ ctx, input: { licenses: [await codeOf(named)] } })
  return idOf(result)
}

/** The same for up to 100, always asking. */
export async function queryLicenses({ ctx, input }: { ctx: Context; input: unknown }): Promise<CodeResult[]> {
  requireRole(ctx, 'operator')
  const { licenses } = parseInput(codesInputSchema, input)
  return queryCodes(ctx, await Promise.all(licenses.map(codeOf)))
}

async function queryCodes(ctx: Context, codes: string[]): Promise<CodeResult[]> {
  const told = new Map<string, LicenseInfo>()
  if (codes.length > 1) {
    const all = await askLicenseApi((to) => buildLicenseQuery(to, codes), { timeoutMs: ASK_MS })
    if (all.ok) for (const info of all.value.infos) if (info.license) told.set(info.license, info)
    if (!all.ok && all.error.kind === 'later') throw toldError(all.error)
  }
  const results: CodeResult[] = []
  for (const code of codes) {
    const info = told.get(code)
    // What the answer for several leaves out is asked for alone: its form is not documented.
    results.push(info ? await noteQuery(ctx, code, info) : await queryOne(ctx, code))
  }
  return results
}

async function queryOne(ctx: Context, code: string): Promise<CodeResult> {
  const answer = await askLicenseApi((to) => buildLicenseQuery(to, [code]), { timeoutMs: ASK_MS })
  if (!answer.ok) return noteFailure(ctx, code, answer.error)
  const [info] = answer.value.infos
  if (info) return noteQuery(ctx, code, info)
  const message = 'the answer says nothing of this code'
  return { id: null, license: hintOf(code), ok: false, code: null, message }
}

function noteQuery(ctx: Context, code: string, info: LicenseInfo): Promise<CodeResult> {
  return noteFact(ctx, code, { type: 'queried', data: dataOf(info) }, 'license.query')
}

function dataOf(info: LicenseInfo): LicenseFact['data'] {
  const { status, productId, skuCode, orderId, amount } = info
  return {
    ...{ status, productId, skuCode, orderId, amount },
    activatedAt: info.activateTime?.toISOString() ?? null,
    expiresAt: info.expireTime?.toISOString() ?? null,
  }
}

// What was refused tells something of the code too: not collected, not activated. Told again it is no news.
async function noteFailure(ctx: Context, code: string, error: LicenseApiError): Promise<CodeResult> {
  if (error.kind === 'later') throw toldError(error)
  const known = await findCode(code)
  const told = { id: known?.id ?? null, license: hintOf(code), ok: false, code: error.code, message: error.message }
  if (error.kind === 'auth' || known?.errorCode === error.code || (error.kind === 'unknown' && !known)) return told
  const data = { code: error.code, message: error.message }
  const noted = await noteFact(ctx, code, { type: 'queried', data }, 'license.query')
  return { ...told, id: noted.id }
}

async function noteFact(
  ctx: Context,
  code: string,
  { type, data }: Pick<LicenseFact, 'type' | 'data'>,
  action: string,
): Promise<CodeResult> {
  const at = new Date()
  const config = await catalog()
  const origin = { callId: null, actor: ctx.actor.name }
  return prisma().$transaction(async (tx) => {
    const { license } = await openLicense(
      tx,
      {
        requestKey: requestKeys.code(code, false),
        kind: 'license-code',
        test: false,
        productRef: null,
        content: { type: 'text', text: code },
        at,
        first: { type: 'known', occurredAt: at, data: { via: 'api', hint: hintOf(code) } },
      },
      origin,
    )
    const key = type === 'activated' ? '' : String(at.getTime())
    const { license: changed } = await applyFacts(tx, license, [{ type, key, occurredAt: at, data }], origin)
    await adoptProduct(tx, changed, productFor(config, 'license-code', changed)?.id ?? null)
    await recordAudit(tx, ctx, { action, subject: 'license', target: license.id, data: { state: changed.state } })
    return { id: license.id, license: hintOf(code), ok: true, code: null, message: null }
  })
}

function idOf(result: CodeResult | undefined): string {
  if (result?.ok && result.id) return result.id
  const details = { marketplaceCode: result?.code ?? null, marketplaceMessage: result?.message ?? null }
  if (result?.code === '92020005') throw new DeskError('not-found', 'The marketplace knows no such code.', { details })
  const said = [result?.code, result?.message].filter(Boolean).join(' ')
  throw new DeskError('conflict', `The marketplace answered: ${said || 'nothing'}.`, { details })
}

function toldError({ code, message }: LicenseApiError): DeskError {
  const details = { marketplaceCode: code, marketplaceMessage: message }
  return new DeskError('unavailable', `The marketplace could not be asked: ${message}`, { details })
}

/** The code somebody names by itself or by the id of its licence here. */
async function codeOf(named: string): Promise<string> {
  if (!isId(named)) return named
  const [license] = await readWhere(prisma(), only(named))
  if (!license) return named
  if (license.kind !== 'license-code' || license.content?.type !== 'text')
    throw new DeskError('conflict', 'This licence is not an activation code; only those are activated and queried.')
  return license.content.text
}

async function findCode(named: string): Promise<License | null> {
  const by = isId(named) ? only(named) : Prisma.sql`request_key = ${requestKeys.code(named, false)}`
  return (await readWhere(prisma(), by))[0] ?? null
}

function askedToday({ queriedAt }: License): boolean {
  return queriedAt !== null && Date.now() < startOfNextDay(queriedAt)
}

export const usageSchema = z.strictObject({
  usage: z
    .array(
      z.union([
        z.strictObject({ license: codeSchema, id: z.string().trim().min(1).max(256) }),
        z.strictObject({ license: codeSchema, activeNumber: z.int().min(0).max(999_999_999) }),
      ]),
    )
    .min(1)
    .max(LICENSE_BATCH * 100),
})

/** Reports who used the software today, of up to 100 codes with up to 100 entries each. Operators and above. */
export async function reportUsage({
  ctx,
  input,
}: {
  ctx: Context
  input: unknown
}): Promise<{ accepted: number; failed: unknown[] }> {
  requireRole(ctx, 'operator')
  const { usage } = parseInput(usageSchema, input)
  const counts = new Map<string, number>()
  const named = await Promise.all(usage.map(async (entry) => ({ ...entry, license: await codeOf(entry.license) })))
  for (const { license } of named) counts.set(license, (counts.get(license) ?? 0) + 1)
  if (counts.size > LICENSE_BATCH || Math.max(...counts.values()) > 100)
    throw new DeskError('invalid', 'usage: at most 100 licences, each with at most 100 entries', { field: 'usage' })
  const answer = await askLicenseApi((to) => buildLicenseUsage(to, named), { timeoutMs: ASK_MS })
  if (!answer.ok) {
    const { kind, code, message } = answer.error
    const details = { marketplaceCode: code, marketplaceMessage: message }
    if (kind === 'later') throw toldError(answer.error)
    throw new DeskError('conflict', `The marketplace answered: ${code ?? ''} ${message}.`, { details })
  }
  await noteUsage(ctx, named, counts)
  return { accepted: usage.length - answer.value.failed.length, failed: answer.value.failed }
}

async function noteUsage(ctx: Context, usage: z.output<typeof usageSchema>['usage'], counts: Map<string, number>) {
  const at = new Date()
  await prisma().$transaction(async (tx) => {
    for (const [code, entries] of counts) {
      const [license] = await readWhere(tx, Prisma.sql`request_key = ${requestKeys.code(code, false)}`)
      const numbers = usage.flatMap((one) => (one.license === code && 'activeNumber' in one ? [one.activeNumber] : []))
      const fact: LicenseFact = {
        type: 'usage-reported',
        key: String(at.getTime()),
        occurredAt: at,
        data: { count: numbers.length > 0 ? Math.max(...numbers) : entries },
      }
      if (license) await applyFacts(tx, license, [fact], { callId: null, actor: ctx.actor.name })
    }
  })
}

const SWEEP = 'license-sweep'
export const sweepSchema = z.strictObject({
  sweep: z.boolean().describe('query active codes nobody asked about today'),
})

/** Whether the desk queries active codes by itself once a day. */
export async function getLicenseSettings({ ctx }: { ctx: Context }): Promise<z.output<typeof sweepSchema>> {
  requireRole(ctx, 'viewer')
  return { sweep: await sweeps() }
}

/** Administrators only; audited. */
export async function setLicenseSettings({ ctx, input }: { ctx: Context; input: unknown }) {
  requireRole(ctx, 'admin')
  const { sweep } = parseInput(sweepSchema, input)
  await prisma().$transaction(async (tx) => {
    await tx.setting.upsert({ where: { key: SWEEP }, create: { key: SWEEP, value: sweep }, update: { value: sweep } })
    await recordAudit(tx, ctx, { action: 'license.sweep', subject: 'license', data: { sweep } })
  })
  return { sweep }
}

async function sweeps(): Promise<boolean> {
  return (await prisma().setting.findUnique({ where: { key: SWEEP } }))?.value === true
}

const machine: Context = { actor: { name: 'system', via: 'system', role: 'operator' } }

/** Queries the active codes that were not asked about today (in China), in batches. */
export async function sweepLicenses(signal: AbortSignal): Promise<void> {
  if (!(await sweeps())) return
  const today = new Date(startOfNextDay(new Date()) - 86_400_000)
  let after = '00000000-0000-0000-0000-000000000000'
  while (!signal.aborted) {
    const due = await readWhere(
      prisma(),
      Prisma.sql`id IN (
        SELECT id FROM licenses
        WHERE kind = 'license-code' AND NOT test AND state IN ('active', 'expired') AND id > ${after}::uuid
          AND (queried_at IS NULL OR queried_at < ${today}::timestamptz)
        ORDER BY id LIMIT ${LICENSE_BATCH})`,
    )
    const last = due.at(-1)
    if (!last) return
    after = last.id
    const codes = due.flatMap(({ content }) => (content?.type === 'text' ? [content.text] : []))
    // What fails stays due for the next run.
    await queryCodes(machine, codes)
  }
}
