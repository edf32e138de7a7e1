import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { isUnavailable } from '@/lib/db/trouble'
import { env } from '@/lib/env'
import { DeskError } from '@/lib/errors'
import { invalid, parseInput } from '@/lib/input'
import { log } from '@/lib/log'
import { observeApi } from '@/lib/metrics'
import type { Operation } from '@/lib/openapi/operation'
import { contextForToken } from '@/lib/users'
import { currentContext } from '@/lib/users/auth'
import { type Context, requireRole } from '@/lib/users/context'
import { requireScope } from '@/lib/users/scopes'
import { databaseAway, problemResponse, unforeseenResponse } from './problem'

type Call<O extends Operation> = {
  ctx: Context
  params: z.output<NonNullable<O['params']>>
  query: z.output<NonNullable<O['query']>>
  /** checked with the operation's schema, as it came: the domain parses its input itself */
  body: z.input<NonNullable<O['body']>>
  /** of an operation with `textBody` */
  text: string
  /** of an operation with `fileBody`, as it comes; ends with 'too-large' beyond its limit */
  file: AsyncIterable<Uint8Array>
  headers: Headers
  /** of an operation with `formFile`, where a form was sent instead of JSON */
  form: { name: string; content: Uint8Array } | null
}
type Answer<O extends Operation> = z.input<NonNullable<O['answer']>> | Response
type RouteHandler = (
  request: Request,
  route: { params: Promise<Record<string, string | string[] | undefined>> },
) => Promise<Response>

const BODY_LIMIT = 1024 * 1024
const nobody: Context = { actor: { name: 'nobody', via: 'system', role: 'viewer' } }

/**
 * A Next route handler for an operation: authorises, parses parameters, query and body with the operation's own
 * schemas, lets `handle` call the domain, and answers JSON. Whatever goes wrong becomes a problem document.
 */
export function route<O extends Operation>(operation: O, handle: (call: Call<O>) => Promise<Answer<O>>): RouteHandler {
  return async (request, { params }) => {
    const began = performance.now()
    const response = await respond(operation, handle, request, params).catch(answerError)
    observeApi(operation.method, operation.path, response.status, (performance.now() - began) / 1000)
    return response
  }
}

async function respond<O extends Operation>(
  operation: O,
  handle: (call: Call<O>) => Promise<Answer<O>>,
  request: Request,
  params: Promise<unknown>,
): Promise<Response> {
  const ctx = operation.role === 'public' ? nobody : await authorise(request)
  if (operation.role !== 'public') {
    requireRole(ctx, operation.role)
    requireScope(ctx, operation.path)
  }
  const form = operation.formFile && isForm(request) ? await readForm(request, operation.formFile.limit) : null
  const call = {
    ctx,
    form,
    params: operation.params && parseParams(operation.params, await params),
    query: parseQuery(operation, new URL(request.url).searchParams),
    body: form ? undefined : operation.body && (await readBody(operation.body, request)),
    text: operation.textBody ? await readText(request, operation.textBody.limit) : '',
    file: operation.fileBody ? fileOf(request, operation.fileBody.limit) : nothing(),
    headers: request.headers,
  } as Call<O>
  const answer = await handle(call)
  if (answer instanceof Response) return answer
  const headers = { 'Cache-Control': 'no-store', 'Content-Type': 'application/json' }
  const status = operation.status ?? 200
  return status === 204
    ? new Response(null, { status, headers: { 'Cache-Control': 'no-store' } })
    : new Response(JSON.stringify(answer), { status, headers })
}

/** A list that is told as a whole. */
export function listAnswer<T>(items: T[]): { items: T[]; nextCursor: null } {
  return { items, nextCursor: null }
}

