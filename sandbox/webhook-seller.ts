import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { z } from 'zod'
import { type Answer, json, listenOn, parseJson, readBody, send } from './server'

const modes = ['ok', 'later', 'refuse', 'error', 'slow', 'garbage'] as const
/**
 * How the seller's software answers `instance.requested` and `license.requested`: at once; 202 and the app info later by PATCH; out of stock
 * (000100); HTTP 500; right, but after `slowMs`; something that is no answer.
 */
export type SellerMode = (typeof modes)[number]

export type ReceivedWebhook = {
  at: Date
  id: string | null
  /** Whether the Standard Webhooks signature was right. */
  verified: boolean
  type: string | null
  instanceId: string | null
  orderId: string | null
  body: string
}

export type WebhookSeller = {
  url: string
  setMode(mode: SellerMode): void
  /** Oldest first, at most the last thousand. */
  received(): ReceivedWebhook[]
  stop(): Promise<void>
}

export type WebhookSellerOptions = {
  port?: number
  secret: string
  mode?: SellerMode
  /** Overrides the mode for single orders. */
  modeFor?: (orderId: string | null) => SellerMode | undefined
  /** Where a `later` answer is finished, and with which API token. */
  desk?: { url: string; apiToken: string }
  laterMs?: number
  slowMs?: number
  /** Takes a signature of any age; for a past that is played again. */
  anyAge?: boolean
}

const eventSchema = z.looseObject({
  type: z.string(),
  data: z.looseObject({
    instance: z.looseObject({ instanceId: z.string(), orderId: z.string().nullish() }).optional(),
    license: z.looseObject({ id: z.string(), orderId: z.string().nullish() }).optional(),
    order: z.looseObject({ orderId: z.string() }).nullish(),
  }),
})

/** A stand-in for the seller's own software. `POST /mode {"mode": "…"}` switches it from outside. */
export async function startWebhookSeller(options: WebhookSellerOptions): Promise<WebhookSeller> {
  const { secret, modeFor, desk, laterMs = 2000, slowMs = 8000 } = options
  const webhook = new Webhook(secret)
  const stopping = new AbortController()
  const received: ReceivedWebhook[] = []
  let mode = options.mode ?? 'ok'

  const appInfo = (instanceId: string) => ({
    frontEndUrl: `https://mail.example.com/${instanceId}`,
    adminUrl: 'https://mail.example.com/admin',
    userName: `postmaster@${instanceId.slice(0, 8)}.example.com`,
    password: `Km-${instanceId.slice(-8)}-9`,
    memo: '请先完成域名解析',
  })

  const licenseText = (id: string) => `LIC-${Buffer.from(id).toString('base64url').toUpperCase().slice(0, 40)}`

  function signatureFits(request: IncomingMessage, body: string): boolean {
    const headers = request.headers as Record<string, string>
    if (options.anyAge) {
      const signedAt = new Date(Number(headers['webhook-timestamp']) * 1000)
      return webhook.sign(headers['webhook-id'] ?? '', signedAt, body) === headers['webhook-signature']
    }
    try {
      webhook.verify(body, headers)
      return true
    } catch {
      return false
    }
  }

  async function finishLater(id: string, isLicense: boolean) {
    await sleep(laterMs, undefined, { signal: stopping.signal })
    const path = isLicense ? `licenses/${id}/issue` : `instances/${encodeURIComponent(id)}`
    await fetch(`${desk?.url}/api/v1/${path}`, {
      method: isLicense ? 'POST' : 'PATCH',
      headers: { Authorization: `Bearer ${desk?.apiToken}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(isLicense ? { license: licenseText(id) } : { appInfo: appInfo(id) }),
      signal: stopping.signal,
    })
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const body = await readBody(request)
    if (request.url === '/mode') {
      const asked = z.strictObject({ mode: z.enum(modes) }).safeParse(parseJson(body))
      if (!asked.success) return json(400, { error: z.prettifyError(asked.error) })
      mode = asked.data.mode
      return json(200, { mode })
    }
    const entry: ReceivedWebhook = {
      at: new Date(),
      id: request.headers['webhook-id']?.toString() ?? null,
      verified: false,
      type: null,
      instanceId: null,
      orderId: null,
      body,
    }
    received.push(entry)
    if (received.length > 1000) received.shift()
    entry.verified = signatureFits(request, body)
    if (!entry.verified) return json(401, { error: 'the webhook signature does not fit' })
    const event = eventSchema.safeParse(parseJson(body))
    if (!event.success) return json(400, { error: z.prettifyError(event.error) })
    const { instance, license, order } = event.data.data
    const id = instance?.instanceId ?? license?.id ?? ''
    entry.type = event.data.type
    entry.instanceId = instance?.instanceId ?? null
    entry.orderId = order?.orderId ?? instance?.orderId ?? license?.orderId ?? null
    if (!event.data.type.endsWith('.requested')) return json(200, {})
    const done = json(200, license ? { license: licenseText(id) } : { appInfo: appInfo(id) })
    switch (modeFor?.(entry.orderId) ?? mode) {
      case 'ok':
        return done
      case 'later':
        // A desk that is away misses it, as it would with real software; staff then see the instance waiting.
        if (desk) finishLater(id, Boolean(license)).catch(() => {})
        return json(202, {})
      case 'refuse':
        return json(200, { resultCode: '000100', resultMsg: '邮箱资源池已满' })
      case 'error':
        return json(500, { error: 'the mail cluster does not answer' })
      case 'slow':
        await sleep(slowMs, undefined, { signal: stopping.signal })
        return done
      case 'garbage':
        return { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>It works!</html>' }
    }
  }

  const server = await listenOn(options.port ?? 0, (request, response) => {
    answer(request).then(
      (given) => send(response, given),
      () => response.destroy(),
    )
  })
  return {
    url: server.url,
    setMode(next) {
      mode = next
    },
    received: () => [...received],
    stop() {
      stopping.abort()
      return server.stop()
    },
  }
}
