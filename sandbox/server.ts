import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { type LicenseApi, licenseApi, licenseCodeSchema, licenseFaultSchema } from './license-api'
import { type Account, checkSdkSignature, type Verdict } from './oracle'
import { mockOrders, type WireOrder } from './orders'
import {
  UsageBook,
  type UsageFault,
  type UsageInstance,
  usageError,
  usageFaultSchema,
  usageInstanceSchema,
} from './usage'

const ORDER_QUERY = '/api/mkp-openapi-public/global/v1/order/query'
const NEW_USAGE = '/api/mkp-openapi-public/global/v1/isv/usage-data'
const OLD_USAGE = '/rest/marketplace/v1/isv/usage-data'
const LOG_LIMIT = 1000
const BODY_LIMIT = 16 * 1024 * 1024

/** HTTP status and message of every error the order query can answer with (open-api.md §1.10, §5.3). */
const ERRORS: Record<string, [status: number, message: string]> = {
  '0999': [500, 'System internal error.'],
  '0100': [500, 'Failure of input parameter'],
  '0101': [400, 'Invalid parameter'],
  '0199': [400, 'Request parameter error'],
  '0150': [401, 'Illegal operation'],
  '0151': [401, 'No authority'],
  '0154': [401, 'Illegal token'],
  '0250': [406, 'Access frequency overlimit'],
}
const GATEWAY_ERRORS: Record<string, [status: number, message: string]> = {
  '0101': [404, 'The API does not exist or has not been published in the environment'],
  '0201': [504, 'Backend timeout.'],
  '0301': [401, 'Incorrect IAM authentication information: verify aksk signature fail'],
  '0303': [401, 'Incorrect app authentication information: request time differs by more than 15 minutes'],
}
const ERROR_CODES = [
  ...['MKT', 'CBC'].flatMap((prefix) => Object.keys(ERRORS).map((code) => `${prefix}.${code}`)),
  ...['APIGW', 'APIG'].flatMap((prefix) => Object.keys(GATEWAY_ERRORS).map((code) => `${prefix}.${code}`)),
]

/** Ways an answer can go wrong below the protocol. */
const BREAKAGES = [
  'garbage',
  'empty',
  'html',
  'wrong-content-type',
  'cut',
  'cut-mid-body',
  'hang',
  'trickle',
  'huge',
  'redirect',
] as const

const faultSchema = z.strictObject({
  /** Only on one of the two hosts. */
  host: z.enum(['primary', 'fallback']).optional(),
  /** Only for this order. */
  orderId: z.string().optional(),
  /** For the next so many requests; until cleared when left out. */
  times: z.number().int().positive().optional(),
  delayMs: z.number().int().min(0).max(600_000).optional(),
  /** An error code (`MKT.0250`, `APIGW.0303`, …), a breakage, or any answer spelled out. */
  answer: z
    .union([
      z.enum(BREAKAGES),
      z.string().refine((code) => ERROR_CODES.includes(code), `one of ${ERROR_CODES.join(', ')}`),
      z.strictObject({
        status: z.number().int().min(200).max(599),
        headers: z.record(z.string(), z.string()).optional(),
        body: z.string().optional(),
      }),
    ])
    .optional(),
})
/** What to do instead of answering well; the newest fitting fault wins. */
export type Fault = z.infer<typeof faultSchema>

const settingsSchema = z.strictObject({
  /** Error code for an order nobody registered. */
  unknownOrder: z.string().refine((code) => ERROR_CODES.includes(code), `one of ${ERROR_CODES.join(', ')}`),
  /** Added to the sandbox's clock, for its Date header and its check of X-Sdk-Date. */
  clockOffsetMs: z.number().int(),
  accounts: z.array(z.strictObject({ accessKeyId: z.string().min(1), secret: z.string().min(1) })),
  /** Keys of the base interface, with which usage is signed. */
  usageKeys: z.array(z.string().min(1)),
  /** Instances nobody registered count as open pay-per-use ones. */
  lenientUsage: z.boolean(),
})
type Settings = z.infer<typeof settingsSchema>

