import { z } from 'zod'
import { recordAudit } from '@/lib/audit'
import { prisma } from '@/lib/db/client'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { type Context, requireRole } from '@/lib/users/context'
import { maskHeaders, maskQuery, maskText, queryPairs, shorten } from './mask'
import { openPayload } from './payload'
import { callItem, findCall } from './queries'
import type { CallPayload } from './types'

const exchange = z.object({ headers: z.record(z.string(), z.string()), body: z.string() })

export const callDetail = callItem
  .extend({
    request: exchange.extend({
      method: z.string(),
      path: z.string(),
      query: z.array(z.tuple([z.string(), z.string()])).describe('names and values, decoded, as they came'),
    }),
    answer: exchange.extend({ status: z.int() }).nullable(),
    signature: z
      .object({
        ok: z.boolean(),
        credentialName: z.string().nullable(),
        variant: z.string().nullable().describe('which reading of the signing rules fitted'),
        received: z.string().nullable(),
        computed: z.string().nullable(),
        signedText: z.string().nullable().describe('the key in it is masked'),
        reason: z.string().nullable(),
        skewMs: z.number().nullable(),
      })
      .nullable(),
    payloadGone: z.boolean().describe('request and answer are past their retention'),
  })
  .meta({ id: 'CallDetail' })
export type CallDetail = z.output<typeof callDetail>

/** One call with request, answer and signature check; secrets are masked. */
export async function getCall({ ctx, id }: { ctx: Context; id: string }): Promise<CallDetail> {
  requireRole(ctx, 'viewer')
  const { item, payload } = await readCall(id)
  return show(item, payload === gone ? gone : mask(payload))
}

/** The same with nothing masked. For administrators; leaves an audit entry. */
export async function revealCall({ ctx, id }: { ctx: Context; id: string }): Promise<CallDetail> {
  requireRole(ctx, 'admin')
  const { item, payload } = await readCall(id)
  await recordAudit(prisma(), ctx, { action: 'call.reveal', subject: 'call', target: id })
  return show(item, payload)
}

/** The request as a curl command for a POSIX shell, secrets masked. */
export async function callAsCurl({ ctx, id }: { ctx: Context; id: string }): Promise<string> {
  requireRole(ctx, 'viewer')
  const { payload } = await readCall(id)
  if (payload === gone) throw new DeskError('not-found', 'The request of this call is past its retention.')
  const { request } = mask(payload)
  return curlCommand(env().deskUrl, request)
}

async function readCall(id: string) {
  const { item, sealed } = await findCall(id)
  if (sealed.length === 0) return { item, payload: gone }
  try {
    return { item, payload: openPayload(sealed) }
  } catch {
    throw new DeskError('unavailable', 'This call was stored under another DESK_SECRET and cannot be opened.')
  }
}

const gone: CallPayload = {
  request: { method: '', path: '', query: '', headers: {}, body: '' },
  answer: null,
  signature: null,
}

function show(item: z.output<typeof callItem>, payload: CallPayload): CallDetail {
  const { request, answer, signature } = payload
  const { method, path, query, headers, body } = request
  return {
    ...item,
    request: { method, path, query: queryPairs(query), headers, body },
    answer: answer && { status: answer.status, headers: answer.headers, body: answer.body },
    signature: signature && {
      ok: signature.ok,
      credentialName: signature.credentialName,
      variant: signature.variant,
      received: signature.received,
      computed: signature.computed,
      signedText: signature.signedText,
      reason: signature.reason,
      skewMs: signature.skewMs,
    },
    payloadGone: payload === gone,
  }
}

// A computed signature would let whoever reads it send the call himself, so it is shortened as well.
function mask({ request, answer, signature }: CallPayload): CallPayload {
  const short = (text: string | null) => (text === null ? null : shorten(text))
  return {
    request: {
      ...request,
      query: maskQuery(request.query),
      headers: maskHeaders(request.headers),
      body: maskText(request.body),
    },
    answer: answer && { ...answer, headers: maskHeaders(answer.headers), body: maskText(answer.body) },
    signature: signature && {
      ...signature,
      received: short(signature.received),
      computed: short(signature.computed),
      signedText: signature.signedText && maskText(signature.signedText),
    },
  }
}

/** Headers curl writes by itself, or that belong to the connection. */
const ownHeaders = new Set(['accept-encoding', 'connection', 'content-length', 'expect', 'host', 'transfer-encoding'])

export function curlCommand(base: string, request: CallPayload['request']): string {
  const target = base + request.path + (request.query && `?${request.query}`)
  const parts = [`curl -X ${quote(request.method)} ${quote(target)}`]
  for (const [name, value] of Object.entries(request.headers)) {
    if (!ownHeaders.has(name.toLowerCase())) parts.push(`-H ${quote(`${name}: ${value}`)}`)
  }
  if (request.body !== '') parts.push(`--data-raw ${quote(request.body)}`)
  return parts.join(' \\\n  ')
}

// Nothing ends single quotes but a single quote; a NUL cannot stand in an argument at all.
function quote(text: string): string {
  return `'${text.replaceAll('\0', '').replaceAll("'", "'\\''")}'`
}
