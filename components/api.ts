/** The one way the browser talks to the desk: its own /api/v1, in the session of the signed-in user. */

import type zh from '@/messages/zh-CN.json'

export type Problem = {
  status: number
  title: string
  detail: string
  field?: string
  details?: { issues?: { path: string; message: string }[]; [fact: string]: unknown }
}

/** An answer that is not 2xx, as problem+json told it; status 0 when no answer came. */
export class ApiError extends Error {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly field: string | undefined
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
    this.problem = problem
    this.status = problem.status
    this.title = problem.title
    this.detail = problem.detail
    this.field = problem.field
  }
}

export type QueryValue = string | number | boolean | null | undefined
export type Query = Record<string, QueryValue>

type Options = {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  query?: Query
  json?: unknown
  csv?: string
  /** sent as it is */
  file?: Blob
  form?: FormData
  signal?: AbortSignal
}

export function apiPath(path: string, query: Query = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value))
  }
  const text = search.toString()
  return `/api/v1${path}${text ? `?${text}` : ''}`
}

async function request(
  path: string,
  { method = 'GET', query, json, csv, file, form, signal }: Options,
): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (method !== 'GET') headers['x-desk-csrf'] = '1'
  if (json !== undefined) headers['content-type'] = 'application/json'
  if (csv !== undefined) headers['content-type'] = 'text/csv; charset=utf-8'
  if (file !== undefined) headers['content-type'] = 'application/octet-stream'
  const body = form ?? file ?? (json === undefined ? csv : JSON.stringify(json))
  let response: Response
  try {
    response = await fetch(apiPath(path, query), {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: signal ?? null,
    })
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw new ApiError({ status: 0, title: 'network', detail: '' })
  }
  if (response.ok) return response
  if (response.status === 401) leaveForSignIn()
  throw new ApiError(await readProblem(response))
}

async function readProblem(response: Response): Promise<Problem> {
  const fallback = { status: response.status, title: response.statusText, detail: '' }
  try {
    return { ...fallback, ...(await response.json()), status: response.status }
  } catch {
    return fallback
  }
}

function leaveForSignIn(): void {
  const here = window.location.pathname + window.location.search
  if (!here.startsWith('/sign-in')) window.location.assign(`/sign-in?callbackUrl=${encodeURIComponent(here)}`)
}

/** Calls the API and reads its JSON answer. Throws ApiError. */
export async function api<T>(path: string, options: Options = {}): Promise<T> {
  const response = await request(path, options)
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** The same for answers that are plain text. */
export async function apiText(path: string, options: Options = {}): Promise<string> {
  return (await request(path, options)).text()
}

/** What can be wrong with a file, as the answer's details name it (lib/files/faults.ts). */
type FileFault = keyof (typeof zh)['errors']['file']

type ErrorWords = (
  key:
    | 'network'
    | 'forbidden'
    | 'notFound'
    | 'rateLimited'
    | 'server'
    | 'stale'
    | 'unknown'
    | `now.${'open' | 'succeeded' | 'resolved' | 'acknowledged'}`
    | `file.${FileFault}`,
  values?: Record<string, string | number>,
) => string

/** What somebody acted on was changed before. */
export function isStale(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409
}

/** What it became meanwhile, where the answer tells. */
function changedTo({ problem }: ApiError, t: ErrorWords): string | null {
  const { state, resolvedBy, acknowledgedBy } = problem.details ?? {}
  if (typeof acknowledgedBy === 'string') return t('now.acknowledged', { name: acknowledgedBy })
  if (state === 'resolved') return t('now.resolved', { name: String(resolvedBy ?? '–') })
  return state === 'open' || state === 'succeeded' ? t(`now.${state}`) : null
}

/** What to tell the user about anything that was thrown. */
export function errorText(error: unknown, t: ErrorWords): string {
  if (!(error instanceof ApiError)) return t('unknown')
  if (error.status === 0) return t('network')
  const { file, ...facts } = error.problem.details ?? {}
  if (typeof file === 'string') return t(`file.${file as FileFault}`, facts as Record<string, string | number>)
  if (error.status === 409) return t('stale', { detail: changedTo(error, t) ?? error.detail })
  if (error.status === 403) return error.detail || t('forbidden')
  if (error.status === 404) return t('notFound')
  if (error.status === 429) return error.detail || t('rateLimited')
  if (error.status >= 500) return t('server')
  return error.detail || t('unknown')
}

/** Whether the path of a fault (`productIds[2]`) lies in a field. */
function concerns(path: string, field: string): boolean {
  return path === field || path.startsWith(`${field}[`)
}

/** The fault of one field of a form, if the error is about it. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  const issue = error.problem.details?.issues?.find(({ path }) => concerns(path, field))
  return issue?.message ?? (error.field && concerns(error.field, field) ? error.detail : undefined)
}