const controlSchema = z.strictObject({
  clear: z.array(z.enum(['faults', 'orders', 'requests', 'usage', 'licenses'])).optional(),
  settings: settingsSchema.partial().optional(),
  orders: z.array(z.looseObject({ orderId: z.string().min(1), orderLine: z.array(z.looseObject({})) })).optional(),
  /** Orders of `orders` belong to this account alone; others are told MKT.0150. */
  owner: z.string().optional(),
  faults: z.array(faultSchema).optional(),
  usageInstances: z.array(usageInstanceSchema).optional(),
  usageFaults: z.array(usageFaultSchema).optional(),
  /** Activation codes the marketplace knows, and how its licence interfaces fail. */
  licenses: z.array(licenseCodeSchema).optional(),
  licenseFaults: z.array(licenseFaultSchema).optional(),
})

export type LoggedRequest = {
  at: Date
  host: 'primary' | 'fallback'
  method: string
  target: string
  orderId: string | null
  accessKeyId: string | null
  /** Why the signature was refused; `null` when it was right. */
  refusal: string | null
  fault: Fault | null
  /** `null` when the connection was cut or left without an answer. */
  status: number | null
}

export type Control = {
  licenses: LicenseApi
  /** `owner`: the only access key that may see these orders. */
  registerOrders(orders: readonly WireOrder[], owner?: string): void
  addFault(fault: Fault): void
  clearFaults(): void
  clearOrders(): void
  set(settings: Partial<Settings>): void
  /** The last thousand requests, oldest first. */
  requests(): LoggedRequest[]
  clearRequests(): void
  /** What was taken of usage, and what it is judged by. */
  usage: UsageBook
  registerUsageInstances(instances: readonly UsageInstance[]): void
  addUsageFault(fault: UsageFault): void
}

export type Sandbox = { url: string; fallbackUrl: string; control: Control; stop(): Promise<void> }

export type SandboxOptions = Partial<Settings> & {
  accounts: readonly Account[]
  /** 0 or left out: any free one. */
  port?: number
  fallbackPort?: number
}