export function textResponse(type: string, text: string): Response {
  return new Response(text, { headers: { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-store' } })
}

/** The problem document of an error; what nobody foresaw is logged under a number and not told. */
export function answerError(error: unknown): Response {
  if (error instanceof DeskError) return problemResponse(error)
  if (isUnavailable(error)) {
    log.warn({ reason: (error as Error).message }, 'the database is away')
    return problemResponse(databaseAway())
  }
  const number = randomUUID()
  log.error({ err: error, number }, 'unforeseen error')
  return unforeseenResponse(number)
}

/** Who asks: the token of the Authorization header, else the session. Throws 'unauthorized'. */
export async function authorise(request: Request): Promise<Context> {
  const authorization = request.headers.get('authorization')
  if (authorization !== null) {
    const ctx = /^Bearer +\S+$/i.test(authorization) ? await contextForToken(authorization) : null
    if (!ctx) throw new DeskError('unauthorized', 'This API token is not known, or it was revoked.')
    return ctx
  }
  const ctx = await currentContext()
  if (!ctx) throw new DeskError('unauthorized', 'Sign in, or send an API token: Authorization: Bearer desk_….')
  requireOwnPage(request)
  return ctx
}

// A browser sends the session cookie along with whatever page asks it to; only ours can add this header.
function requireOwnPage(request: Request): void {
  if (request.method === 'GET' || request.method === 'HEAD') return
  const site = request.headers.get('sec-fetch-site')
  const origin = request.headers.get('origin')
  const foreign = site ? site !== 'same-origin' : origin !== null && !isOwnOrigin(origin, request)
  if (foreign || request.headers.get('x-desk-csrf') !== '1') {
    throw new DeskError('forbidden', 'With a session, changes are only taken from the desk itself (x-desk-csrf: 1).')
  }
}

function isOwnOrigin(origin: string, request: Request): boolean {
  if (!URL.canParse(origin)) return false
  const { host } = new URL(origin)
  return host === request.headers.get('host') || host === new URL(env().deskUrl).host
}

function parseParams(schema: z.ZodType, params: unknown): unknown {
  const parsed = schema.safeParse(params)
  if (!parsed.success || !isStorable(params))
    throw new DeskError('not-found', 'There is nothing at this address: its id has another form.')
  return parsed.data
}

function parseQuery({ query: schema, looseQuery }: Operation, given: URLSearchParams): unknown {
  const query: Record<string, string> = {}
  for (const [name, value] of given) {
    if (Object.hasOwn(query, name)) throw invalid([{ path: name, message: 'is given more than once' }])
    if (!isStorable(value)) throw invalid([{ path: name, message: 'holds a character that cannot be stored' }])
    // A form sends its empty fields too.
    if (value !== '') query[name] = value
  }
  const known = schema && 'shape' in schema ? Object.keys(schema.shape as object) : []
  const unknown = Object.keys(query).filter((name) => !known.includes(name))
  if (looseQuery) for (const name of unknown.splice(0)) delete query[name]
  if (unknown.length > 0) {
    const allowed = known.length > 0 ? `allowed are ${known.join(', ')}` : 'none is allowed here'
    throw invalid(unknown.map((path) => ({ path, message: `is not a known query parameter; ${allowed}` })))
  }
  return schema && parseInput(schema, query)
}

async function readBody(schema: z.ZodType, request: Request): Promise<unknown> {
  const body = await readJson(request)
  if (!isStorable(body)) throw new DeskError('invalid', 'The body holds a character that cannot be stored (U+0000).')
  parseInput(schema, body)
  return body
}

/** PostgreSQL takes neither a NUL nor half of a character. */
function isStorable(value: unknown): boolean {
  if (typeof value === 'string') return !/\0|\p{Surrogate}/u.test(value)
  if (!(value instanceof Object)) return true
  return Object.entries(value).every((entry) => entry.every(isStorable))
}

async function readJson(request: Request): Promise<unknown> {
  const text = await readText(request, BODY_LIMIT)
  if (text.includes('\uFFFD')) throw new DeskError('invalid', 'The body is not UTF-8 text.')
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DeskError('invalid', `The body is not JSON: ${(error as Error).message.replace(/, ".*$/s, '')}.`)
  }
}

function isForm(request: Request): boolean {
  return /^multipart\/form-data\b/i.test(request.headers.get('content-type') ?? '')
}

/** What a form puts around its file. */
const WRAPPING = 64 * 1024

async function readForm(request: Request, limit: number): Promise<{ name: string; content: Uint8Array }> {
  const type = request.headers.get('content-type') ?? ''
  const body = new Uint8Array(await readBytes(request, limit + WRAPPING))
  const read = await new Response(body, { headers: { 'content-type': type } }).formData().catch(() => null)
  if (!read) throw new DeskError('invalid', 'The body is not multipart/form-data.')
  const file = read.get('file')
  if (!(file instanceof File)) throw invalid([{ path: 'file', message: 'is missing' }])
  if (file.size > limit) throw new DeskError('too-large', `file: has more than ${limit} bytes`, { field: 'file' })
  return { name: file.name, content: new Uint8Array(await file.arrayBuffer()) }
}

async function readText(request: Request, limit: number): Promise<string> {
  return new TextDecoder().decode(await readBytes(request, limit))
}

async function readBytes(request: Request, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of fileOf(request, limit)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The body piece by piece; what says beforehand that it is too large is not read at all. */
function fileOf(request: Request, limit: number): AsyncIterable<Uint8Array> {
  const tooLarge = new DeskError('too-large', `The body has more than ${limit} bytes.`)
  if (Number(request.headers.get('content-length')) > limit) throw tooLarge
  return request.body ? within(request.body as unknown as AsyncIterable<Uint8Array>, limit, tooLarge) : nothing()
}

async function* within(body: AsyncIterable<Uint8Array>, limit: number, tooLarge: DeskError) {
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) throw tooLarge
    yield chunk
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
