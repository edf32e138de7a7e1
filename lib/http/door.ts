import type { IncomingMessage, ServerResponse } from 'node:http'

/** One HTTP request at the marketplace's door, read but not interpreted. */
export type RawCall = {
  /** As sent, upper case by custom: GET, POST, HEAD, … */
  method: string
  /** Still percent-encoded, starts with `/api/produce`. */
  path: string
  /** Still percent-encoded, without the question mark; `''` when there is none. */
  query: string
  /** Names in lower case; repeated headers joined with `, `. */
  headers: Record<string, string>
  /** Empty when `bodyProblem` is set. */
  body: Buffer
  /** Milliseconds since the epoch (UTC), taken before the body was read. */
  receivedAt: number
  bodyProblem?: 'too-large' | 'aborted' | 'slow' | 'busy'
}

/** Header names keep their case on the wire (`Body-Sign`). */
export type RawAnswer = { status: number; headers: Record<string, string>; body: string }

/** What the application puts on `globalThis` at boot, for the server in front of Next. */
export type Desk = {
  receive(call: RawCall): Promise<RawAnswer>
  /** Ends background work; resolves when nothing of it is left running. */
  stop(): Promise<void>
}

declare global {
  var __desk: Desk | undefined
}

const PRODUCE = '/api/produce'
const KIB = 1024
const BODY_LIMIT = 256 * KIB
/** The kit's sub-paths carry file contents. */
const KIT_BODY_LIMIT = 4096 * KIB
/** Bodies held by all unanswered requests together; read and stored, each takes many times its size of memory. */
const HELD_LIMIT = 16 * KIB * KIB
const BODY_DEADLINE_MS = 10_000
/** How long a sender we stopped listening to may keep its connection, so that it can still read the answer. */
const LINGER_MS = 2_000

/** Path and query of a request target, also in absolute form (`GET http://host/path`). Never throws. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '')
  const mark = local.indexOf('?')
  if (mark < 0) return { path: local || '/', query: '' }
  return { path: local.slice(0, mark) || '/', query: local.slice(mark + 1) }
}

export function isMarketplacePath(path: string): boolean {
  return path === PRODUCE || path.startsWith(`${PRODUCE}/`)
}

function bodyLimit(path: string): number {
  return path === PRODUCE || path === `${PRODUCE}/` ? BODY_LIMIT : KIT_BODY_LIMIT
}

/** Hands the call to the application. Whatever goes wrong there, the marketplace gets an answer in its own protocol. */
export async function passThroughDoor(call: RawCall, desk = globalThis.__desk): Promise<RawAnswer> {
  try {
    if (desk) return await desk.receive(call)
  } catch {
    // receive() logs what it knows; nothing of it may leave the server.
  }
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json;charset=UTF-8' },
    body: '{"resultCode":"000005","resultMsg":"The seller\'s desk cannot take calls at the moment; please send this again."}',
  }
}

/** Reads a call of the marketplace from node:http, answers it, and never throws. */
export async function serveMarketplaceCall(
  request: IncomingMessage,
  response: ServerResponse,
  target: { path: string; query: string },
): Promise<void> {
  const receivedAt = Date.now()
  const read = await readBody(request, bodyLimit(target.path))
  const headers = plainHeaders(request)
  const answer = await passThroughDoor({ method: request.method ?? 'GET', ...target, headers, receivedAt, ...read })
  held -= read.body.length
  if (response.destroyed) return
  if (read.bodyProblem) leaveAfterAnswer(request, response)
  response.writeHead(answer.status, { ...answer.headers, 'Content-Length': Buffer.byteLength(answer.body) })
  response.end(answer.body)
}

function plainHeaders(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return headers
}

type ReadBody = Pick<RawCall, 'body' | 'bodyProblem'>

const nothing = Buffer.alloc(0)
let held = 0

/** What it gives counts as held until the caller says otherwise. */
function readBody(request: IncomingMessage, limit: number): Promise<ReadBody> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let size = 0
    const timer = setTimeout(() => finish('slow'), BODY_DEADLINE_MS)

    function finish(bodyProblem?: RawCall['bodyProblem']) {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('aborted', onAbort).off('close', onAbort)
      if (bodyProblem) held -= size
      resolve(bodyProblem ? { body: nothing, bodyProblem } : { body: Buffer.concat(chunks, size) })
    }
    function onData(chunk: Buffer) {
      if (size + chunk.length > limit) return finish('too-large')
      if (held + chunk.length > HELD_LIMIT) return finish('busy')
      chunks.push(chunk)
      size += chunk.length
      held += chunk.length
    }
    const onEnd = () => finish()
    const onAbort = () => finish('aborted')

    request.on('data', onData).on('end', onEnd).on('aborted', onAbort).on('close', onAbort)
    request.on('error', () => {})
    if (Number(request.headers['content-length']) > limit) finish('too-large')
  })
}

// Closing at once would reset the connection under an answer the sender has not read yet.
function leaveAfterAnswer(request: IncomingMessage, response: ServerResponse): void {
  response.shouldKeepAlive = false
  request.resume()
  response.on('finish', () => {
    setTimeout(() => request.socket.destroy(), LINGER_MS).unref()
  })
}

/** The same door for a Next route handler, when no server of ours stands in front of it. */
export async function answerWebRequest(request: Request): Promise<Response> {
  const receivedAt = Date.now()
  const target = splitTarget(request.url)
  const headers = Object.fromEntries(request.headers)
  const read = await readWebBody(request, bodyLimit(target.path))
  const answer = await passThroughDoor({ method: request.method, ...target, headers, receivedAt, ...read })
  return new Response(request.method === 'HEAD' ? null : answer.body, {
    status: answer.status,
    headers: answer.headers,
  })
}

async function readWebBody(request: Request, limit: number): Promise<ReadBody> {
  if (!request.body) return { body: nothing }
  const reader = request.body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  let late = false
  const timer = setTimeout(() => {
    late = true
    void reader.cancel().catch(() => {})
  }, BODY_DEADLINE_MS)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (late) return { body: nothing, bodyProblem: 'slow' }
      if (done) return { body: Buffer.concat(chunks, size) }
      size += value.length
      if (size > limit) {
        void reader.cancel().catch(() => {})
        return { body: nothing, bodyProblem: 'too-large' }
      }
      chunks.push(value)
    }
  } catch {
    return { body: nothing, bodyProblem: 'aborted' }
  } finally {
    clearTimeout(timer)
  }
}