/**
 * Starts a stand-in for the marketplace's Open API on two loopback ports, the second playing the fallback host. The same
 * control as in process is reached by `POST /sandbox/control`; `GET` shows faults and requests.
 */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const settings: Settings = {
    unknownOrder: options.unknownOrder ?? 'MKT.0150',
    clockOffsetMs: options.clockOffsetMs ?? 0,
    accounts: [...options.accounts],
    usageKeys: options.usageKeys ?? [],
    lenientUsage: options.lenientUsage ?? true,
  }
  const usage = new UsageBook()
  usage.lenient = settings.lenientUsage
  let usageFaults: UsageFault[] = []
  const orders = new Map<string, { order: WireOrder; owner: string | undefined }>()
  let faults: Fault[] = []
  let requests: LoggedRequest[] = []

  const now = () => new Date(Date.now() + settings.clockOffsetMs)
  const licenses = licenseApi(now)

  const control: Control = {
    licenses,
    registerOrders(more, owner) {
      for (const order of more) orders.set(order.orderId, { order, owner })
    },
    addFault(fault) {
      faults.push(faultSchema.parse(fault))
    },
    clearFaults() {
      faults = []
      usageFaults = []
    },
    usage,
    registerUsageInstances: (instances) => usage.register(instances),
    addUsageFault(fault) {
      usageFaults.push(usageFaultSchema.parse(fault))
    },
    clearOrders: () => orders.clear(),
    set(changes) {
      Object.assign(settings, settingsSchema.partial().parse(changes))
      usage.lenient = settings.lenientUsage
    },
    requests: () => [...requests],
    clearRequests() {
      requests = []
    },
  }

  function takeFault(host: LoggedRequest['host'], orderId: string | null): Fault | null {
    const fault = faults.findLast(
      (one) => (!one.host || one.host === host) && (!one.orderId || one.orderId === orderId),
    )
    if (fault?.times !== undefined && --fault.times === 0) faults = faults.filter((one) => one !== fault)
    return fault ?? null
  }

  function findOrder(orderId: string, accessKeyId: string): WireOrder | undefined {
    const registered = orders.get(orderId)
    if (registered) return !registered.owner || registered.owner === accessKeyId ? registered.order : undefined
    return mockOrders(now()).find((order) => order.orderId === orderId)
  }

  function answerOrder(search: URLSearchParams, accessKeyId: string): Answer {
    for (const name of search.keys()) if (name !== 'orderId' && name !== 'orderLineId') return errorAnswer('MKT.0101')
    const orderId = search.get('orderId')
    const orderLineId = search.get('orderLineId')
    if (!orderId) return errorAnswer('MKT.0101')
    if (orderId.length > 64 || (orderLineId?.length ?? 0) > 64) return errorAnswer('MKT.0100')
    const order = findOrder(orderId, accessKeyId)
    if (!order) return errorAnswer(settings.unknownOrder)
    const orderLine = order.orderLine.filter((line) => !orderLineId || line.orderLineId === orderLineId)
    if (orderLine.length === 0) return errorAnswer(settings.unknownOrder)
    return json(200, { resultCode: 'MKT.0000', resultMsg: 'Success', orderInfo: { ...order, orderLine } })
  }

  async function serve(host: LoggedRequest['host'], request: IncomingMessage, response: ServerResponse) {
    const bytes = await readBytes(request)
    const body = bytes.toString('utf8')
    const target = request.url ?? '/'
    const { pathname, searchParams } = new URL(target, 'http://sandbox')
    if (pathname === '/sandbox/control') return send(response, serveControl(request.method ?? 'GET', body), now())

    if (pathname === NEW_USAGE || pathname === OLD_USAGE) return serveUsage(pathname, request, body, response)

    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    const method = request.method ?? 'GET'
    const verdict: Verdict = checkSdkSignature({ method, target, headers, body: bytes }, settings.accounts, now())
    const orderId = searchParams.get('orderId')
    const fault = takeFault(host, orderId)
    const entry: LoggedRequest = {
      at: new Date(),
      host,
      method,
      target,
      orderId,
      accessKeyId: headers.authorization?.match(/Access=([^,]+)/)?.[1] ?? null,
      refusal: verdict.ok ? null : verdict.message,
      fault: fault && { ...fault },
      status: null,
    }
    requests.push(entry)
    if (requests.length > LOG_LIMIT) requests.shift()

    let answer: Answer
    const contentType = headers['content-type'] ?? ''
    const licensed = verdict.ok ? licenses.serve({ method, pathname, contentType, body: bytes }) : null
    if (licensed) answer = json(licensed.status, licensed.value)
    else if (!verdict.ok && licenses.serves(pathname))
      answer = gatewayAnswer(verdict.status, verdict.code, verdict.message)
    else if (pathname !== ORDER_QUERY || method !== 'GET') answer = errorAnswer('APIGW.0101')
    else if (!verdict.ok) answer = gatewayAnswer(verdict.status, verdict.code, verdict.message)
    else answer = answerOrder(searchParams, verdict.accessKeyId)

    if (fault?.delayMs) await sleep(fault.delayMs)
    const instead = fault?.answer
    if (typeof instead === 'string' && isBreakage(instead)) {
      entry.status = await sendBroken(instead, answer, request, response)
      return
    }
    if (typeof instead === 'string') answer = errorAnswer(instead)
    else if (instead) answer = { headers: {}, body: '', ...instead }
    entry.status = answer.status
    send(response, answer, now())
  }

  async function serveUsage(path: string, request: IncomingMessage, body: string, response: ServerResponse) {
    const at = now()
    const api = path === NEW_USAGE ? 'new' : 'old'
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]))
    if (request.method !== 'POST') return send(response, errorAnswer('APIGW.0101'), at)
    if (api === 'new') {
      const refusal = usage.checkSignature(headers, body, settings.usageKeys, at)
      if (refusal)
        return send(response, json(401, { error_code: '94060002', error_msg: `Auth failed! ${refusal}` }), at)
    } else {
      const verdict = checkSdkSignature(
        { method: 'POST', target: request.url ?? path, headers, body },
        settings.accounts,
        at,
      )
      if (!verdict.ok) return send(response, gatewayAnswer(verdict.status, verdict.code, verdict.message), at)
    }
    const fault = usageFaults.at(-1)
    if (fault?.times !== undefined && --fault.times === 0) usageFaults = usageFaults.filter((one) => one !== fault)
    const how = fault?.answer
    if (fault?.delayMs) await sleep(fault.delayMs)
    if (how === 'cut-before') return response.destroy()
    if (how === '500-before')
      return send(response, json(500, usageError(api === 'new' ? '94060001' : 'MKT.0999').body), at)
    if (how && /\d{4}$/.test(how)) {
      const { status, body: answer } = usageError(how)
      return send(response, how.startsWith('APIGW') ? errorAnswer(how) : json(status, answer), at)
    }
    const answer = usage.take(api, body, at, how === 'half' ? (fault?.code ?? '013') : undefined)
    if (how === 'cut-after') return response.destroy()
    if (how === 'hang-after') return new Promise((resolve) => request.socket.once('close', resolve))
    if (how === '500-after') return send(response, json(500, usageError('94060001').body), at)
    if (how === 'unreadable') return send(response, json(200, { error_code: '94060999', error_msg: 'Failed' }), at)
    send(response, json(answer.status, answer.body), at)
  }

  function serveControl(method: string, body: string): Answer {
    if (method === 'GET') {
      const uploads = licenses
        .uploads()
        .map(({ content, ...upload }) => ({ ...upload, bytes: content?.length ?? null }))
      return json(200, { settings: shownSettings(), faults, requests, uploads })
    }
    if (method !== 'POST') return json(405, { error: 'GET shows, POST changes' })
    const parsed = controlSchema.safeParse(parseJson(body))
    if (!parsed.success) return json(400, { error: z.prettifyError(parsed.error) })
    const { clear = [], orders: more = [], faults: newFaults = [], owner } = parsed.data
    if (clear.includes('faults')) control.clearFaults()
    if (clear.includes('orders')) control.clearOrders()
    if (clear.includes('requests')) control.clearRequests()
    if (clear.includes('usage')) usage.clear()
    usage.register(parsed.data.usageInstances ?? [])
    for (const fault of parsed.data.usageFaults ?? []) control.addUsageFault(fault)
    if (clear.includes('licenses')) licenses.clear()
    licenses.register(parsed.data.licenses ?? [])
    for (const fault of parsed.data.licenseFaults ?? []) licenses.addFault(fault)
    control.set(parsed.data.settings ?? {})
    control.registerOrders(more as unknown as WireOrder[], owner)
    for (const fault of newFaults) control.addFault(fault)
    return json(200, { settings: shownSettings(), faults, orders: orders.size })
  }

  const shownSettings = () => ({
    ...settings,
    accounts: settings.accounts.map((account) => account.accessKeyId),
    usageKeys: settings.usageKeys.length,
    usageTaken: usage.count,
  })

  const listen = (host: LoggedRequest['host'], port: number) =>
    listenOn(port, (request, response) => {
      serve(host, request, response).catch(() => response.destroy())
    })
  const primary = await listen('primary', options.port ?? 0)
  const fallback = await listen('fallback', options.fallbackPort ?? 0).catch(async (error) => {
    await primary.stop()
    throw error
  })
  return {
    url: primary.url,
    fallbackUrl: fallback.url,
    control,
    stop: async () => void (await Promise.all([primary.stop(), fallback.stop()])),
  }
}

