import { randomBytes } from 'node:crypto'
import { catalog } from '@/lib/catalog'
import { prisma } from '@/lib/db/client'
import type { RawTx } from '@/lib/db/direct'
import type { JobData } from '@/lib/jobs'
import { buildUpload, CHARACTERS_LIMIT, type LicenseFile, ResultCode } from '@/lib/marketplace'
import type { Product } from '@/lib/products'
import { type ApiResult, askLicenseApi } from './client'
import { isOpen, issue, issueFromPool, only, productFor, waits } from './issue'
import { applyFacts, type License, type LicenseContent, lockLicense, readWhere } from './store'
import { type Asked, announceToLicenseWebhook, askWebhook } from './webhook'

export type LicenseEnd = {
  /** `failed`: worth trying again */
  outcome: 'issued' | 'waiting' | 'refused' | 'failed'
  license: License
  code?: ResultCode
  error?: string | null
}

type Options = {
  /** Unix ms by which remote calls end */
  deadline: number
  actor?: string | null
  /** runs inside the transaction that writes what came of it */
  alongside?: (tx: RawTx, end: LicenseEnd) => Promise<void>
}

/**
 * Gets a licence that is not issued yet from its product's pool or webhook. Safe to repeat and to run twice at once: the
 * first text stays. Null: no such licence.
 */
export async function produceLicense(licenseId: string, options: Options): Promise<LicenseEnd | null> {
  const config = await catalog()
  const [known] = await readWhere(prisma(), only(licenseId))
  if (!known) return null
  const product = productFor(config, known.kind, known)
  const asked =
    isOpen(known) && known.state !== 'denied' && product ? await ask(product, known, options.deadline) : null
  return prisma().$transaction(async (tx) => {
    const license = (await lockLicense(tx, licenseId)) as License
    const end = await conclude(tx, license, product, asked, options.actor ?? null)
    await options.alongside?.(tx, end)
    return end
  })
}

async function ask(product: Product, license: License, deadline: number): Promise<Asked | null> {
  const { delivery } = product
  if (delivery.type !== 'webhook') return null
  const timeoutMs = Math.min(delivery.timeoutSeconds * 1000, deadline - Date.now() - 100)
  if (timeoutMs < 200) return { type: 'failed', error: 'no time was left to call the webhook' }
  return askWebhook(product, license, timeoutMs)
}

async function conclude(
  tx: RawTx,
  license: License,
  product: Product | null,
  asked: Asked | null,
  actor: string | null,
): Promise<LicenseEnd> {
  const at = new Date()
  const origin = { callId: null, actor }
  if (!isOpen(license)) return { outcome: 'issued', license }
  if (license.state === 'denied') return refusal(license)
  if (product?.delivery.type === 'pool') {
    const got = await issueFromPool(tx, license, product, at, origin)
    return got.issuedAt
      ? { outcome: 'issued', license: got }
      : { outcome: 'refused', license: got, code: ResultCode.noResource, error: 'no prepared licence is left' }
  }
  if (!asked) return { outcome: 'waiting', license }
  if (asked.type === 'issued') {
    const issued = await issue(tx, license, asked.content, { via: 'webhook', at, origin })
    return { outcome: 'issued', license: issued.license }
  }
  if (asked.type === 'waiting')
    return { outcome: 'waiting', license: await waits(tx, license, { reason: 'waits-for-webhook' }, at, origin) }
  if (asked.type === 'refused') {
    const { code, message } = asked
    const told = await waits(tx, license, { reason: 'webhook-refused', code, message }, at, origin)
    return { outcome: 'refused', license: told, code, error: message }
  }
  const told = await waits(tx, license, { reason: 'webhook-failed', message: asked.error }, at, origin)
  return { outcome: 'failed', license: told, error: asked.error }
}

/** What the marketplace is told of a licence that was denied. */
export function refusal(license: License): LicenseEnd {
  const code = (license.errorCode as ResultCode | null) ?? ResultCode.internalError
  return { outcome: 'refused', license, code, error: license.error }
}

/** Runs inside the transaction that notes an upload. */
type AfterUpload = (tx: RawTx, license: License) => Promise<void>

/**
 * Sends an issued online licence to the marketplace. Throws when it should be tried again; what the marketplace will never
 * take is noted and left to staff. Sending the same twice is the same licence.
 */
export async function uploadLicense(licenseId: string, deadline: number, alongside: AfterUpload): Promise<void> {
  const [known] = await readWhere(prisma(), only(licenseId))
  if (!known?.content || !known.eventId || known.state === 'released') return
  const result = await sendUp(known.eventId, fileOf(known, known.content), deadline)
  await prisma().$transaction(async (tx) => {
    const license = (await lockLicense(tx, licenseId)) as License
    // Replaced meanwhile: another upload is on its way.
    if (license.issuedAt?.getTime() !== known.issuedAt?.getTime()) return
    const at = new Date()
    const origin = { callId: null, actor: null }
    if (result.ok) {
      const fact = { type: 'uploaded', key: String(at.getTime()), occurredAt: at, data: {} } as const
      const changed = await applyFacts(tx, license, [fact], origin)
      return alongside(tx, changed.license)
    }
    const { code, message, kind } = result.error
    const final = kind === 'refused' || kind === 'unknown'
    const same = license.errorCode === code && license.error === message && !license.deliveredAt
    if (same && license.reason === (final ? 'upload-refused' : 'upload-failed')) return
    const data = { code, message, final }
    await applyFacts(tx, license, [{ type: 'upload-failed', key: String(at.getTime()), occurredAt: at, data }], origin)
  })
  if (!result.ok && result.error.kind !== 'refused' && result.error.kind !== 'unknown')
    throw new Error(`upload: ${result.error.code ?? ''} ${result.error.message}`)
}

async function sendUp(eventId: string, file: LicenseFile, deadline: number): Promise<ApiResult> {
  const boundary = `desk-${randomBytes(16).toString('hex')}`
  const send = (unsignedBody: boolean) =>
    askLicenseApi((to) => buildUpload(to, eventId, file, { boundary, unsignedBody }), {
      timeoutMs: Math.max(200, deadline - Date.now()),
    })
  const signed = await send(false)
  // How a multipart body enters the signature is not documented; the guide's other way is to leave it out.
  const mistrusted = !signed.ok && signed.error.kind === 'auth' && signed.error.status !== 0
  return mistrusted ? send(true) : signed
}

function fileOf(license: License, content: LicenseContent): LicenseFile {
  if (content.type === 'file')
    return { type: 'FILE', fileName: content.fileName, content: Buffer.from(content.base64, 'base64') }
  if (content.text.length <= CHARACTERS_LIMIT) return { type: 'CHARACTERS', characters: content.text }
  return { type: 'FILE', fileName: `${license.id}.lic`, content: Buffer.from(content.text) }
}

/** Tells the seller's software about a change. Throws when it did not take the message, to be repeated. */
export async function announceLicense({ licenseId, type, eventId }: JobData<'announce-license'>): Promise<void> {
  const config = await catalog()
  const [license] = await readWhere(prisma(), only(licenseId))
  const product = license && productFor(config, license.kind, license)
  if (!license || !product) return
  const told = await announceToLicenseWebhook(product, license, { type, eventId })
  if (!told.ok) throw new Error(told.error)
}
