import { DeskError, type DeskErrorCode } from '@/lib/errors'

const kinds: Record<DeskErrorCode, { status: number; title: string }> = {
  invalid: { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'Nobody is signed in' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'It has changed meanwhile' },
  'too-large': { status: 413, title: 'Too large' },
  'rate-limited': { status: 429, title: 'Too many tries' },
  unavailable: { status: 503, title: 'Not available at the moment' },
}

export const problemType = 'application/problem+json'

/** The error table of this API, for its description. */
export const problemKinds = Object.entries(kinds).map(([code, kind]) => ({ code, ...kind }))

/** RFC 9457. `details` are facts the domain meant for the caller; `field` is the input member at fault. */
export function problemResponse(error: DeskError): Response {
  const { status, title } = kinds[error.code]
  const { details, field } = error
  const headers: Record<string, string> = { 'Content-Type': problemType, 'Cache-Control': 'no-store' }
  if (error.code === 'unauthorized') headers['WWW-Authenticate'] = 'Bearer'
  if (typeof details?.retryAfterSeconds === 'number') headers['Retry-After'] = String(details.retryAfterSeconds)
  const problem = { type: `/api/v1/docs#${error.code}`, title, status, detail: error.message, field, details }
  return new Response(JSON.stringify(problem), { status, headers })
}

/** The answer to something nobody foresaw: the number finds it in the log, nothing of it is told. */
export function unforeseenResponse(number: string): Response {
  const problem = {
    type: '/api/v1/docs#unforeseen',
    title: 'Something went wrong',
    status: 500,
    detail: `The desk could not do this; its log has the reason under ${number}.`,
    instance: `urn:uuid:${number}`,
  }
  return new Response(JSON.stringify(problem), {
    status: 500,
    headers: { 'Content-Type': problemType, 'Cache-Control': 'no-store' },
  })
}

/** What to answer for a failure of the database: a caller may simply try again. */
export function databaseAway(): DeskError {
  return new DeskError('unavailable', 'The database cannot be reached at the moment; please try again.', {
    details: { retryAfterSeconds: 5 },
  })
}