/** An HTTP server on a loopback port; `stop` also ends the connections that are open. */
export async function listenOn(
  port: number,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server: Server = createServer(handler)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const { port: taken } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${taken}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The whole body as text. Rejects when the sender leaves or sends more than 16 MiB. */
export async function readBody(request: IncomingMessage): Promise<string> {
  return (await readBytes(request)).toString('utf8')
}

async function readBytes(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += (chunk as Buffer).length
    if (size > BODY_LIMIT) throw new Error('the body is too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** `undefined` for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export type Answer = { status: number; headers: Record<string, string>; body: string }

export const json = (status: number, value: unknown): Answer => ({
  status,
  headers: { 'Content-Type': 'application/json;charset=UTF-8' },
  body: JSON.stringify(value),
})

const isBreakage = (answer: string): answer is (typeof BREAKAGES)[number] =>
  (BREAKAGES as readonly string[]).includes(answer)

const gatewayAnswer = (status: number, code: string, message: string) =>
  json(status, { error_msg: message, error_code: code, request_id: randomUUID().replaceAll('-', '') })

function errorAnswer(code: string): Answer {
  const [prefix, digits = ''] = code.split('.')
  if (prefix === 'APIGW' || prefix === 'APIG') {
    const [status, message] = GATEWAY_ERRORS[digits] ?? [500, 'Unknown error']
    return gatewayAnswer(status, code, message)
  }
  const [status, message] = ERRORS[digits] ?? [500, 'Unknown error']
  const extra = ['0100', '0150', '0250'].includes(digits) ? { extra_info: {} } : {}
  return json(status, { resultCode: code, resultMsg: message, ...extra })
}

export function send(response: ServerResponse, answer: Answer, at = new Date()): void {
  response.writeHead(answer.status, {
    Date: at.toUTCString(),
    Server: 'api-gateway',
    ...answer.headers,
    'Content-Length': Buffer.byteLength(answer.body),
  })
  response.end(answer.body)
}

/** Answers badly; the status that was sent, or `null` when there was none. */
async function sendBroken(
  breakage: (typeof BREAKAGES)[number],
  good: Answer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<number | null> {
  const body = Buffer.from(good.body)
  const type = { 'Content-Type': 'application/json;charset=UTF-8' }
  switch (breakage) {
    case 'cut':
      response.destroy()
      return null
    case 'hang':
      await new Promise((resolve) => request.socket.once('close', resolve))
      return null
    case 'cut-mid-body':
      response.writeHead(good.status, { ...good.headers, 'Content-Length': body.length })
      response.write(body.subarray(0, body.length / 2))
      await sleep(20)
      response.destroy()
      return good.status
    case 'trickle':
      response.writeHead(good.status, { ...good.headers, 'Content-Length': body.length })
      for (let at = 0; at < body.length && !response.destroyed; at++) {
        response.write(body.subarray(at, at + 1))
        await sleep(50)
      }
      response.end()
      return good.status
    case 'garbage':
      send(response, { status: 200, headers: type, body: '{"resultCode":"MKT.0000","orderInfo":{"orderId":' })
      return 200
    case 'empty':
      send(response, { status: 200, headers: type, body: '' })
      return 200
    case 'html':
      send(response, { status: 502, headers: { 'Content-Type': 'text/html' }, body: '<h1>502 Bad Gateway</h1>' })
      return 502
    case 'wrong-content-type':
      send(response, { ...good, headers: { 'Content-Type': 'text/plain' } })
      return good.status
    case 'huge':
      send(response, { status: 200, headers: type, body: `{"resultMsg":"${'x'.repeat(8 * 1024 * 1024)}"}` })
      return 200
    case 'redirect':
      send(response, { status: 302, headers: { Location: 'https://sandbox.invalid/elsewhere' }, body: '' })
      return 302
  }
}
